"""Experiment files: variants, grids, and what is said about mistakes in them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import mygo_cli.experiments.plan as module
from mygo_cli.errors import DataError, MygoError, UsageError
from mygo_cli.experiments.definition import read_experiment
from mygo_cli.experiments.plan import identity, planned_runs
from mygo_cli.settings.recipes import shipped
from mygo_cli.settings.sections import Settings
from mygo_cli.training import beginning


@pytest.fixture
def graph(tmp_path):
    """Return a dataset folder without pictures and texts."""
    folder = tmp_path / "图 谱"
    folder.mkdir()
    (folder / "train.txt").write_text("a\tr\tb\nb\tr\tc\nc\tr\ta\n")
    return folder


def read(tmp_path, text):
    path = tmp_path / "my experiment.toml"
    path.write_text(text, encoding="utf-8")
    return read_experiment(path)


def changes(experiment):
    return {variant.name: variant.changes for variant in experiment.variants}


def plan_of(experiment, graph, typed=None):
    """Return the planned runs on a graph, and what was told."""
    told = []
    typed = typed or {"data": {"folder": str(graph)}}
    runs = planned_runs(
        experiment, typed, lambda settings: Path(settings.data.folder), graph, told.append
    )
    return runs, told


def test_variants(tmp_path):
    found = read(
        tmp_path,
        '\ufeffdescription = "x"\r\nseeds = [4, 2]\r\n[[variant]]\r\nname = "full"\r\n'
        '[[variant]]\r\nname = "no image"\r\ntokens.image = false\r\nmodel = {dim = 8}\r\n',
    )
    assert changes(found) == {
        "full": {},
        "no image": {"tokens": {"image": {"use": False}}, "model": {"dim": 8}},
    }
    assert (found.description, found.seeds, found.recipe) == ("x", (4, 2), None)


def test_a_grid_is_every_combination(tmp_path):
    found = read(
        tmp_path,
        '[grid]\ndecoder.name = ["dot", "transe"]\n"tokens.image_tokens" = [2, 4]\n'
        "tokens.image = [true]\n",
    )
    assert list(changes(found)) == [
        "dot, image_tokens=2, image=yes",
        "dot, image_tokens=4, image=yes",
        "transe, image_tokens=2, image=yes",
        "transe, image_tokens=4, image=yes",
    ]
    assert changes(found)["transe, image_tokens=2, image=yes"] == {
        "decoder": {"name": "transe"},
        "tokens": {"image": {"keep": 2, "use": True}},
    }


def test_variants_by_grid(tmp_path):
    found = read(
        tmp_path,
        '[[variant]]\nname = "a"\ndecoder.name = "transe"\ndecoder.options.norm = 1\n'
        '[[variant]]\nname = "b"\n'
        '[grid]\ntokens.text_cache = ["caches/bert.h5", "caches/other.h5"]\n',
    )
    assert list(changes(found)) == [
        f"{name}, text_cache={cache}" for name in "ab" for cache in ("bert.h5", "other.h5")
    ]
    assert changes(found)["a, text_cache=bert.h5"]["decoder"]["options"] == {"norm": 1}


def test_neither_variants_nor_grid(tmp_path):
    found = read(tmp_path, "seeds = [0]\n")
    assert changes(found) == {"my experiment": {}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed = 3", r"unknown setting seed\. Did you mean seeds"),
        ("seeds = 3", r"seeds = 3 is not a list"),
        ("seeds = []", r"seeds must be different whole numbers, such as \[0, 1, 2\]"),
        ("seeds = [1, 1]", r"seeds must be different"),
        ("seeds = [1.5]", r"seeds must be different whole"),
        ("seeds = [true]", r"seeds must be different whole"),
        ("[variant]\nname = 'a'", r"variant = .* is not a list"),
        ("[[variant]]\ntokens.image = false", r"each \[\[variant\]\] needs a name"),
        ("[[variant]]\nname = 3", r"each \[\[variant\]\] needs a name"),
        ('[[variant]]\nname = " "', r"each \[\[variant\]\] needs a name"),
        ('[[variant]]\nname = "a\\nb"', r"each \[\[variant\]\] needs a name"),
        ("seeds = [-1]", "seeds must not be negative"),
        ("seeds = [9223372036854775808]", "below 2 to the power of 63"),
        ("variant = [3]", r"each \[\[variant\]\] needs a name"),
        ("[[variant]]\nname = 'a'\n[[variant]]\nname = 'a'", "two variants are called a"),
        ("[grid]\nmodel.dim = 8", r"grid: model\.dim must be a list of values"),
        ("[grid]\nmodel.dim = []", r"grid: model\.dim must be a list of values"),
        ("[settings.training]\nseed = 3", r"training\.seed is set\. Write seeds = "),
        ("[grid]\ntraining.seed = [3]", r"training\.seed is set\. Write seeds = "),
    ],
)
def test_mistakes(tmp_path, text, message):
    with pytest.raises(UsageError, match=message) as caught:
        read(tmp_path, text + "\n")
    assert str(caught.value).startswith(f"{tmp_path}/my experiment.toml: ")


def test_files_that_are_none(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_experiment(tmp_path / "nothing.toml")
    with pytest.raises(DataError, match="is not TOML"):
        read(tmp_path, "= 3")


def test_variants_of_a_large_graph_begin_from_its_recipe(tmp_path, graph, monkeypatch):
    monkeypatch.setattr(beginning, "LARGE_FROM", 2)
    runs, _ = plan_of(read(tmp_path, "[grid]\nmodel.dropout = [0.2]\n"), graph)
    assert runs[0].settings.training.candidates == 1024
    assert runs[0].settings.model.dropout == 0.2
    runs, _ = plan_of(read(tmp_path, 'recipe = "world"\n'), graph)
    assert runs[0].settings.training.candidates == 0


def test_settings_lie_over_one_another(tmp_path, graph):
    found = read(
        tmp_path,
        'recipe = "db15k-paper"\nseeds = [5, 6]\n[settings.training]\nepochs = 7\nclip = 0.2\n'
        '[[variant]]\nname = "plain"\n[[variant]]\nname = "long"\ntraining.epochs = 9\n',
    )
    typed = {"data": {"folder": str(graph)}, "training": {"epochs": 8}}
    runs, told = plan_of(found, graph, typed)
    assert [(run.variant, run.seed) for run in runs] == [
        ("plain", 5),
        ("long", 5),
        ("plain", 6),
        ("long", 6),
    ]
    training = [run.settings.training for run in runs]
    assert [each.epochs for each in training] == [8, 9, 8, 9]
    assert {(each.clip, each.contrastive) for each in training} == {(0.2, 0.01)}
    assert len(told) == 2  # once of pictures, once of texts
    assert not runs[0].settings.tokens.image.use


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[settings.training]\nepoch = 1", r"toml: my experiment: training: unknown setting epoch"),
        ("[settings]\ntraining = 3", r"toml: my experiment: training = 3 is not a table"),
        ("[[variant]]\nname = 'a'\nmodel.dim = 7", r"toml: a: model: --dim 7 must be a multiple"),
        ("[[variant]]\nname = 'a'\nmodel.structure = false", r"^a: Nothing is left to learn from"),
        ("[[variant]]\nname = 'a'\ndecoder.name = 'trans'", r"^a: .*Did you mean transe"),
        (
            "[[variant]]\nname = 'a'\ndecoder.options.x = 1",
            r"^a: decoder tucker: unknown setting x",
        ),
        ("recipe = 'db15'", r"db15: no such recipe\. Did you mean db15k"),
        ("[[variant]]\nname = 'a'\ntokens.image_cache = 'no.h5'", r"^a: .*no\.h5"),
        ("[[variant]]\nname = 'a'\ndata.folder = 'nowhere'", r"^a: .*nowhere: no such folder"),
    ],
)
def test_mistakes_in_settings_are_found_before_anything_runs(
    tmp_path, graph, text, message, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MygoError, match=message) as caught:
        plan_of(read(tmp_path, text + "\n"), graph)
    assert "\n" not in str(caught.value)


def test_the_same_run_is_the_same_wherever_it_lies(tmp_path, graph):
    found = read(tmp_path, "seeds = [0, 1]\n")
    runs, _ = plan_of(found, graph)
    assert runs[0].identity != runs[1].identity
    elsewhere = graph.rename(tmp_path / "moved")
    typed = {"data": {"folder": str(elsewhere)}, "training": {"device": "cpu"}}
    moved, _ = plan_of(found, elsewhere, typed)
    assert [run.identity for run in moved] == [run.identity for run in runs]
    with (elsewhere / "train.txt").open("a") as file:
        file.write("b\tr\ta\n")
    changed, _ = plan_of(found, elsewhere, typed)
    assert changed[0].identity != runs[0].identity
    assert identity(Settings(), "x") != identity(Settings(), "y")


def test_tokens_of_a_modality_that_is_off_make_no_difference(tmp_path, graph):
    found = read(
        tmp_path,
        "seeds = [0]\n[grid]\ntokens.image_tokens = [1, 2]\ntokens.max_images = [3, 4]\n"
        "tokens.text_tokens = [5, 6]\n",
    )
    runs, told = plan_of(found, graph)
    assert len(told) == 2
    assert len(runs) == 8
    assert len({run.identity for run in runs}) == 1
    with_image, other = (with_images(runs[0].settings, keep) for keep in (1, 2))
    assert identity(with_image, "x") != identity(other, "x")


def with_images(settings, keep):
    """Return settings that read so many image tokens."""
    image = dataclasses.replace(settings.tokens.image, use=True, keep=keep)
    tokens = dataclasses.replace(settings.tokens, image=image)
    return dataclasses.replace(settings, tokens=tokens)


@pytest.mark.parametrize("name", [each.name for each in shipped() if each.kind == "experiment"])
@pytest.mark.parametrize("recipe", ["world", "db15k", "mkg-y-paper"])
def test_the_ready_ones_resolve(name, recipe, graph, monkeypatch):
    monkeypatch.setattr(module, "with_caches", lambda settings, *rest: settings)
    (path,) = (each.path for each in shipped() if each.name == name)
    found = dataclasses.replace(read_experiment(path), recipe=recipe)
    runs, _ = plan_of(found, graph)
    assert len({run.identity for run in runs}) >= len(runs) - 6  # one token count is the recipe's
    assert len(runs) == 3 * len(found.variants)
    assert found.description
