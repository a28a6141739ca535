"""The tokens of one entity, drawn and counted."""

import json

import numpy as np
import pytest
from token_fakes import Grey, Letters, small_graph, tokenize

from mygo_cli.cache.format import TokenCache
from mygo_cli.contracts import TokenizerInfo
from mygo_cli.errors import DataError
from mygo_cli.tokenizing.job import Job
from mygo_cli.tokens.drawing import SIDE, colour_of, mark_patches, tint_patches
from mygo_cli.tokens.kept import Item, KeptToken, grid_of, kept_tokens
from mygo_cli.tokens.stats import token_stats
from mygo_cli.tokens.table import table_of


@pytest.fixture
def cache(graph, tmp_path):
    path = tokenize(graph, Grey(), Job(tmp_path / "cache")).path
    return TokenCache.open(path)


@pytest.mark.parametrize("select_by", ["frequency", "tfidf"])
def test_kept_tokens_are_those_that_the_model_reads(graph, cache, select_by):
    table = table_of(cache, len(graph.entities), 5, None, select_by)
    for row in range(len(graph.entities)):
        shown = kept_tokens(cache, row, 5, select_by)
        expected = table.vocabulary[table.ids[row][table.mask[row]]]
        assert [kept.token for kept in shown.kept] == expected.tolist()
        for kept in shown.kept:
            assert kept.count == sum((item.tokens == kept.token).sum() for item in shown.items)
            for item in shown.items:
                found = np.flatnonzero(item.tokens == kept.token).tolist()
                assert kept.places.get(item.key, []) == found
    assert kept_tokens(cache, 1, 5).items == []


@pytest.mark.parametrize(("tokens", "side"), [(196, 14), (1, 1), (0, None), (197, None)])
def test_grid(tokens, side):
    assert grid_of(tokens) == side


def test_patches_of_kept_tokens_are_framed_and_the_rest_is_pale():
    prepared = np.ones((3, 8, 8), dtype=np.float32)
    prepared[:, 0, 0] = -1
    item = Item("a/b.png", np.array([5, 6, 5, 7]))
    kept = [KeptToken(5, 2, {"a/b.png": [0, 2]}), KeptToken(7, 1, {"other.png": [3]})]
    image = mark_patches(prepared, item, kept)
    half, quarter = SIDE // 2, SIDE // 4
    assert image.size == (SIDE, SIDE)
    assert image.getpixel((half - 1, half + quarter)) == colour_of(0, 2)
    assert image.getpixel((quarter, quarter)) == (255, 255, 255)
    assert image.getpixel((half + quarter, half + quarter)) == (255, 255, 255)
    assert image.getpixel((half + quarter, 2)) == (255, 255, 255)
    dark = mark_patches(-prepared, item, kept)
    assert max(dark.getpixel((quarter, quarter))) <= 2  # a kept patch is as it was
    assert min(dark.getpixel((half + quarter, half + quarter))) >= 126


def test_a_picture_of_which_nothing_is_kept_is_not_pale():
    prepared = np.zeros((3, 8, 8), dtype=np.float32)
    prepared[:, 4:] = 1
    image = mark_patches(prepared, Item("a", np.array([5, 6, 5, 7])), [KeptToken(5, 1, {})])
    assert image.getpixel((10, 10)) == (0, 0, 0)


def test_a_sequence_that_is_no_grid_leaves_the_picture_as_it_is():
    item = Item("a/b.png", np.array([5, 6, 5]))
    image = mark_patches(np.ones((3, 8, 8), dtype=np.float32), item, [KeptToken(5, 2, {})])
    assert image.size == (SIDE, SIDE)


