"""The JSON addresses as an OpenAPI document: what each takes and answers, with examples."""

from __future__ import annotations

from dataclasses import fields
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from mygo_cli import __version__
from mygo_cli.explore.explorer import MOST_ANSWERS, MOST_FOUND, Explorer
from mygo_cli.explore.shown import Content, KnownFact, Named
from mygo_cli.explore.verdicts import VERDICTS
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.runs.answers import Answer
from mygo_cli.runs.explained import Loss
from mygo_cli.runs.explained_beside import Near, Rival
from mygo_cli.runs.unseen import UnseenAnswer

Schema = dict[str, Any]
TEXT, COUNT, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
SIDE: Schema = {"type": "string", "enum": ["head", "tail"]}
VERDICT: Schema = {"type": "string", "enum": list(VERDICTS)}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def object_of(**properties: Schema) -> Schema:
    """Return the schema of an object that has all of these."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def list_of(item: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": item}


def ref(name: str) -> Schema:
    """Return a schema that is one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def fields_of(kind: type) -> dict[str, Schema]:
    """Return the schema of each field of a dataclass of plain values."""
    hints = get_type_hints(kind)
    return {each.name: _plain(hints[each.name]) for each in fields(kind)}


def _plain(hint: Any) -> Schema:
    if get_origin(hint) is Literal:
        return {"type": "string", "enum": list(get_args(hint))}
    kinds = get_args(hint) or (hint,)
    names = ["null" if kind is NoneType else TYPES[kind] for kind in kinds]
    return {"type": names if len(names) > 1 else names[0]}


FACT = {"head": TEXT, "relation": TEXT, "tail": TEXT}
SCHEMAS: dict[str, Schema] = {
    "Entity": object_of(**fields_of(Named)),
    "KnownFact": object_of(**fields_of(KnownFact)),
    "Answer": object_of(
        **(fields_of(Answer) | fields_of(Named)),
        verdict={"type": ["string", "null"], "enum": [*VERDICTS, None]},
        explain=TEXT,
    ),
    "UnseenAnswer": object_of(**(fields_of(UnseenAnswer) | fields_of(Named))),
    "Change": object_of(**fields_of(Loss)),
    "Rival": object_of(**fields_of(Rival)),
    "Near": object_of(**fields_of(Near)),
    "Verdict": object_of(**FACT, verdict=VERDICT),
    "Mistake": object_of(error=TEXT, way_out=TEXT),
}


