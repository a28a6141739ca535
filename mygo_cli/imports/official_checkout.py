"""A checkout of the MyGO authors' repository: which files hold a dataset, and what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mygo_cli.cache.finding import IMAGE, TEXT
from mygo_cli.errors import DataError, UsageError, suggest
from mygo_cli.graph.files import SPLITS, Split
from mygo_cli.graph.rows import TRIPLES, read_rows, stop
from mygo_cli.graph.text_files import FileFault
from mygo_cli.imports.dataset_folder import Dataset, Fact
from mygo_cli.imports.name_lists import read_names, read_numbered_names, refuse_shared
from mygo_cli.imports.token_cache import rows_of_keys
from mygo_cli.imports.token_json import TokenFile, read_token_json

# DB15K's texts were tokenized twice; the second file is the one that is used.
TOKEN_FILES = {IMAGE: ("-visual",), TEXT: ("-textual-v2", "-textual")}
CODEBOOKS = {IMAGE: "visual.pth", TEXT: "textual.pth"}
PICTURE_TOKENS = 14 * 14  # patches of a picture, whose ids stand one behind the other


@dataclass(frozen=True)
class Checkout:
    """The files of one dataset in a checkout."""

    folder: Path
    dataset: str

    @property
    def data(self) -> Path:
        """The folder with entities, relations and triples."""
        return self.folder / "data" / self.dataset

    def codebook(self, modality: str) -> Path:
        """The token embeddings of a modality; they may be missing."""
        return self.folder / "tokens" / CODEBOOKS[modality]

    def token_file(self, modality: str) -> Path:
        """Return the token file of a modality, plain or zipped; raise `DataError` without one."""
        plain = [f"{self.dataset}{ending}.json" for ending in TOKEN_FILES[modality]]
        names = [name + packed for name in plain for packed in ("", ".zip")]
        for name in names:
            if (self.folder / "tokens" / name).is_file():
                return self.folder / "tokens" / name
        raise DataError(
            f"{self.folder / 'tokens' / names[0]}: no such file, nor {' or '.join(names[1:])}.",
            f"Copy it there, or leave it out with --no-{modality}.",
        )

    def checkpoints(self) -> list[Path]:
        """Return the checkpoints below `ckpt/`, those of the dataset first."""
        found = sorted((self.folder / "ckpt").rglob("*.ckpt"))
        return sorted(found, key=lambda path: self.dataset not in path.parts)


def find_checkout(folder: Path, dataset: str) -> Checkout:
    """Return the files of a dataset; raise `UsageError` where the folder has no such dataset."""
    if not (folder / "data").is_dir():
        raise UsageError(
            f"{folder} has no folder data/.", "Name a checkout of the MyGO authors' repository."
        )
    checkout = Checkout(folder, dataset)
    if not dataset or not checkout.data.is_dir():
        there = sorted(path.name for path in (folder / "data").iterdir() if path.is_dir())
        raise UsageError(f"{checkout.data}: no such dataset.", suggest(dataset, there))
    return checkout


def read_dataset(checkout: Checkout) -> Dataset:
    """Return entities, names and triples, in the order that the authors' models number them by."""
    entities = _entities(checkout)
    listed = checkout.data / "relations.txt"
    relations = read_names(listed) if listed.is_file() else None
    facts: dict[Split, Sequence[Fact]] = {}
    for split in SPLITS:
        path = checkout.data / f"{split}.txt"
        if path.is_file() or split == "train":
            facts[split] = _facts(path, entities, relations)
    return Dataset(entities, _names(checkout, entities), facts)


def _facts(path: Path, entities: list[str], relations: list[str] | None) -> list[Fact]:
    """Return the triples of a file as they stand there, repeats included."""
    known_entities, known_relations = set(entities), set(relations or ())
    found: list[Fact] = []
    for line, (head, relation, tail) in read_rows(path, TRIPLES, stop):
        for entity in (head, tail):
            if entity not in known_entities:
                raise _not_listed(path, line, f"the entity {entity}", "entities.txt")
        if relations is not None and relation not in known_relations:
            raise _not_listed(path, line, f"the relation {relation}", "relations.txt")
        found.append((head, relation, tail))
    return found


def _not_listed(path: Path, line: int, what: str, list_name: str) -> FileFault:
    return FileFault(path, line, f"{what} is not in {list_name}.", "Copy both files again.")


def _numbered_names(checkout: Checkout) -> list[str] | None:
    path = checkout.data / "entity2id.txt"
    return refuse_shared(read_numbered_names(path), path) if path.is_file() else None


def _entities(checkout: Checkout) -> list[str]:
    """Return the entity ids by row."""
    path = checkout.data / "entities.txt"
    if not path.is_file() and (names := _numbered_names(checkout)):
        return [str(number) for number in range(len(names))]
    return read_names(path)


def _names(checkout: Checkout, entities: list[str]) -> list[str]:
    """Return the display names: MKG-W and MKG-Y have them beside their numbers."""
    names = _numbered_names(checkout)
    if names is None:
        return entities
    if len(names) != len(entities):
        raise DataError(
            f"{checkout.data / 'entity2id.txt'} lists {len(names):,} entities, entities.txt "
            f"{len(entities):,}.",
            "Copy both files again.",
        )
    return names


def read_tokens(
    checkout: Checkout, modality: str, dataset: Dataset
) -> tuple[TokenFile, dict[str, int]]:
    """Return the token file of a modality, and the entity row of each of its keys.

    DB15K's keys are entity ids, those of MKG-W and MKG-Y the names of entity2id.txt.
    """
    tokens = read_token_json(checkout.token_file(modality))
    by_id = {entity: row for row, entity in enumerate(dataset.entities)}
    by_name = {name: row for row, name in enumerate(dataset.names)}
    by_id_most = sum(key in by_id for key in tokens.sequences)
    known = by_id if by_id_most >= sum(key in by_name for key in tokens.sequences) else by_name
    listed = "entities.txt" if known == by_id else "entity2id.txt"
    rows = rows_of_keys(
        tokens,
        known,
        f"in {checkout.data / listed}",
        f"Is the file one of {checkout.dataset}?",
    )
    return (by_picture(tokens) if modality == IMAGE else tokens), rows


def by_picture(tokens: TokenFile) -> TokenFile:
    """Return the same tokens cut into pictures, if every entity has whole pictures of them."""
    sequences = tokens.sequences
    if any(len(part) % PICTURE_TOKENS for parts in sequences.values() for part in parts):
        return tokens
    return TokenFile(
        tokens.path,
        {
            key: [
                part[start : start + PICTURE_TOKENS]
                for part in parts
                for start in range(0, len(part), PICTURE_TOKENS)
            ]
            for key, parts in sequences.items()
        },
    )
