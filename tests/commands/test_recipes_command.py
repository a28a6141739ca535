"""`mygo recipes` and `mygo train --recipe`."""

from __future__ import annotations

import json

from run_files import newest_run, only_run, settings_of


def test_the_list(mygo):
    ended = mygo("recipes")
    assert ended.code == 0
    for name in ("db15k", "mkg-y-paper", "world", "ablation"):
        assert f" {name} " in ended.out
    printed = json.loads(mygo("recipes", "--json").out)
    assert {"kind": "recipe", "name": "world"}.items() <= printed[-4].items()


def test_one_is_printed_to_be_changed(mygo, train, tmp_path):
    ended = mygo("recipes", "mkg-y")
    assert ended.out.startswith('description = "MKG-Y')
    (tmp_path / "my.toml").write_text(ended.out)
    assert train("--config", "my.toml", "--epochs", 1).code == 0
    assert settings_of(only_run()).training.learning_rate == 3e-3


def test_a_mistyped_name(mygo, train):
    ended = mygo("recipes", "words")
    assert (ended.code, ended.err) == (
        2,
        "Error: words: no such recipe or experiment. Did you mean world?\n",
    )
    ended = train("--recipe", "db15k-papr")
    assert ended.code == 2
    assert ended.err.startswith("Error: db15k-papr: no such recipe. Did you mean db15k-paper")


def test_a_recipe_lies_below_file_and_options(train, mygo, tmp_path):
    (tmp_path / "my.toml").write_text(
        "[training]\ntemperature = 0.7\nclip = 0.5\n[decoder.options]\nmatrix_dropout = 0.1\n"
    )
    words = ("--recipe", "mkg-w-paper", "--config", "my.toml", "--clip", "0.3")
    assert train(*words, "--decoder-option", "input_dropout=0.2").code == 0
    settings = settings_of(only_run())
    training, options = settings.training, settings.decoder.options
    assert (training.schedule, training.temperature, training.clip) == ("cosine-restarts", 0.7, 0.3)
    rates = [options[f"{place}_dropout"] for place in ("matrix", "input", "output")]
    assert rates == [0.1, 0.2, 0.5]
    (tmp_path / "other.toml").write_text("[decoder]\nname = 'transe'\n")
    assert train("--recipe", "mkg-w-paper", "--config", "other.toml").code == 0
    assert settings_of(newest_run()).decoder.options == {"norm": 2}


def test_a_recipe_for_another_graph_is_used_with_a_note(train, mygo, world, tmp_path):
    ended = train("--recipe", "mkg-y", "--epochs", 1)
    assert ended.code == 0
    note = "mkg-y was made for MKG-Y with 15,000 entities; small has 20: "
    assert [line for line in ended.err.splitlines() if line.startswith(note)]
    for entities, noted in ((21, False), (40, True)):
        made_for = f'made_for = {{ graph = "g", entities = {entities} }}\n'
        (tmp_path / "my.toml").write_text(made_for)
        ended = train("--config", "my.toml", "--epochs", 1)
        assert ("my was made for g" in ended.err) is noted
    (tmp_path / "my.toml").write_text('made_for = "DB15K"\n')
    ended = train("--config", "my.toml")
    assert ended.code == 2
    assert "made_for" in ended.err.splitlines()[-1]


def test_a_mistake_in_the_file_names_the_file(train, tmp_path):
    (tmp_path / "my.toml").write_text("[training]\nepoch = 1\n")
    ended = train("--recipe", "world", "--config", "my.toml")
    assert ended.code == 2
    assert ended.err == ("Error: my.toml: training: unknown setting epoch. Did you mean epochs?\n")


def test_a_run_that_goes_on_takes_no_recipe(train, mygo):
    assert train("--epochs", 1).code == 0
    ended = mygo("train", "--resume", only_run(), "--recipe", "world")
    assert ended.code == 2
    assert "--resume goes on with the settings of its run" in ended.err
