"""Settings laid over one another."""

from __future__ import annotations

from pathlib import Path

import pytest

from mygo_cli.errors import BackendError, UsageError
from mygo_cli.settings.fields import from_dict
from mygo_cli.settings.merging import merge, resolve
from mygo_cli.settings.sections import DataSettings, DecoderSettings, Settings

BELOW = {
    "data": {"folder": "a", "holdout": 0.1},
    "tokens": {"image": {"cache": "a/image.h5", "keep": 4}, "text": {"cache": "a/text.h5"}},
    "decoder": {"name": "tucker", "options": {"chunk": 7, "input_dropout": 0.3}},
}


def test_what_is_above_wins_and_the_rest_shows_through():
    above = {"data": {"holdout": 0.2}, "decoder": {"options": {"chunk": 9}}, "model": {"dim": 8}}
    assert merge(BELOW, above) == {
        "data": {"folder": "a", "holdout": 0.2},
        "tokens": BELOW["tokens"],
        "decoder": {"name": "tucker", "options": {"chunk": 9, "input_dropout": 0.3}},
        "model": {"dim": 8},
    }
    assert BELOW["decoder"]["options"]["chunk"] == 7
    assert merge(BELOW, {}) == BELOW
    assert merge({}, BELOW) == BELOW


def test_another_decoder_drops_the_options_below():
    decoder = {"name": "transe", "options": {"norm": 1}}
    assert merge(BELOW, {"decoder": decoder})["decoder"] == decoder
    assert merge(BELOW, {"decoder": {"name": "tucker"}})["decoder"] == BELOW["decoder"]
    assert merge({"decoder": {"options": {"chunk": 7}}}, {"decoder": {"name": "tucker"}}) == {
        "decoder": {"name": "tucker", "options": {"chunk": 7}}
    }


@pytest.mark.parametrize(
    ("above", "kept"),
    [
        ({"data": {"folder": "b"}}, {"image": {"keep": 4}, "text": {}}),
        ({"data": {"folder": Path("a").absolute()}}, BELOW["tokens"]),
        (
            {"tokens": {"image": {"use": False}}},
            {"image": {"keep": 4, "use": False}, "text": BELOW["tokens"]["text"]},
        ),
    ],
)
def test_caches_without_use_are_dropped(above, kept):
    assert merge(BELOW, above)["tokens"] == kept


@pytest.mark.parametrize("below", [{}, {"holdout": 0.1}, {"folder": 5}])
def test_a_cache_named_without_a_graph_is_never_dropped_unsaid(below):
    merged = merge({**BELOW, "data": below}, {"data": {"folder": "b"}})
    assert merged["tokens"] == BELOW["tokens"]


@pytest.mark.parametrize(
    ("below", "above"),
    [
        ({"training": 3}, {"training": {"epochs": 2}}),
        ({"training": {"epochs": 2}}, {"training": 3}),
        (BELOW, {"decoder": "tucker"}),
        (BELOW, {"data": {"folder": 5}}),
        (BELOW, {"data": 5, "tokens": []}),
    ],
)
def test_what_is_no_table_is_refused_when_it_is_read(below, above):
    with pytest.raises(UsageError, match=r"x: .* is not a "):
        from_dict(Settings, merge(below, above), "x")


def test_completed():
    settings = resolve(Settings(DataSettings(folder="a"), decoder=DecoderSettings("transe")))
    assert settings.decoder.options == {"norm": 2}
    assert settings.data.folder == str(Path("a").absolute())
    assert resolve(settings) == settings
    with pytest.raises(BackendError, match="Did you mean transe"):
        resolve(Settings(decoder=DecoderSettings("trans")))
    with pytest.raises(UsageError, match="unknown setting nrm"):
        resolve(Settings(decoder=DecoderSettings("transe", {"nrm": 1})))
