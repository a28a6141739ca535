"""`mygo tokens probe`."""

from __future__ import annotations

import json
import shlex

import pytest


def test_json_has_a_row_for_each_relation_and_modality(mygo, world, caches):
    ended = mygo("tokens", "probe", "--data", world, "--cache-dir", caches, "--json")
    assert ended.code == 0
    rows = json.loads(ended.out)
    assert {(row["relation"], row["modality"]) for row in rows} == {
        (relation, modality)
        for relation in ("grows", "borders", "likes")
        for modality in ("image", "text")
    }
    for row in rows:
        if row["linear"] is not None:
            assert row["lift"] == row["linear"] - row["frequency"]
            assert 0 < row["linear"] <= 1


def test_the_table_counts_what_could_not_be_probed(mygo, world, caches):
    words = ("tokens", "probe", "--data", world, "--cache-dir", caches, "--relation", "grows")
    ended = mygo(*words)
    assert ended.code == 0
    assert "MRR of tails on the test split" in ended.out
    assert "grows" in ended.out or "fewer than 20" in ended.out
    assert mygo(*words, "--side", "head").code == 0


def test_mistakes(mygo, world, tmp_path, caches):
    ended = mygo("tokens", "probe", "--data", world, "--cache-dir", tmp_path / "none")
    assert (ended.code, ended.out) == (1, "")
    way_out = f"Make it with: mygo tokenize --data {shlex.quote(str(world))}"
    assert f"has no complete token cache of small. {way_out}" in ended.err
    words = ("tokens", "probe", "--data", world, "--cache-dir", caches, "--relation", "grow")
    assert "Did you mean grows?" in mygo(*words).err


def test_a_run_is_measured_on_the_same_facts(mygo, trained):
    words = ("--run", next(path for path in trained.iterdir() if path.is_dir()))
    rows = json.loads(mygo("tokens", "probe", *words, "-f", "json").out)
    sides = json.loads(mygo("evaluate", *words, "-f", "json").out)
    assert {row["modality"] for row in rows} == {"image", "text"}
    assert all(row["run"] is None or 0 < row["run"] <= 1 for row in rows)
    # Every entity has a text: all facts of the relations are asked, as evaluate asks them.
    asked = [row for row in rows if row["modality"] == "text" and row["asked"]]
    mean = sum(row["run"] * row["asked"] for row in asked) / sum(row["asked"] for row in asked)
    assert mean == pytest.approx(sides["sides"]["tail"]["mrr"], abs=1e-9)