def document(explorer: Explorer, here: str) -> Content:
    """Return the OpenAPI 3.1 document of what answers at `here`, such as http://127.0.0.1:8765.

    Its examples are of the explorer's graph, and work as they stand.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"mygo explore, graph {explorer.graph.name}",
            "version": __version__,
            "description": f"Answers of the run {explorer.run.name}. Names are ids or display "
            "names. A mistake is 404 for an unknown name, 400 for another one in a question.",
        },
        "servers": [{"url": here}],
        "security": [{}, {"token": []}],
        "paths": _paths(explorer.graph, here),
        "components": {
            "schemas": SCHEMAS,
            "responses": {"Mistake": _answer("What is wrong, and the way out.", ref("Mistake"))},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths(graph: KnowledgeGraph, here: str) -> Content:
    head, relation, tail, new = _examples(graph)
    relations = _asked("relation", TEXT, relation, "Of the fact; an id.")
    known = object_of(relation=TEXT, asked=SIDE, facts=list_of(ref("KnownFact")))
    place = object_of(**fields_of(Named), x=NUMBER, y=NUMBER, colour=COUNT)
    origin = _asked("Origin", TEXT, here, "As pages from here send it.", place="header")
    form = object_of(text=TEXT, relation=TEXT, asked=SIDE)
    form["properties"]["picture"] = {"type": "string", "format": "binary"}
    form["required"] = ["relation"]
    verdict = {"head": head, "relation": relation, "tail": new, "verdict": "accept"}
    described = {"text": "A small island.", "relation": relation, "asked": "tail"}
    return {
        "/api/run": {
            "get": _operation(
                "The run, its graph, and entities to begin with.",
                object_of(
                    run=TEXT, graph=TEXT, entities=COUNT, relations=list_of(TEXT),
                    selected_by=TEXT, begin=list_of(ref("Entity")),
                ),
            )
        },
        "/api/search": {
            "get": _operation(
                "Entities that fit what was typed, best first.",
                object_of(q=TEXT, found=list_of(ref("Entity"))),
                _asked("q", TEXT, head[:3], "The beginning or a part of an id or display name."),
                _maybe("limit", COUNT, 10, f"How many at most, up to {MOST_FOUND}."),
            )
        },
        "/api/entity/{id}": {
            "get": _operation(
                "Pictures, text and known facts of an entity.",
                object_of(
                    **fields_of(Named),
                    text=MAYBE_TEXT, pictures=list_of(TEXT), facts=list_of(known),
                ),
                _asked("id", TEXT, head, "A / in it stays or is %2F.", place="path"),
            )
        },
        "/api/rank": {
            "get": _operation(
                "Ranked answers; a tail in place of the head asks for heads.",
                object_of(
                    title=TEXT, entity=ref("Entity"), relation=TEXT, asked=SIDE, top=COUNT,
                    known={"type": "string", "enum": ["hide", "mark"]},
                    answers=list_of(ref("Answer")),
                ),
                _maybe("head", TEXT, head, "Asks for tails."),
                relations,
                _maybe("tail", TEXT, None, "Asks for heads."),
                _maybe("top", COUNT, 5, f"How many, up to {MOST_ANSWERS}."),
                _maybe("known", {"type": "string", "enum": ["mark", "hide"]}, "hide",
                       "hide leaves out facts that the graph holds, mark says that they are."),
            )
        },
        "/api/explain": {
            "get": _operation(
                "What an answer rests on: its score without each token, and what is near it.",
                object_of(
                    answer=TEXT, score=NUMBER, rank=COUNT, changes=list_of(ref("Change")),
                    answers=list_of(ref("Rival")), nearest=list_of(ref("Near")),
                ),
                _maybe("head", TEXT, head, "Missing where the best head is explained."),
                relations,
                _maybe("tail", TEXT, tail, "Missing where the best tail is explained."),
                _maybe("ask", SIDE, "tail", "The side that answers."),
            )
        },
        "/api/map": {
            "get": _operation(
                "Where the entities lie on a map of 1000 by 1000.",
                object_of(
                    places=list_of(place),
                    kinds={"type": "object", "additionalProperties": COUNT},
                ),
            )
        },
        "/api/unseen": {
            "post": _operation(
                "Answers about an entity that the graph has not, by a picture, a text or both.",
                object_of(
                    title=TEXT, relation=TEXT, asked=SIDE, text=TEXT, picture=MAYBE_TEXT,
                    answers=list_of(ref("UnseenAnswer")),
                ),
                origin,
                body=("multipart/form-data", form, described),
            )
        },
        "/api/verdicts": {
            "get": _operation(
                "Every fact that was judged, with its last verdict.",
                object_of(file=TEXT, verdicts=list_of(ref("Verdict"))),
            ),
            "post": _operation(
                "Accept or reject a fact that the graph does not hold.",
                ref("Verdict"),
                origin,
                body=("application/json", ref("Verdict"), verdict),
            ),
        },
    }  # fmt: skip


def _examples(graph: KnowledgeGraph) -> tuple[str, str, str, str]:
    """Return head, relation and tail of a fact, and a tail that makes a new one, if there is."""
    head, relation, tail = graph.train[0].tolist()
    facts = graph.all_triples()
    known = set(facts[(facts[:, 0] == head) & (facts[:, 1] == relation)][:, 2].tolist())
    new = next((row for row in range(len(graph.entities)) if row not in known), tail)
    names = graph.entities
    return names[head], graph.relations[relation], names[tail], names[new]


def _asked(name: str, schema: Schema, example: object, told: str, place: str = "query") -> Schema:
    """Return a parameter that must be given."""
    given = {"name": name, "in": place, "required": True, "schema": schema}
    return {**given, "description": told, "example": example}


def _maybe(name: str, schema: Schema, example: object, told: str) -> Schema:
    """Return a parameter of a query that may be given; the example leaves out one of None."""
    given = {"name": name, "in": "query", "schema": schema, "description": told}
    return given if example is None else {**given, "example": example}


def _operation(
    summary: str,
    answer: Schema,
    *parameters: Schema,
    body: tuple[str, Schema, Content] | None = None,
) -> Schema:
    """Return what a method of an address does; a body has its kind, schema and an example."""
    made: Schema = {
        "summary": summary,
        "parameters": list(parameters),
        "responses": {
            "200": _answer("The answer.", answer),
            "default": {"$ref": "#/components/responses/Mistake"},
        },
    }
    if body is not None:
        kind, schema, example = body
        content = {kind: {"schema": schema, "example": example}}
        made["requestBody"] = {"required": True, "content": content}
    return made


def _answer(told: str, schema: Schema) -> Schema:
    return {"description": told, "content": {"application/json": {"schema": schema}}}
