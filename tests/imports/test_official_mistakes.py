"""What does not fit together costs one line that names file, key and way out."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from checkouts import (
    CHECKOUT,
    CHECKPOINT,
    TEXTUAL,
    VISUAL,
    change_json,
    copy_checkout,
    run_import,
)

from mygo_cli.errors import DataError, MygoError, UsageError


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return copy_checkout(tmp_path / "MyGO")


@pytest.fixture
def refused(tmp_path: Path, repo: Path) -> Callable[..., str]:
    """Return a function that imports the copy and returns the error's line."""

    def run(*args: Any, **wanted: Any) -> str:
        with pytest.raises(MygoError) as caught:
            run_import(repo, tmp_path / "out", *args, **wanted)
        line = str(caught.value)
        assert "\n" not in line
        assert caught.value.way_out
        assert not (tmp_path / "out").exists(), "nothing is written before all is read"
        return line.replace(str(repo), "MyGO").replace(str(tmp_path), "TMP")

    return run


def test_another_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no folder data/\. Name a checkout"):
        run_import(tmp_path, tmp_path)


def test_another_dataset(refused: Callable[..., str]) -> None:
    assert refused("DB15k") == "MyGO/data/DB15k: no such dataset. Did you mean DB15K?"


def test_a_missing_token_file(refused: Callable[..., str], repo: Path) -> None:
    (repo / VISUAL).unlink()
    assert refused() == (
        "MyGO/tokens/DB15K-visual.json: no such file, nor DB15K-visual.json.zip. Copy it there, or "
        "leave it out with --no-image."
    )


def test_a_half_unzipped_token_file(refused: Callable[..., str], repo: Path) -> None:
    path = repo / VISUAL
    path.write_bytes(path.read_bytes()[:1000])
    assert refused() == f"MyGO/{VISUAL} is cut off in the middle. Unpack or copy it again."
    (repo / f"{VISUAL}.zip").write_bytes(b"")
    assert refused().endswith("Delete it: DB15K-visual.json.zip beside it is read then.")


@pytest.mark.parametrize("keep", [0, 100, 20_000])
def test_a_cut_archive(refused: Callable[..., str], repo: Path, keep: int) -> None:
    path = repo / VISUAL
    with zipfile.ZipFile(f"{path}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, path.name)
    path.unlink()
    packed = Path(f"{path}.zip")
    packed.write_bytes(packed.read_bytes()[:keep])
    assert refused() == f"MyGO/{VISUAL}.zip is cut off, damaged or no zip file. Copy it again."


def test_a_damaged_archive(refused: Callable[..., str], repo: Path) -> None:
    path = repo / VISUAL
    with zipfile.ZipFile(f"{path}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, path.name)
    path.unlink()
    packed = Path(f"{path}.zip")
    content = bytearray(packed.read_bytes())
    content[5000:5200] = bytes(200)
    packed.write_bytes(content)
    assert "is cut off, damaged or no zip file" in refused()


def test_a_token_outside_the_codebook(refused: Callable[..., str], repo: Path) -> None:
    change_json(repo / TEXTUAL, lambda found: found | {"7": [3, 15_000]})
    assert refused() == (
        f"MyGO/{TEXTUAL}: 7: the token id 15000 is outside the codebook, which has 15,000 rows. "
        "Name the codebook that belongs to these tokens."
    )


def test_a_key_that_is_no_entity(refused: Callable[..., str], repo: Path) -> None:
    change_json(repo / VISUAL, lambda found: found | {"1500": [3], "x": [4]})
    line = refused()
    begins = f"MyGO/{VISUAL}: the key 1500 is not in MyGO/data/DB15K/entities.txt (2 of 119 keys)."
    assert line.startswith(f"{begins} Did you mean ")
    assert line.endswith("Is the file one of DB15K?")


def test_a_typing_mistake_among_ids_of_a_graph_with_names(
    refused: Callable[..., str], repo: Path
) -> None:
    ids = (repo / "data" / "DB15K" / "entities.txt").read_text().split("\n")
    names = [f"name {place} {place}\n" for place, entity in enumerate(ids) if entity]
    (repo / "data" / "DB15K" / "entity2id.txt").write_text("".join(names))
    change_json(repo / VISUAL, lambda found: found | {"x": [4]})
    assert f"MyGO/{VISUAL}: the key x is not in MyGO/data/DB15K/entities.txt." in refused()


def test_a_missing_codebook(refused: Callable[..., str], repo: Path) -> None:
    (repo / "tokens" / "textual.pth").unlink()
    assert refused() == (
        "MyGO/tokens/textual.pth: no such file. The repository's save_token_embedding.py writes "
        "it; a --checkpoint holds it, too."
    )


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        (
            "ent_embeddings",
            (149, 1, 32),
            "has 149 rows, and MyGO/data/DB15K/entities.txt lists 150",
        ),
        ("rel_embeddings", (10, 1, 32), "has 10 rows, and MyGO/data/DB15K/relations.txt lists 9"),
        (
            "visual_token_embedding.weight",
            (8193, 9),
            "the shape (8193, 9), the table in MyGO/tokens/visual.pth (8193, 8)",
        ),
    ],
)
def test_shapes_that_disagree_with_the_data(
    refused: Callable[..., str], tmp_path: Path, name: str, shape: tuple[int, ...], message: str
) -> None:
    content = torch.load(CHECKPOINT, weights_only=True)
    content["model_state_dict"][name] = torch.zeros(shape)
    if name.startswith("visual"):
        content["model_state_dict"]["proj_ent_vis.weight"] = torch.zeros(32, shape[1])
    torch.save(content, tmp_path / "x.ckpt")
    line = refused(checkpoint=tmp_path / "x.ckpt")
    assert line.startswith(f"TMP/x.ckpt: {name} ")
    assert message in line


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("tucker_decoder.W", (32, 32, 31)),
        ("pos_head", (31,)),
        ("ent_token", (1, 1, 31)),
        ("lp_token", (1, 31)),
        ("proj_ent_vis.weight", (32, 9)),
        ("ent_embeddings", ()),
        ("rel_embeddings", ()),
        ("ent_encoder.layers.0.linear1.bias", ()),
    ],
)
def test_shapes_that_disagree_among_themselves(
    tmp_path: Path, name: str, shape: tuple[int, ...]
) -> None:
    content = torch.load(CHECKPOINT, weights_only=True)
    content["model_state_dict"][name] = torch.zeros(shape)
    torch.save(content, tmp_path / "x.ckpt")
    with pytest.raises(DataError, match=rf"x\.ckpt: {name} has the shape"):
        run_import(CHECKOUT, tmp_path / "out", checkpoint=tmp_path / "x.ckpt")
    assert not (tmp_path / "out").exists()


