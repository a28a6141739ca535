"""What the graph holds of an entity, and what the run answers, as plain values to show."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from mygo_cli.explore.verdicts import Fact, Verdict
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Array
from mygo_cli.runs.answers import Answer

Content = dict[str, Any]  # what a page shows, and JSON says
MARGIN, PICTURES_ON_MAP = 20, 600
OTHER = 3  # the colour of kinds that have none of their own


@dataclass(frozen=True)
class Named:
    """An entity in a list: its id, display name and kind, and the address of its picture."""

    id: str
    name: str
    kind: str
    picture: str | None


@dataclass(frozen=True)
class KnownFact:
    """Who else is in a known fact, and the split that holds it."""

    id: str
    name: str
    split: str


def picture_address(entity: str, number: int | None = None) -> str:
    """Return where a picture of an entity is served: small the first one, large one by number."""
    about = {"entity": entity} if number is None else {"entity": entity, "number": str(number)}
    return f"/picture?{urlencode(about)}"


def named(graph: KnowledgeGraph, row: int) -> Named:
    """Return an entity as a list shows it."""
    entity = graph.entities[row]
    picture = picture_address(entity) if graph.pictures()[row] else None
    return Named(entity, graph.names[row], graph.kinds[row], picture)


def entity_content(graph: KnowledgeGraph, row: int) -> Content:
    """Return all that the graph holds of an entity: pictures, text, and facts by relation."""
    entity = graph.entities[row]
    return {
        **asdict(named(graph, row)),
        "text": graph.descriptions()[row],
        "pictures": [picture_address(entity, each) for each in range(len(graph.pictures()[row]))],
        "facts": known_facts(graph, row),
    }


def known_facts(graph: KnowledgeGraph, row: int) -> list[Content]:
    """Return the facts of an entity in groups, the largest first.

    A group is a relation and the side that the others are on: its question has the group's
    members as known answers.
    """
    every = graph.all_triples()
    groups: dict[tuple[int, str], list[KnownFact]] = {}
    for asked, own, other in (("tail", 0, 2), ("head", 2, 0)):
        facts = every[every[:, own] == row]
        # Looked up together: each look goes through the whole graph.
        splits = graph.splits_of(facts)
        for fact, split in zip(facts.tolist(), splits, strict=True):
            member = KnownFact(graph.entities[fact[other]], graph.names[fact[other]], split)
            groups.setdefault((fact[1], asked), []).append(member)
    shown: list[Content] = [
        {"relation": graph.relations[relation], "asked": asked, "facts": members}
        for (relation, asked), members in groups.items()
    ]
    return sorted(shown, key=lambda group: -len(group["facts"]))


def answer_content(graph: KnowledgeGraph, answer: Answer, verdict: Verdict | None) -> Content:
    """Return an answer with its picture, its verdict, and where it is explained."""
    row = graph.entity_row[answer.entity]
    about = {
        "head": answer.head,
        "relation": answer.relation,
        "tail": answer.tail,
        "ask": answer.asked,
    }
    return {
        **vars(answer),
        **asdict(named(graph, row)),
        "verdict": verdict,
        "explain": f"/explain?{urlencode(about)}",
    }


def fact_of(answer: Answer) -> Fact:
    """Return the whole fact that an answer makes."""
    return answer.head, answer.relation, answer.tail


def map_content(graph: KnowledgeGraph, rows: list[int], places: Array) -> Content:
    """Return where the entities of these rows lie on a map of 1000 by 1000, and their kinds.

    Only so many have their pictures there as a browser draws at once; the others are dots, in
    colours of their own those of the two most frequent kinds.
    """
    kinds = Counter(graph.kinds[row] for row in rows if graph.kinds[row])
    colours = {kind: place for place, (kind, _) in enumerate(kinds.most_common(2), 1)}
    shown = []
    for place, row in enumerate(rows):
        x, y = (round(MARGIN + (1000 - 2 * MARGIN) * float(each), 1) for each in places[row])
        entity = asdict(named(graph, row))
        picture = entity["picture"] if place < PICTURES_ON_MAP else None
        colour = colours.get(entity["kind"], OTHER)
        shown.append({**entity, "picture": picture, "x": x, "y": y, "colour": colour})
    return {"places": shown, "kinds": colours | ({"other kinds": OTHER} if colours else {})}
