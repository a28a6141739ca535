"""Names of tables that differ only in Unicode form, blanks or capitals, taken for one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from mygo_cli.graph.looks import alike, loose_look
from mygo_cli.imports.table_graph import Gathered


def unify(found: Gathered) -> Gathered:
    """Return the same with each entity and each relation under one name, the one used most often.

    Facts that are then there already count once; names, texts and pictures of an entity come
    together under its name, the display name of the first stays. What was another counts as left
    out.
    """
    ends = Counter(end for head, _, tail in found.facts for end in (head, tail))
    entity = _one_name(found.entities, ends)
    relations = Counter(relation for _, relation, _ in found.facts)
    relation = _one_name(relations, relations)
    united = Gathered(left_out=found.left_out)
    for renamed in (entity, relation):
        for other, name in renamed.items():
            if other != name:
                united.left_out.add("another spelling of a name", f"{other}, now {name}")
    united.entities.update((entity[name], None) for name in found.entities)
    for head, between, tail in found.facts:
        fact = (entity[head], relation[between], entity[tail])
        if fact in united.facts:
            united.left_out.add("fact that is there already", ", ".join(fact))
        united.facts[fact] = None
    _bring_together(found, united, entity)
    return united


def _bring_together(found: Gathered, united: Gathered, entity: Mapping[str, str]) -> None:
    """Add all but the facts of `found`, each under the one name of its `entity`."""
    for name, shown in found.names.items():
        united.names.setdefault(entity[name], shown)
    for name, texts in found.texts.items():
        kept = united.texts.setdefault(entity[name], [])
        kept.extend(text for text in texts if text not in kept)
    for name, files in found.pictures.items():
        united.pictures.setdefault(entity[name], []).extend(files)
    for name, keys in found.keys.items():
        united.keys.setdefault(entity[name], []).extend(keys)
    for other, name in entity.items():
        if other != name:  # pictures may be called after it
            united.keys.setdefault(name, []).append(other)


def _one_name(names: Iterable[str], uses: Mapping[str, int]) -> dict[str, str]:
    """Return the name that each is to have: of those alike the most used, of equals the first."""
    names = list(names)
    chosen = {name: name for name in names}
    for group in alike(names, loose_look):
        best = max(group, key=lambda name: uses.get(name, 0))
        chosen.update(dict.fromkeys(group, best))
    return chosen
