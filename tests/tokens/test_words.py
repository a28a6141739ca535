"""Who shares tokens, and the patches that are typical of a visual word."""

import numpy as np
import pytest
from PIL import Image
from token_fakes import Grey, small_graph, tokenize

from mygo_cli.cache.format import TokenCache
from mygo_cli.errors import DataError
from mygo_cli.tokenizing.job import Job
from mygo_cli.tokens.neighbours import holders, neighbours
from mygo_cli.tokens.selection import TokenTable
from mygo_cli.tokens.words import ACROSS, PATCH, visual_words, word_tiles


def table(*rows):
    """Return what entities keep, given as lists of token ids."""
    width, every = max(map(len, rows)), sorted({token for row in rows for token in row})
    ids, mask = np.zeros((2, len(rows), width), dtype=np.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = [every.index(token) for token in row]
        mask[place, : len(row)] = 1
    return TokenTable(ids, mask.astype(bool), np.zeros((len(every), 1)), np.array(every))


def test_rare_tokens_make_the_nearest():
    image = table([10, 20, 30], [10, 20], [30], [10], [])
    text = table([7, 9], [], [9], [9], [9])
    assert holders(image, 0) == {10: 3, 20: 2, 30: 2}
    found = neighbours({"image": image, "text": text}, 0)
    # All that have a text keep 9 but for nothing: log(4 / 4) = 0.
    assert [each.row for each in found] == [1, 2, 3]
    assert found[0].weight == pytest.approx(np.log(4 / 3) + np.log(4 / 2))
    assert found[0].shared == {"image": [20, 10], "text": []}
    assert found[1].shared == {"image": [30], "text": [9]}
    assert neighbours({"image": image}, 4) == []
    assert neighbours({}, 0) == []
    assert [each.row for each in neighbours({"image": image}, 0, most=1)] == [1]


@pytest.fixture
def painted(tmp_path):
    """Return a graph of pictures in halves of black, grey and white, and its cache."""
    graph = small_graph(tmp_path / "small", pictures_each=(1, 1, 0))
    for name, halves in (("thing_0", (51, 255)), ("thing_1", (51, 153))):
        pixels = np.repeat(halves, 8)[:, None].repeat(16, 1).astype(np.uint8)
        Image.fromarray(pixels).convert("RGB").save(graph.images / name / "0.png")
    return graph, TokenCache.open(tokenize(graph, Grey(), Job(tmp_path / "cache")).path)


def test_words_are_counted(painted):
    graph, cache = painted
    words = visual_words(cache, graph, 10)
    names = graph.names
    by_use = [(word.entities, word.patches, word.most_at) for word in words]
    assert by_use[0] == (2, 16, f"{names[0]}, {names[1]}")
    assert sorted(by_use[1:]) == sorted([(1, 8, names[0]), (1, 8, names[1])])
    assert len(visual_words(cache, graph, 2)) == 2


def test_tiles_are_patches_of_the_word(painted, monkeypatch):
    graph, cache = painted
    monkeypatch.setattr(
        "mygo_cli.tokens.words.rebuild", lambda *_: type("A", (), {"tokenizer": Grey()})
    )
    words = visual_words(cache, graph, 10)
    tiles = word_tiles(graph, cache, words)
    assert set(tiles) == {word.token for word in words}
    for tile in tiles.values():
        assert tile.size == (ACROSS * PATCH, ACROSS * PATCH)
    # As the tokenizer saw them: each picture stretched to black and white.
    brightness = [np.asarray(tiles[word.token]).mean() for word in words]
    assert brightness[0] < 5
    assert min(brightness[1:]) > 240  # but for the patches' edge towards the other half
    (graph.images / "thing_0" / "0.png").write_bytes(b"gone")
    assert len(word_tiles(graph, cache, words)) == 2  # of those that can still be read
    monkeypatch.setattr("mygo_cli.tokens.words.MOST_PICTURES", 0)
    assert word_tiles(graph, cache, words) == {}


def test_tokens_from_elsewhere_have_no_patches(painted, monkeypatch):
    graph, cache = painted
    monkeypatch.setattr(TokenCache, "imported", True)
    with pytest.raises(DataError, match="made elsewhere"):
        word_tiles(graph, cache, visual_words(cache, graph, 3))