def test_a_shape_that_only_the_model_knows(tmp_path: Path) -> None:
    content = torch.load(CHECKPOINT, weights_only=True)
    content["model_state_dict"]["vis_ln.bias"] = torch.zeros(3)
    torch.save(content, tmp_path / "x.ckpt")
    with pytest.raises(DataError, match=r"x\.ckpt: vis_ln\.bias has the shape"):
        run_import(CHECKOUT, tmp_path / "out", checkpoint=tmp_path / "x.ckpt")
    assert not (tmp_path / "out").exists()


def not_finite(found: torch.Tensor) -> torch.Tensor:
    return torch.full_like(found, torch.nan)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (not_finite, "rel_embeddings holds numbers that are not finite"),
        (torch.Tensor.to_sparse, "rel_embeddings is sparse or quantized"),
    ],
)
def test_numbers_that_cannot_be(
    refused: Callable[..., str], tmp_path: Path, change: Any, message: str
) -> None:
    content = torch.load(CHECKPOINT, weights_only=True)
    state = content["model_state_dict"]
    state["rel_embeddings"] = change(state["rel_embeddings"])
    torch.save(content, tmp_path / "x.ckpt")
    assert message in refused(checkpoint=tmp_path / "x.ckpt")


@pytest.mark.parametrize("state", [[torch.ones(3)], "text", 3])
def test_a_state_without_names(refused: Callable[..., str], tmp_path: Path, state: object) -> None:
    torch.save({"model_state_dict": state}, tmp_path / "x.ckpt")
    line = refused(checkpoint=tmp_path / "x.ckpt")
    assert line.startswith("TMP/x.ckpt: its model_state_dict holds no named tensors. Name a")


def test_a_checkpoint_of_something_else(refused: Callable[..., str], tmp_path: Path) -> None:
    torch.save({"state_dict": {"weight": torch.ones(3)}}, tmp_path / "x.ckpt")
    line = refused(checkpoint=tmp_path / "x.ckpt")
    assert line.startswith("TMP/x.ckpt holds no ent_token: it is no model of theirs. Name a")


def test_a_part_of_a_checkpoint(tmp_path: Path) -> None:
    content = torch.load(CHECKPOINT, weights_only=True)
    del content["model_state_dict"]["decoder.layers.0.norm2.bias"]
    torch.save(content, tmp_path / "x.ckpt")
    with pytest.raises(DataError, match=r"holds no decoder\.layers\.0\.norm2\.bias"):
        run_import(CHECKOUT, tmp_path / "out", checkpoint=tmp_path / "x.ckpt")


def test_heads_that_cannot_be(refused: Callable[..., str]) -> None:
    line = refused(checkpoint=CHECKPOINT, heads=5)
    assert line.endswith(
        "is 32 wide, no multiple of 5 heads. Give the number that it was trained with: --heads"
    )


def test_a_checkpoint_needs_both_modalities(refused: Callable[..., str]) -> None:
    assert refused(checkpoint=CHECKPOINT, modalities=("text",)) == (
        "A checkpoint has tokens of both kinds. Leave out --no-image and --no-text."
    )


def test_an_entity_that_is_not_listed(refused: Callable[..., str], repo: Path) -> None:
    with (repo / "data" / "DB15K" / "test.txt").open("a") as file:
        file.write("150\t0\t1\n")
    assert refused() == (
        "MyGO/data/DB15K/test.txt:136: the entity 150 is not in entities.txt. Copy both files "
        "again."
    )


def test_names_for_fewer_entities(refused: Callable[..., str], repo: Path) -> None:
    (repo / "data" / "DB15K" / "entity2id.txt").write_text("a 0\na 1\n")
    assert "entity2id.txt: 2 numbers are called a. Give each" in refused()
    (repo / "data" / "DB15K" / "entity2id.txt").write_text("a 0\nb 1\n")
    assert refused() == (
        "MyGO/data/DB15K/entity2id.txt lists 2 entities, entities.txt 150. Copy both files again."
    )


def test_a_folder_of_another_dataset(tmp_path: Path) -> None:
    (tmp_path / "graph").mkdir()
    (tmp_path / "graph" / "test.txt").write_text("a\tr\tb\n")
    with pytest.raises(DataError, match=r"test\.txt exists and holds something else.*--out"):
        run_import(CHECKOUT, tmp_path)
    assert [path.name for path in (tmp_path / "graph").iterdir()] == ["test.txt"]
