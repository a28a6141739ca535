"""Folders as KG-BERT and MKGformer have them: splits, and texts of entities and relations."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from mygo_cli.errors import DataError
from mygo_cli.graph.files import Split
from mygo_cli.graph.rows import TRIPLES, read_rows, stop
from mygo_cli.graph.text_files import FileFault
from mygo_cli.imports.dataset_folder import Dataset, Fact
from mygo_cli.imports.name_lists import read_lines

log = logging.getLogger(__name__)

NAMES, TEXTS, RELATIONS = "entity2text.txt", "entity2textlong.txt", "relation2text.txt"
ENTITIES = "entities.txt"
SPLIT_FILES: dict[Split, str] = {"train": "train.tsv", "valid": "dev.tsv", "test": "test.tsv"}


def read_kg_bert(folder: Path) -> Dataset:
    """Return the graph of a folder with `train.tsv` and `entity2text.txt`.

    The short texts are display names, the long ones descriptions; without long ones the short ones
    are both. A relation goes by its text where no other has the same. Entities stand in the order
    of `entities.txt`, else of the texts. Raises `DataError` for a folder of another kind.
    """
    if not (folder / SPLIT_FILES["train"]).is_file():
        raise DataError(
            f"{folder}: no {SPLIT_FILES['train']}.",
            f"A folder of KG-BERT has train.tsv, dev.tsv, test.tsv, {NAMES} and {RELATIONS}.",
        )
    raw = {split: _facts(folder / name) for split, name in SPLIT_FILES.items()}
    names, long = _texts(folder / NAMES), _texts(folder / TEXTS)
    relations = _relation_names(_texts(folder / RELATIONS), raw)
    listed = [text for _, text in _lines(folder / ENTITIES)] or [*names, *long]
    used = [side for facts in raw.values() for fact in facts for side in (fact[0], fact[2])]
    known = set(used)
    without = len(set(listed) - known)
    if without:
        log.info(f"Entities that no fact is about are left out: {without:,}.")
    entities = [entity for entity in dict.fromkeys([*listed, *used]) if entity in known]
    texts = long or names
    return Dataset(
        entities,
        [names.get(entity, entity) for entity in entities],
        {split: [(h, relations.get(r, r), t) for h, r, t in facts] for split, facts in raw.items()},
        {entity: [texts[entity]] for entity in entities if entity in texts},
    )


def _facts(path: Path) -> list[Fact]:
    """Return the triples of a split, none where there is no such file."""
    if not path.is_file():
        return []
    return [(cells[0], cells[1], cells[2]) for _, cells in read_rows(path, TRIPLES, stop)]


def _lines(path: Path, keep_tabs: bool = False) -> list[tuple[int, str]]:
    return list(read_lines(path, keep_tabs)) if path.is_file() else []


def _texts(path: Path) -> dict[str, str]:
    """Return the text of each name in a file, with single blanks; none without the file."""
    found: dict[str, str] = {}
    for line, text in _lines(path, keep_tabs=True):
        name, tab, said = text.partition("\t")
        if not tab:
            raise FileFault(path, line, "not a name and a text.", "Put a tab between them.")
        if said := " ".join(said.split()):
            found.setdefault(name.strip(), said)
    return found


def _relation_names(texts: Mapping[str, str], raw: Mapping[Split, list[Fact]]) -> dict[str, str]:
    """Return what the relations of the facts are called, but for texts that several share."""
    used = {fact[1] for facts in raw.values() for fact in facts}
    count = Counter(text for name, text in texts.items() if name in used)
    return {
        name: text
        for name, text in texts.items()
        if name in used and count[text] == 1 and text not in used - {name}
    }
