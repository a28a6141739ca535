"""`mygo export`: the run's own numbers in every format, and one line for what cannot be."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from mygo_cli.exports import files
from mygo_cli.graph.reading import read_graph
from mygo_cli.model.queries import Queries
from mygo_cli.runs.opened import open_run


@pytest.fixture
def export(mygo, trained):
    return lambda *words: mygo("export", "-q", *words, "--runs-dir", trained, "--device", "cpu")


@pytest.fixture
def model(trained):
    (run,) = trained.iterdir()
    return open_run(run, device="cpu")


def read_npz(name):
    with np.load(name) as file:
        return dict(file)


def read_tsv(path):
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_entities(export, trained, model, world):
    (run,) = trained.iterdir()
    ended = export()
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"entities.npz: 20 entities, 8 wide, of {run.name}\n"
    found = read_npz("entities.npz")
    graph = read_graph(world)
    assert found["entity"].tolist() == list(graph.entities)
    assert found["name"].tolist() == list(graph.names)
    np.testing.assert_array_equal(found["vector"], model.entity_vectors())


def test_relations(export, model, world):
    assert export("--what", "relations", "--output", "r.safetensors").code == 0
    with safe_open("r.safetensors", framework="np") as file:
        assert json.loads(file.metadata()["relation"]) == list(read_graph(world).relations)
        np.testing.assert_array_equal(file.get_tensor("vector"), model.relation_vectors())


def test_tsv_gives_back_the_same_numbers(export, model, world):
    assert export("--format", "tsv").code == 0
    rows = read_tsv("entities.tsv")
    columns = ["entity", "name", *(f"vector_{place}" for place in range(8))]
    assert list(rows[0]) == columns
    vectors = np.array([[row[name] for name in columns[2:]] for row in rows]).astype(np.float32)
    np.testing.assert_array_equal(vectors, model.entity_vectors())
    assert [row["entity"] for row in rows] == list(read_graph(world).entities)


def test_scores_are_those_of_the_model(export, mygo, model, trained, world):
    assert export("--what", "scores").code == 0
    found, graph = read_npz("scores.npz"), read_graph(world)
    head, relation, tail = torch.from_numpy(graph.test).T
    assert found["head"].tolist() == [graph.entities[row] for row in head]
    assert found["tail"].tolist() == [graph.entities[row] for row in tail]
    assert found["relation"].tolist() == [graph.relations[row] for row in relation]
    assert set(found["known"]) == {"test"}
    ask_head = torch.ones(len(head), dtype=torch.bool)
    tails = model.scorer(Queries(head, relation, ~ask_head))[torch.arange(len(head)), tail]
    heads = model.scorer(Queries(tail, relation, ask_head))[torch.arange(len(head)), head]
    np.testing.assert_allclose(found["tail_score"], tails.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found["head_score"], heads.numpy(), rtol=1e-5, atol=1e-6)
    report = json.loads(mygo("evaluate", "--runs-dir", trained, "--device", "cpu", "--json").out)[
        "sides"
    ]
    for side in ("tail", "head"):
        mrr = (1 / found[f"{side}_rank"]).mean()
        assert mrr == pytest.approx(report[side]["mrr"], rel=1e-12)


def test_the_batch_size_changes_nothing(export):
    assert export("--what", "scores", "--split", "train", "--output", "a.npz").code == 0
    words = ("--what", "scores", "--split", "train", "--output", "b.npz", "--batch-size", 3)
    assert export(*words).code == 0
    a, b = read_npz("a.npz"), read_npz("b.npz")
    for name in a:
        if name.endswith("score"):
            np.testing.assert_allclose(a[name], b[name], rtol=1e-5, atol=1e-6)
        else:
            assert a[name].tolist() == b[name].tolist()


def test_scores_in_every_format(export, world):
    for kind in files.FORMATS:
        assert export("--what", "scores", "--format", kind).code == 0
    found, rows = read_npz("scores.npz"), read_tsv("scores.tsv")
    graph = read_graph(world)
    with safe_open("scores.safetensors", framework="np") as file:
        assert set(file.keys()) == set(found) - {"known"}
        np.testing.assert_array_equal(
            np.stack([file.get_tensor(name) for name in ("head", "relation", "tail")], 1),
            graph.test,
        )
        assert json.loads(file.metadata()["entity"]) == list(graph.entities)
        np.testing.assert_array_equal(file.get_tensor("head_rank"), found["head_rank"])
    import pyarrow.parquet

    packed = pyarrow.parquet.read_table("scores.parquet").to_pydict()
    for name in found:
        assert packed[name] == found[name].tolist()
        assert [row[name] for row in rows] == [str(value) for value in found[name]]


def test_triples_of_a_file(export):
    Path("facts.txt").write_text("Kenya\tgrows\ttea\nNew Zealand\tlikes\tnew_zealand\n")
    ended = export("--what", "scores", "--triples", "facts.txt", "--output", "out.tsv")
    assert (ended.code, ended.err) == (0, "")
    rows = read_tsv("out.tsv")
    assert [(row["head"], row["tail"]) for row in rows] == [
        ("kenya", "tea"),
        ("new_zealand", "new_zealand"),
    ]
    assert rows[1]["known"] == ""
    assert all(1 <= float(row["tail_rank"]) <= 20 for row in rows)


def test_an_unknown_name_in_a_file(export):
    Path("facts.txt").write_text("kenya\tgrows\ttea\nkenia\tgrows\ttea\n")
    ended = export("--what", "scores", "--triples", "facts.txt")
    assert ended.code == 1
    assert ended.err.startswith("Error: facts.txt:2: No entity kenia in small. Did you mean kenya?")
    assert export("--what", "scores", "--triples", "no.txt").err == (
        "Error: no.txt: no such file.\n"
    )
    assert not Path("scores.npz").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--split", "valid"), "--split and --triples are about scores. Add --what scores."),
        (
            ("--what", "scores", "--split", "valid", "--triples", "x"),
            "--split and --triples exclude each other. Leave one of them out.",
        ),
        (
            ("--output", "vectors.xlsx"),
            "vectors.xlsx does not say its format. End it in .npz, .tsv, .safetensors, .parquet, "
            "or name one with --format.",
        ),
    ],
)
def test_wrong_usage(export, words, message):
    ended = export(*words)
    assert (ended.code, ended.err) == (2, f"Error: {message}\n")


def test_a_run_by_name(export, trained):
    (run,) = trained.iterdir()
    assert export(run.name, "--output", "a.npz").code == 0
    assert export(run, "--output", "b.npz").code == 0
    assert Path("a.npz").read_bytes() == Path("b.npz").read_bytes()
    assert export("another").err.startswith("Error: another: no such run.")


def test_a_place_that_cannot_be_written(export):
    Path("full").write_text("a file")
    ended = export("--output", "full/entities.npz")
    assert ended.code == 1
    assert ended.err.startswith("Error: full/entities.npz cannot be written: ")
    assert len(ended.err.splitlines()) == 1
    assert [path.name for path in Path().iterdir()] == ["full"]


def test_more_names_than_safetensors_holds(export, monkeypatch):
    monkeypatch.setattr(files, "LONGEST_HEADER", 100)
    ended = export("--format", "safetensors")
    assert ended.err == (
        "Error: entities.safetensors cannot hold that many names. Use --format npz.\n"
    )


def test_a_graph_without_that_split(export, world, tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    for name in ("train.txt", "entities.tsv"):
        (folder / name).write_text((world / name).read_text())
    ended = export("--what", "scores", "--data", folder)
    assert ended.err == f"Error: {folder} has no test triples. Name another --split.\n"
