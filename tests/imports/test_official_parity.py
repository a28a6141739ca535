"""An imported checkpoint computes what the authors' implementation computed with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from checkouts import CHECKOUT, CHECKPOINT, expected, run_import

from mygo_cli.imports.official import Imported
from mygo_cli.model.queries import Queries
from mygo_cli.runs.folder import RunFolder
from mygo_cli.runs.opened import load_run
from mygo_cli.runs.run import Run
from mygo_cli.tokens.table import load_tokens


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    return run_import(CHECKOUT, tmp_path_factory.mktemp("import"), checkpoint=CHECKPOINT)


@pytest.fixture(scope="module")
def trained(imported: Imported) -> Run:
    assert imported.run is not None
    return load_run(RunFolder(imported.run), imported.graph, torch.device("cpu"))


def close(ours: torch.Tensor, theirs: np.ndarray) -> None:
    """Assert agreement to 1e-4 relative to the largest expected value."""
    assert ours.shape == theirs.shape
    error = np.abs(ours.numpy() - theirs).max() / np.abs(theirs).max()
    assert error < 1e-4, f"relative error {error:.2e}"


@pytest.mark.parametrize(("modality", "name"), [("image", "visual"), ("text", "text")])
def test_tokens(imported: Imported, modality: str, name: str) -> None:
    (path,) = (cache.path for cache in imported.caches if cache.modality == modality)
    numbers = expected()
    ids, padding = numbers[f"{name}_token_index"], numbers[f"{name}_padding"]
    table = load_tokens(path, imported.graph, ids.shape[1])
    # Their order within an entity is that of the ids, ours that of frequency: compare both sorted.
    ours = np.where(table.mask, table.vocabulary[table.ids], 1 << 20)
    theirs = np.where(padding, 1 << 20, ids)
    np.testing.assert_array_equal(np.sort(ours, 1), np.sort(theirs, 1))
    np.testing.assert_array_equal(np.sort(~table.mask, 1), np.sort(padding, 1))


def test_the_model_reads_those_tokens(imported: Imported, trained: Run) -> None:
    for modality, name in (("image", "visual"), ("text", "text")):
        tokens = trained.has_tokens(modality)
        assert tokens is not None
        np.testing.assert_array_equal(~tokens.numpy(), expected()[f"{name}_padding"].all(1))


def test_embeddings(trained: Run) -> None:
    close(trained.scorer.entities, expected()["entity_embeddings"])
    with torch.no_grad():
        close(trained.model.eval().entity_vectors(), expected()["entity_embeddings"])


def test_scores(imported: Imported, trained: Run) -> None:
    scores = expected()["tail_scores_first_32_test"]
    head, relation, _ = torch.from_numpy(imported.graph.test[: len(scores)]).T
    queries = Queries(head, relation, torch.zeros(len(head), dtype=torch.bool))
    close(trained.scorer(queries), scores)


@pytest.mark.parametrize("split", ["valid", "test"])
def test_metrics(imported: Imported, trained: Run, split: str) -> None:
    report = trained.evaluate(split, "official")
    theirs = expected()["metrics"][split]
    assert report.overall.mrr == pytest.approx(theirs["MRR"], rel=1e-12)
    assert report.overall.mean_rank == pytest.approx(theirs["MR"], rel=1e-12)
    for k in (1, 3, 10):
        assert report.overall.hits[k] == pytest.approx(theirs[f"hits{k}"], rel=1e-12)


def test_settings_repeat_the_published_experiment(imported: Imported) -> None:
    assert imported.run is not None
    settings = RunFolder(imported.run).settings()
    assert (settings.model.dim, settings.model.feed_forward, settings.model.heads) == (32, 64, 2)
    assert (settings.tokens.image.keep, settings.tokens.text.keep) == (8, 4)
    assert (settings.training.epochs, settings.training.questions) == (1500, "coin-flip")
    assert settings.decoder.options["matrix_dropout"] == 0.4
    assert Path(settings.data.folder or "") == imported.graph.folder.absolute()
