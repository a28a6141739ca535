"""`mygo import`: what it prints, and that the other commands use what it made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from checkouts import CHECKOUT, CHECKPOINT, expected

OFFICIAL = ("import", "official", CHECKOUT, "--dataset", "DB15K", "--out", "DB15K")


@pytest.fixture
def official(mygo):
    """Return a function that imports the miniature checkout into the current folder."""
    return lambda *words: mygo(*OFFICIAL, "--device", "cpu", *words)


def test_a_model_is_evaluated_and_asked(official, mygo):
    ended = official("--checkpoint", CHECKPOINT)
    assert ended.code == 0
    assert ended.err == "Measuring the model on valid and test.\n"
    lines = ended.out.splitlines()
    assert lines[0] == "graph: DB15K"
    assert "150 entities, 9 relations; distinct triples: 1,080 train, 135 valid" in lines[1]
    assert "--heads 2 --image-tokens 8 --text-tokens 4: as typed" in ended.out
    assert lines[-1].startswith("Next: mygo evaluate --ties official")
    report = json.loads(mygo("evaluate", "--ties", "official", "--device", "cpu", "--json").out)
    assert report["overall"]["mrr"] == pytest.approx(expected()["metrics"]["test"]["MRR"])
    answers = json.loads(
        mygo("rank", "--head", 5, "--relation", 3, "--device", "cpu", "--json").out
    )
    assert len(answers) == 10


def test_json(official):
    found = json.loads(official("--checkpoint", CHECKPOINT, "--json").out)
    assert found["triples"] == {"train": 1080, "valid": 135, "test": 135}
    assert (found["heads"], found["image_tokens"], found["text_tokens"]) == (2, 8, 4)
    assert Path(found["run"], "result.json").exists()
    assert found["result"]["selected_by"] == "imported"
    assert [cache["modality"] for cache in found["caches"]] == ["image", "text"]


def test_tokens_are_used_for_training(official, mygo):
    ended = official()
    assert ended.out.splitlines()[-2:] == [
        f"There is a model, too: --checkpoint {CHECKPOINT}",
        "Next: mygo train --data DB15K",
    ]
    words = ("--dim", 8, "--feed-forward", 8, "--heads", 2, "--epochs", 1, "--device", "cpu")
    ended = mygo("train", "--data", "DB15K", *words)
    assert ended.code == 0
    assert "out of date" not in ended.err
    run = next(Path("mygo-work/runs").iterdir())
    assert "image-imported-" in (run / "config.toml").read_text()
    assert "it was there already" in official().out


def test_imported_caches_are_looked_at(official, mygo):
    official()
    assert mygo("cache", "verify", "--data", "DB15K").out.count(": good\n") == 2
    ended = mygo("tokens", "show", 133, "--data", "DB15K", "--html", "page.html")
    assert (ended.code, ended.err) == (0, "Wrote page.html.\n")
    assert "6028" in ended.out
    ended = mygo("tokens", "show", 133, "--data", "DB15K", "--png", "page.png")
    assert ended.err == "Error: 133 has no tokenized picture to draw. --html shows its text.\n"
    assert "imported" in mygo("cache", "info").out


def test_a_mistake_is_one_line(official, mygo):
    ended = official("--checkpoint", "nowhere.ckpt")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "Error: nowhere.ckpt: no such file.\n"
    assert mygo("import", "official", ".", "--dataset", "X", "--out", "x").code == 2
    assert not Path("DB15K").exists()


def test_a_folder_that_cannot_be_written(official):
    Path("DB15K").write_text("a file")
    ended = official()
    assert ended.code == 1
    assert ended.err.startswith("Error: DB15K")
    assert "--out" in ended.err
    assert len(ended.err.splitlines()) == 1


# Other sources


@pytest.fixture
def openke():
    folder = Path("source folder")
    folder.mkdir()
    (folder / "entity2id.txt").write_text("3\na\t0\nb\t1\nc\t2\n")
    (folder / "relation2id.txt").write_text("1\nr\t0\n")
    (folder / "train2id.txt").write_text("2\n0 1 0\n1 2 0\n")
    return folder


def test_openke(mygo, openke):
    ended = mygo("import", "openke", openke, "--out", "graph")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "graph: graph",
        "       3 entities, 1 relations; distinct triples: 2 train, 0 valid, 0 test",
        "Next: mygo data check --data graph, mygo tokenize --data graph",
    ]
    assert Path("graph/train.txt").read_text() == "a\tr\tb\nb\tr\tc\n"
    ended = mygo("import", "openke", openke, "--out", "other", "--order", "hrt")
    assert ended.code == 1
    assert ended.err.endswith("--order htr reads head, tail, relation.\n")


def test_libkge_and_pykeen(mygo):
    Path("kge").mkdir()
    for name, text in (("entity_ids", "0\ta\n1\tb\n"), ("relation_ids", "0\tr\n")):
        Path("kge", f"{name}.del").write_text(text)
    Path("kge", "train.del").write_text("0\t0\t1\n")
    found = json.loads(mygo("import", "libkge", "kge", "--out", "graph", "--json").out)
    assert found["triples"] == {"train": 1, "valid": 0, "test": 0}
    ended = mygo("import", "pykeen", "kge", "--out", "other")
    assert ended.err.startswith("Error: kge/training/numeric_triples.tsv.gz: no such file.")


def test_mmkb_with_pictures(mygo, world):
    Path("X_EntityTriples.txt").write_text("<a> <r> <b> .\n")
    Path("X_ImageIndex.txt").write_text("<a> japan\n<c> peru\n")
    words = ("import", "mmkb", ".", "--out", "graph", "--images", world / "images")
    ended = mygo(*words)
    assert ended.err == "Lines of the image index that name no entity of a triple: 1\n"
    assert "       1 pictures of 1 entities\n" in ended.out
    assert json.loads(mygo(*words, "--copy", "--json").out)["pictures"] == 1
    ended = mygo("import", "mmkb", ".", "--out", "graph", "--copy")
    assert (ended.code, ended.err.splitlines()[-1]) == (
        2,
        "Error: --copy is about the pictures of --images. Name their folder.",
    )


def test_tokens_of_ones_own(mygo, world):
    Path("tokens.json").write_text('{"kenya": [[1, 2], [3]], "Japan": [4], "atlantis": [5]}')
    np.save("codebook.npy", np.ones((6, 2), dtype=np.float32))
    words = ("import", "tokens", "tokens.json", "--codebook", "codebook.npy", "--data", world)
    ended = mygo(*words, "--modality", "image")
    assert ended.code == 1
    assert ended.err.startswith("Error: tokens.json: the key atlantis is not an entity of")
    ended = mygo(*words, "--modality", "image", "--skip-unknown", "--drop-id", 2)
    assert ended.err == "tokens.json: 1 keys that are no entity were left out.\n"
    assert "       3 items of 2 of 20 entities\n" in ended.out
    assert ended.out.splitlines()[-1] == f"Next: mygo train --data {world}"
    found = json.loads(mygo(*words, "--modality", "text", "--skip-unknown", "--json").out)
    assert (found["modality"], found["done"]) == ("text", 2)
    assert mygo(*words, "--modality", "sound").code == 2


def test_rdf(mygo, tmp_path):
    pytest.importorskip("rdflib")
    (tmp_path / "a.nt").write_text(
        "<http://x/peru> <http://x/borders> <http://x/chile> .\n"
        '<http://x/peru> <http://x/label> "Peru" .\n'
        '<http://x/peru> <http://x/area> "5"^^<http://www.w3.org/2001/XMLSchema#integer> .\n'
    )
    ended = mygo("import", "rdf", "a.nt", "--out", "graph")
    assert ended.code == 0
    assert "2 entities, 1 relations" in ended.out
    assert ended.err == "Left out, values that are no text: 1 statements.\n"
    assert mygo("import", "rdf", "a.nt", "--out", "graph").code == 0  # the same once more
    assert mygo("import", "rdf", "b.nt", "--out", "graph").err == "Error: b.nt: no such file.\n"
    ended = mygo("init", "g", "a.nt", "--yes")
    assert "It looks like RDF: mygo import rdf a.nt --out GRAPH." in ended.err


def test_kg_bert(mygo, tmp_path):
    (tmp_path / "train.tsv").write_text("a\tr\tb\n")
    (tmp_path / "entity2text.txt").write_text("a\tAda\n")
    ended = mygo("import", "kg-bert", ".", "--out", "graph", "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["triples"] == {"train": 1, "valid": 0, "test": 0}
    assert "a\tAda" in Path("graph/entities.tsv").read_text()