def test_tinted_patches_show_on_a_flag_of_any_colour():
    """The picture keeps its colours; a frame within white parts a patch from it."""
    red, blue, orange = (215, 0, 10), (10, 106, 190), (215, 75, 10)
    prepared = np.stack([np.full((8, 8), value / 255, dtype=np.float32) for value in red])
    prepared[:, 0, 0] = 1, 1, 1  # values are stretched to what there is
    item = Item("a", np.array([5, 6, 7, 7]))
    kept = [KeptToken(5, 1, {"a": [3]}), KeptToken(6, 1, {"a": [1]})]
    image = tint_patches(prepared, item, [(kept[0], blue, 1.0), (kept[1], orange, 0.2)])
    half, quarter = SIDE // 2, SIDE // 4
    assert image.getpixel((quarter, half + quarter)) == red  # what no token is in
    assert image.getpixel((half, half)) == (255, 255, 255)
    assert image.getpixel((half + 1, half + 1)) == blue
    assert image.getpixel((half + 1, 1)) == orange
    middle = image.getpixel((half + quarter, half + quarter))
    assert middle == tuple((a + b) // 2 for a, b in zip(red, blue, strict=True))
    widths = [
        sum(image.getpixel((half + step, top + quarter)) == colour for step in range(quarter))
        for top, colour in ((half, blue), (0, orange))
    ]
    assert widths[0] > widths[1] > 0  # the stronger the wider


@pytest.mark.parametrize("side", [128, 256, 512])
def test_patches_of_a_pixel_or_two_are_tinted(side):
    item = Item("a", np.arange(side * side) % 2)
    image = tint_patches(
        np.ones((3, 8, 8), dtype=np.float32), item, [(KeptToken(1, 1, {"a": [1]}), (1, 2, 3), 1.0)]
    )
    assert image.size == (SIDE, SIDE)
    marked = mark_patches(np.ones((3, 8, 8), dtype=np.float32), item, [KeptToken(1, 1, {"a": [1]})])
    assert marked.size == (SIDE, SIDE)


# Statistics


def test_stats(tmp_path):
    graph = small_graph(tmp_path / "small", pictures_each=(1, 0, 2))

    class Two(Letters):
        @property
        def info(self):
            return TokenizerInfo(10, 3, 4, "e" * 64, (9,))

        def codebook(self):
            return np.zeros((10, 3), dtype=np.float32)

        def encode(self, texts):
            return [[1, 1, 2, 9], [9], [1, 2, 3, 4]]

    path = tokenize(graph, Two(), Job(tmp_path / "cache"), backend="two").path
    stats = token_stats(path, 2)
    assert (stats.entities, stats.covered, stats.done) == (3, 2, 3)
    assert (stats.least, stats.median, stats.most) == (2, 3.0, 4)
    assert stats.filled == 2
    assert (stats.used, stats.vocab_size, stats.dropped) == (4, 10, 1)
    assert (stats.top_token, stats.top_share) == (1, pytest.approx(3 / 7))
    assert (stats.shared, stats.shared_share) == (2, pytest.approx(5 / 7))  # both have 1 and 2
    assert stats.kept_shared == 1  # of each entity's two
    assert token_stats(path, 2, "tfidf").kept_shared == 0.5  # the last one has 3 and 4 to keep
    share = np.array([3, 2, 1, 1]) / 7
    assert stats.perplexity == pytest.approx(np.exp(-(share * np.log(share)).sum()))
    json.dumps(stats.perplexity)


def test_stats_of_a_cache_without_tokens(tmp_path):
    graph = small_graph(tmp_path / "small", pictures_each=(1, 0))
    (graph.images / "thing_0" / "0.png").write_bytes(b"")
    stats = token_stats(tokenize(graph, Grey(), Job(tmp_path)).path, 8)
    assert (stats.covered, stats.used, stats.perplexity, stats.top_token) == (0, 0, 0.0, -1)
    assert stats.failed == 1


def test_drawing_needs_a_picture(tmp_path):
    from mygo_cli.tokens.show import EntityTokens, write_png

    graph = small_graph(tmp_path / "small", pictures_each=(0, 0))
    with pytest.raises(DataError, match="no tokenized picture"):
        write_png(tmp_path / "a.png", EntityTokens(graph, 0, None, None))
