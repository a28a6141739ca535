"""Checkouts as they come: zipped token files, names for keys, files left out, other places."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkouts import (
    CHECKOUT,
    CHECKPOINT,
    TEXTUAL,
    VISUAL,
    change_json,
    copy_checkout,
    expected,
    run_import,
)

from mygo_cli.cache.format import TokenCache
from mygo_cli.imports.official import Imported
from mygo_cli.runs.folder import RunFolder


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return copy_checkout(tmp_path / "MyGO")


def vectors(found: Imported) -> np.ndarray:
    assert found.run is not None
    best = torch.load(RunFolder(found.run).best, weights_only=True)
    return best["entity_vectors"].numpy()


def same_vectors(found: Imported) -> None:
    np.testing.assert_allclose(vectors(found), expected()["entity_embeddings"], atol=1e-4)


def test_without_a_checkpoint_there_is_no_run(tmp_path: Path) -> None:
    found = run_import(CHECKOUT, tmp_path)
    assert (found.run, found.result) == (None, None)
    assert found.checkpoints == [CHECKPOINT]
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("modality", "other"), [("image", "text"), ("text", "image")])
def test_one_modality(tmp_path: Path, repo: Path, modality: str, other: str) -> None:
    (repo / {"image": TEXTUAL, "text": VISUAL}[modality]).unlink()
    found = run_import(repo, tmp_path, modalities=(modality,))
    assert [cache.modality for cache in found.caches] == [modality]


def test_zipped_token_files(tmp_path: Path, repo: Path) -> None:
    for name in (VISUAL, TEXTUAL):
        path = repo / name
        with zipfile.ZipFile(f"{path}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path, f"some folder/{path.name}")
            archive.writestr(f"__MACOSX/some folder/._{path.name}", b"\0\5\26\7")
        path.unlink()
    same_vectors(run_import(repo, tmp_path, checkpoint=CHECKPOINT))


def name_keys(repo: Path) -> Path:
    """Turn a DB15K checkout into one that keys its token files by name, as MKG-W does."""
    (repo / "data" / "DB15K").rename(repo / "data" / "MKG-W")
    count = len((repo / "data" / "MKG-W" / "entities.txt").read_text().split())
    lines = [f"http://site/entity/实体_{row} {row}\r\n" for row in reversed(range(count))]
    path = repo / "data" / "MKG-W" / "entity2id.txt"
    path.write_bytes("".join(lines).encode("utf-8-sig"))
    for old, new in ((VISUAL, "MKG-W-visual.json"), (TEXTUAL, "MKG-W-textual.json")):
        change_json(
            repo / old, lambda found: {f"http://site/entity/实体_{k}": v for k, v in found.items()}
        )
        (repo / old).rename(repo / "tokens" / new)
    return repo


def test_token_files_keyed_by_name(tmp_path: Path, repo: Path) -> None:
    known = {"checkpoint": CHECKPOINT, "heads": 2, "image_tokens": 8, "text_tokens": 4}
    found = run_import(name_keys(repo), tmp_path, "MKG-W", **known)
    same_vectors(found)
    assert found.graph.entities[:2] == ("0", "1")
    assert found.graph.find_entity("http://site/entity/实体 77") == 77


def test_entities_numbered_by_their_names_alone(tmp_path: Path, repo: Path) -> None:
    name_keys(repo)
    (repo / "data" / "MKG-W" / "entities.txt").unlink()
    found = run_import(repo, tmp_path, "MKG-W")
    assert found.graph.entities == tuple(str(row) for row in range(150))


def test_db15k_takes_the_second_text_file(tmp_path: Path, repo: Path) -> None:
    (repo / "tokens" / "DB15K-textual.json").write_text('{"0": [1]}')
    found = run_import(repo, tmp_path, modalities=("text",))
    assert found.caches[0].covered == 131


def test_a_codebook_that_only_the_checkpoint_holds(tmp_path: Path, repo: Path) -> None:
    (repo / "tokens" / "textual.pth").unlink()
    found = run_import(repo, tmp_path, checkpoint=CHECKPOINT)
    same_vectors(found)
    codebook = TokenCache.open(found.caches[1].path).codebook()
    state = torch.load(CHECKPOINT, weights_only=True)["model_state_dict"]
    np.testing.assert_array_equal(codebook, state["text_token_embedding.weight"])


def test_a_codebook_saved_as_a_parameter(tmp_path: Path, repo: Path) -> None:
    path = repo / "tokens" / "textual.pth"
    table = torch.load(path, weights_only=True)
    torch.save(torch.nn.Parameter(table), path)
    found = run_import(repo, tmp_path, modalities=("text",))
    np.testing.assert_array_equal(TokenCache.open(found.caches[0].path).codebook(), table)


def test_the_models_own_embeddings_count(tmp_path: Path, repo: Path) -> None:
    """Where `tokens/` holds other embeddings of the same shape, the model keeps its own."""
    path = repo / "tokens" / "visual.pth"
    torch.save(torch.load(path, weights_only=True) + 1, path)
    same_vectors(run_import(repo, tmp_path, checkpoint=CHECKPOINT))


def rewritten(tmp_path: Path, name: str, change: Any = lambda content: content) -> Path:
    content = torch.load(CHECKPOINT, weights_only=True)
    path = tmp_path / name
    torch.save(change(content), path)
    return path


def test_settings_in_the_name_of_the_checkpoint(tmp_path: Path) -> None:
    name = "lr_0.001num_epoch_1500num_head_4hidden_dim_640.60.30.1batch_size_2048"
    name += "max_vis_token_7max_txt_token_3tuckermu_0.01_1000.ckpt"
    found = run_import(CHECKOUT, tmp_path, checkpoint=rewritten(tmp_path, name))
    assert found.known is not None
    tokens = found.known.tokens
    assert (found.known.model.heads, tokens.image.keep, tokens.text.keep) == (4, 7, 3)
    assert found.result is not None
    assert found.result["epoch"] == 1000


def test_what_is_typed_counts_more_than_the_name(tmp_path: Path) -> None:
    path = rewritten(tmp_path, "num_head_4max_vis_token_7.ckpt")
    found = run_import(CHECKOUT, tmp_path, checkpoint=path, heads=2, image_tokens=8)
    same_vectors(found)


def test_the_epoch_of_the_schedule(tmp_path: Path) -> None:
    change = lambda content: content | {"scheduler_state_dict": {"last_epoch": 500}}  # noqa: E731
    found = run_import(CHECKOUT, tmp_path, checkpoint=rewritten(tmp_path, "x_7.ckpt", change))
    assert found.run is not None
    assert RunFolder(found.run).settings().training.epochs == 500


def test_a_bare_state_and_the_inner_product(tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> dict[str, Any]:
        state = content["model_state_dict"]
        return {name: value for name, value in state.items() if "tucker" not in name}

    found = run_import(CHECKOUT, tmp_path, checkpoint=rewritten(tmp_path, "dot.pth", change))
    same_vectors(found)
    assert found.run is not None
    assert RunFolder(found.run).settings().decoder.name == "dot"
    assert "epoch unknown" in (found.run / "README.md").read_text()


def test_relations_that_no_triple_shows(tmp_path: Path, repo: Path) -> None:
    for split in ("train", "valid", "test"):
        path = repo / "data" / "DB15K" / f"{split}.txt"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if line.split("\t")[1] != "4"))
    found = run_import(repo, tmp_path, checkpoint=CHECKPOINT)
    same_vectors(found)
    assert len(found.graph.relations) == 8
    assert found.run is not None
    best = torch.load(RunFolder(found.run).best, weights_only=True)
    theirs = torch.load(CHECKPOINT, weights_only=True)["model_state_dict"]["rel_embeddings"][:, 0]
    rows = [int(relation) for relation in found.graph.relations]
    assert torch.equal(best["model"]["relation.weight"], theirs[rows])


def test_importing_twice_changes_nothing(tmp_path: Path) -> None:
    first = run_import(CHECKOUT, tmp_path)
    stamps = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    second = run_import(CHECKOUT, tmp_path, checkpoint=CHECKPOINT)
    assert [cache.path for cache in second.caches] == [cache.path for cache in first.caches]
    assert [cache.new for cache in second.caches] == [0, 0]
    assert all(path.read_bytes() == content for path, content in stamps.items())


def test_pictures_are_told_apart(tmp_path: Path) -> None:
    cache = TokenCache.open(run_import(CHECKOUT, tmp_path).caches[0].path)
    items = cache.items()
    assert set(items.length) == {196}
    of_first = [key for key, row in zip(items.keys, items.entity, strict=True) if row == 133]
    assert of_first == ["133/1", "133/2", "133/3"][: len(of_first)]
    assert len(items.keys) == 243
