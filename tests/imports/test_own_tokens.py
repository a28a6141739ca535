"""Token files of one's own become token caches of a graph."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mygo_cli import files
from mygo_cli.cache.finding import newest_cache, out_of_date
from mygo_cli.cache.format import TokenCache
from mygo_cli.cache.verifying import find_faults
from mygo_cli.errors import DataError, MygoError
from mygo_cli.experiments.plan import data_sha256
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.reading import read_graph
from mygo_cli.imports.codebook import read_codebook
from mygo_cli.imports.own_tokens import OwnTokens, import_tokens
from mygo_cli.settings.fields import from_dict
from mygo_cli.settings.sections import Settings
from mygo_cli.tokens.kept import kept_tokens
from mygo_cli.tokens.table import load_tokens

CODEBOOK = np.arange(40, dtype=np.float32).reshape(10, 4)


@pytest.fixture
def graph(tmp_path: Path) -> KnowledgeGraph:
    folder = tmp_path / "graph"
    folder.mkdir()
    (folder / "train.txt").write_text("a\tr\tb\nb\tr\tc d\nc d\tr\te\ne\tr\tf\n")
    (folder / "entities.tsv").write_text("a\tAnna\nb\tBert\nc d\tBert\ne\tEva\nf\ta\n")
    return read_graph(folder)


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """Return a function that writes a token file and imports it."""
    np.save(tmp_path / "codebook.npy", CODEBOOK)

    def run(graph: KnowledgeGraph, content: Any, modality: str = "image", **own: Any) -> TokenCache:
        path = tmp_path / "tokens.json"
        path.write_text(json.dumps(content))
        tokens = OwnTokens(path, tmp_path / "codebook.npy", modality, **own)
        return TokenCache.open(import_tokens(graph, tokens, tmp_path / "caches").path)

    return run


def test_pictures(graph: KnowledgeGraph, write: Any, tmp_path: Path) -> None:
    cache = write(graph, {"c d": [[1, 2], [3]], "a": [5, 5, 4], "e": [], "f": [[], [9]]})
    items = cache.items()
    assert items.keys == ["a/1", "c d/1", "c d/2", "f/1"]
    assert items.entity.tolist() == [0, 2, 2, 4]
    assert items.length.tolist() == [3, 2, 1, 1]
    assert items.tokens[0].tolist() == [5, 5, 4]
    assert cache.complete
    assert find_faults(cache.path, graph) == []
    assert newest_cache(tmp_path / "caches", graph, "image") == cache.path
    np.testing.assert_array_equal(cache.codebook(), CODEBOOK)


def test_texts_are_one_sequence(graph: KnowledgeGraph, write: Any) -> None:
    cache = write(graph, {"a": [[1, 2], [3]], "b": [7]}, "text")
    assert cache.items().keys == ["text", "text"]
    assert cache.items().tokens[0].tolist() == [1, 2, 3]
    assert find_faults(cache.path, graph) == []


def test_media_that_change_do_not_matter(graph: KnowledgeGraph, write: Any) -> None:
    cache = write(graph, {"a": [1]}, "text")
    (graph.folder / "descriptions.tsv").write_text("a\tanother\n")
    assert out_of_date(cache, read_graph(graph.folder)) == ""


def test_selection_with_dropped_ids(graph: KnowledgeGraph, write: Any) -> None:
    cache = write(graph, {"a": [1, 1, 2, 2, 2, 3]}, drop_ids=(2,))
    table = load_tokens(cache.path, graph, 2)
    assert table.vocabulary[table.ids[0]].tolist() == [1, 3]


def test_what_is_kept_of_the_first_pictures_alone(graph: KnowledgeGraph, write: Any) -> None:
    cache = write(graph, {"a": [[], [1, 1, 2], [3, 3, 3]], "b": [[1, 2]]})
    for select_by in ("frequency", "tfidf"):
        for most in (1, 2, None):
            table = load_tokens(cache.path, graph, 1, most, select_by=select_by)
            (kept,) = kept_tokens(cache, 0, 1, select_by, most).kept
            assert kept.token == table.vocabulary[table.ids[0, 0]]
    assert [kept_tokens(cache, 0, 1, max_images=n).kept[0].token for n in (1, 2)] == [1, 3]


def test_other_dropped_ids_are_other_tokens_to_an_experiment(
    graph: KnowledgeGraph, write: Any
) -> None:
    seen = set()
    for drop in ((), (2,), (3,)):
        cache = write(graph, {"a": [1, 1, 2, 2, 2, 3]}, drop_ids=drop)
        chosen = {"tokens": {"image": {"cache": str(cache.path)}, "text": {"use": False}}}
        seen.add(data_sha256(graph, from_dict(Settings, chosen, "test")))
    assert len(seen) == 3


def test_display_names_are_keys_where_no_id_is(graph: KnowledgeGraph, write: Any) -> None:
    cache = write(graph, {"Anna": [1], "Eva": [2], "f": [3]})
    assert cache.items().entity.tolist() == [0, 3, 4]


@pytest.mark.parametrize("skip_unknown", [False, True])
def test_a_name_of_two_is_nobodys_key(
    graph: KnowledgeGraph, write: Any, skip_unknown: bool
) -> None:
    with pytest.raises(
        DataError, match=r"Bert is the name of 2 .*Take their ids as keys: b, c d\."
    ):
        write(graph, {"Bert": [1], "nobody": [2]}, skip_unknown=skip_unknown)


def test_the_same_file_again_and_another_one(
    graph: KnowledgeGraph, write: Any, caplog: pytest.LogCaptureFixture
) -> None:
    first = write(graph, {"a": [1]})
    stamp = first.path.stat().st_ino
    assert write(graph, {"a": [1]}).path.stat().st_ino == stamp
    assert caplog.text == ""
    assert write(graph, {"a": [2]}).items().tokens[0].tolist() == [2]
    assert "is made anew" in caplog.text


def test_the_cache_of_another_graph_is_kept(
    graph: KnowledgeGraph, write: Any, tmp_path: Path
) -> None:
    content = write(graph, {"a": [1]}).path.read_bytes()
    other = tmp_path / "other" / graph.name
    other.mkdir(parents=True)
    (other / "train.txt").write_text("a\tr\tx\n")
    with pytest.raises(
        DataError, match=r"another graph graph\. Name another .*--cache-dir"
    ) as caught:
        write(read_graph(other), {"a": [1]})
    path = next((tmp_path / "caches").glob("graph/image-imported-*.h5"))
    assert str(caught.value).startswith(str(path))
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("content", "own", "message"),
    [
        ({"a": [1], "g": [2]}, {}, r"the key g is not an entity of .*Mend it, or add --skip-unk"),
        ({"Bert": [1]}, {}, r"the key Bert is the name of 2 entities"),  # two are called so
        ({"a": [1], "Anna": [2]}, {}, r"two keys mean a, Anna is one of them"),
        ({"a": [1, 10]}, {}, r"a: the token id 10 is outside the codebook, which has 10 rows"),
        ({"a": []}, {}, r"holds no tokens"),
        ({"g": [1]}, {"skip_unknown": True}, r"holds no tokens"),
        ({"a": [1]}, {"drop_ids": (10,)}, r"--drop-id 10 is outside the codebook"),
    ],
)
def test_mistakes(
    graph: KnowledgeGraph, write: Any, content: Any, own: dict[str, Any], message: str
) -> None:
    with pytest.raises(MygoError, match=message) as caught:
        write(graph, content, **own)
    assert "\n" not in str(caught.value)


def test_unknown_keys_left_out(
    graph: KnowledgeGraph, write: Any, caplog: pytest.LogCaptureFixture
) -> None:
    cache = write(graph, {"a": [1], "g": [99], "h": [2]}, skip_unknown=True)
    assert len(cache.items().keys) == 1
    assert "2 keys that are no entity were left out" in caplog.text


# Codebooks


@pytest.mark.parametrize("name", ["c.npy", "c.npz", "c.pth", "c.safetensors", "dict.pt", "half.pt"])
def test_codebook_files(tmp_path: Path, name: str) -> None:
    path, tensor = tmp_path / name, torch.from_numpy(CODEBOOK)
    if name == "c.npy":
        np.save(path, CODEBOOK.astype(np.float64))
    elif name == "c.npz":
        np.savez(path, weight=CODEBOOK, note=np.array([1]))
    elif name == "c.safetensors":
        save_file({"embedding.weight": tensor, "scale": torch.ones(1)}, path)
    else:
        values = {"c.pth": tensor, "dict.pt": {"w": tensor}, "half.pt": tensor.half()}
        torch.save(values[name], path)
    found = read_codebook(path)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, CODEBOOK)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.arange(3.0), "holds no table of numbers"),
        (np.array([[1, 2]]), "holds a table of int64"),
        (np.array([[1.0, np.nan]]), "not finite"),
        (np.zeros((0, 3)), r"holds a table of float64, \(0, 3\)"),
        ({"a": np.ones((2, 2)), "b": np.ones((2, 2))}, r"holds 2 tables \(a, b\), not one"),
    ],
)
def test_codebooks_that_are_none(tmp_path: Path, value: Any, message: str) -> None:
    path = tmp_path / ("c.npz" if isinstance(value, dict) else "c.npy")
    np.savez(path, **value) if isinstance(value, dict) else np.save(path, value)
    with pytest.raises(DataError, match=message):
        read_codebook(path)


def test_codebooks_that_are_no_plain_tensors(tmp_path: Path) -> None:
    torch.save(torch.ones(3, 2).to_sparse(), tmp_path / "c.pth")
    with pytest.raises(DataError, match="holds no plain table of numbers"):
        read_codebook(tmp_path / "c.pth")


@pytest.mark.parametrize("name", ["c.npy", "c.pth"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(DataError, match=r"is not a file|is a device or a pipe"):
        read_codebook(tmp_path / name)


def test_damaged_codebooks(tmp_path: Path) -> None:
    for name in ("c.npy", "c.npz"):
        (tmp_path / name).write_bytes(b"\x93NUMPY\x01\x00v\x00{'descr'")
        with pytest.raises(DataError, match="is damaged or no file of NumPy"):
            read_codebook(tmp_path / name)
        (tmp_path / name).unlink()
        with pytest.raises(DataError, match="no such file"):
            read_codebook(tmp_path / name)
    np.save(tmp_path / "c.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(DataError, match="is damaged or no file of NumPy"):
        read_codebook(tmp_path / "c.npy")
    np.savez_compressed(tmp_path / "whole.npz", a=np.ones((40, 40)))
    content = bytearray((tmp_path / "whole.npz").read_bytes())
    content[60:90] = bytes(30)
    (tmp_path / "c.npz").write_bytes(content)
    with pytest.raises(DataError, match="is damaged or no file of NumPy"):
        read_codebook(tmp_path / "c.npz")
    (tmp_path / "c.pth").write_text("hello")
    with pytest.raises(DataError, match="is not a checkpoint"):
        read_codebook(tmp_path / "c.pth")


def test_tokens_that_unpack_to_far_more_than_they_are(
    graph: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "UNPACKED_ANYWAY", 1 << 16)
    np.save(tmp_path / "codebook.npy", CODEBOOK)
    path = tmp_path / "tokens.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tokens.json", '{"a": [1' + " " * (1 << 20) + "]}")
    with pytest.raises(DataError, match=r"tokens\.zip holds more than .*unpack it"):
        import_tokens(
            graph, OwnTokens(path, tmp_path / "codebook.npy", "image"), tmp_path / "caches"
        )


def test_a_codebook_that_is_larger_than_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "UNPACKED_ANYWAY", 1 << 16)
    np.savez_compressed(tmp_path / "zeros.npz", table=np.zeros((1000, 1000), np.float32))
    with pytest.raises(DataError, match=r"zeros\.npz holds more than .*numpy\.save"):
        read_codebook(tmp_path / "zeros.npz")
    torch.save(torch.zeros(1, 1).expand(1_000_000, 1_000_000), tmp_path / "one.pt")
    with pytest.raises(DataError, match="more than 16 GiB"):
        read_codebook(tmp_path / "one.pt")
