"""Filling a token cache: whole, in parts, again, and over bad pictures."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from token_fakes import Grey, Learner, Letters, small_graph, tokenize, write_graph

from mygo_cli.cache.format import TokenCache
from mygo_cli.cache.sources import DONE, FAILED, PENDING
from mygo_cli.errors import BackendError, DataError, MygoError
from mygo_cli.graph.pictures import read_picture
from mygo_cli.graph.reading import read_graph
from mygo_cli.tokenizing.job import Job


@pytest.fixture
def job(tmp_path):
    def make(**changes):
        return Job(tmp_path / "cache", **{"batch_size": 2, **changes})

    return make


def content(path):
    """Everything of a cache but when it was made."""
    cache = TokenCache.open(path)
    items = cache.items()
    arrays = (items.entity, items.tokens, items.length, items.status, cache.codebook())
    header = (
        cache.header.info,
        cache.header.sources_sha256,
        cache.complete,
        cache.entities,
        items.keys,
    )
    return [array.tolist() for array in arrays], header, items.errors


def test_pictures(graph, job):
    summary = tokenize(graph, Grey(), job(), package="package 1.0")
    assert summary.path.name == f"image-fake-{Grey().info.fingerprint[:8]}.h5"
    assert summary.path.parent.name == "small"
    assert (summary.items, summary.done, summary.covered, summary.entities) == (6, 6, 3, 4)
    assert summary.complete
    cache = TokenCache.open(summary.path)
    items = cache.items()
    assert items.entity.tolist() == [0, 0, 2, 3, 3, 3]
    assert items.keys[:3] == ["thing_0/0.png", "thing_0/1.png", "thing_2/0.png"]
    assert (items.status == DONE).all()
    grey = Grey()
    for key, tokens in zip(items.keys, items.tokens, strict=True):
        prepared = torch.from_numpy(grey.prepare(read_picture(graph.images / key)))
        assert tokens.tolist() == grey.encode(prepared[None])[0].tolist()
    np.testing.assert_array_equal(cache.codebook(), grey.codebook())
    assert cache.header.info == grey.info
    assert cache.header.backend_package == "package 1.0"


def test_texts_fall_back_to_names(graph, job):
    summary = tokenize(graph, Letters(), job())
    items = TokenCache.open(summary.path).items()
    words = [
        "".join(map(chr, tokens[:length]))
        for tokens, length in zip(items.tokens, items.length, strict=True)
    ]
    assert words == ["description ", "thing 1", "description ", "thing 3"]
    assert items.keys == ["text"] * 4
    assert items.entity.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("tokenizer", [Grey, Learner])
@pytest.mark.parametrize("workers", [1, 5])
def test_same_content_whatever_the_workers_limits_and_repeats(graph, job, tokenizer, workers):
    whole = content(tokenize(graph, tokenizer(), job()).path)
    for limit in (1, 3, 4):
        part = tokenize(graph, tokenizer(), job(limit=limit, force=limit == 1, workers=workers))
        assert part.done == limit
        assert not part.complete
    assert content(tokenize(graph, tokenizer(), job(workers=workers)).path) == whole


def test_a_complete_cache_is_left_alone(graph, job):
    path = tokenize(graph, Grey(), job()).path
    before = path.read_bytes()
    path.parent.chmod(0o500)
    try:
        again = tokenize(graph, Grey(), job())
    finally:
        path.parent.chmod(0o700)
    assert again.new == 0
    assert again.complete
    assert path.read_bytes() == before
    assert tokenize(graph, Grey(), job(force=True)).new == 6


def test_a_learned_codebook_is_learned_once(graph, job):
    first = Learner()
    tokenize(graph, first, job(limit=2))
    assert first.fitted_on == 6
    second = Learner()
    tokenize(graph, second, job())
    assert second.fitted_on == 0
    np.testing.assert_array_equal(second.codebook(), first.codebook())


def bad_pictures(graph):
    """Put three bad files among the pictures; return the graph as read again."""
    folder = graph.images / "thing_0"
    (folder / "empty.png").write_bytes(b"")
    (folder / "0.svg").write_text("<svg/>")
    (graph.images / "thing_1").mkdir()
    (graph.images / "thing_1" / "half.png").write_bytes((folder / "0.png").read_bytes()[:200])
    return read_graph(graph.folder)


@pytest.mark.parametrize("tokenizer", [Grey, Learner])
def test_bad_pictures_are_noted_and_passed_over(graph, job, tokenizer):
    graph = bad_pictures(graph)
    summary = tokenize(graph, tokenizer(), job())
    assert (summary.items, summary.done, summary.failed, summary.covered) == (9, 6, 3, 3)
    assert summary.complete
    reasons = dict(summary.failures)
    assert reasons.keys() == {"thing_0/0.svg", "thing_0/empty.png", "thing_1/half.png"}
    assert "empty" in reasons["thing_0/empty.png"]
    items = TokenCache.open(summary.path).items()
    assert (items.length[items.status == FAILED] == 0).all()


def test_strict_stops_at_the_first_bad_picture_and_keeps_the_rest(graph, job):
    graph = bad_pictures(graph)
    with pytest.raises(DataError, match=r"thing_0/0\.svg: an SVG drawing"):
        tokenize(graph, Grey(), job(strict=True))
    assert tokenize(graph, Grey(), job()).failed == 3
    with pytest.raises(DataError, match=r"thing_0/0\.svg"):
        tokenize(graph, Grey(), job(strict=True))


def test_only_bad_pictures(tmp_path, job):
    graph = small_graph(tmp_path / "small", pictures_each=(1, 0))
    (graph.images / "thing_0" / "0.png").write_bytes(b"x")
    assert tokenize(graph, Grey(), job()).failed == 1
    with pytest.raises(DataError, match=r"No picture can be read.*0\.png"):
        tokenize(graph, Learner(), job())


def test_no_pictures(tmp_path, job):
    with pytest.raises(DataError, match="no pictures"):
        tokenize(small_graph(tmp_path / "small", pictures_each=(0, 0)), Grey(), job())


def test_a_changed_picture_makes_the_cache_anew(graph, job, capsys):
    path = tokenize(graph, Grey(), job()).path
    Image.new("RGB", (8, 8)).save(graph.images / "thing_0" / "0.png")
    summary = tokenize(graph, Grey(), job())
    assert (summary.path, summary.new) == (path, 6)
    assert "made anew: pictures or their tokens changed" in capsys.readouterr().err


def test_changed_entities_make_the_cache_anew(graph, job, capsys):
    tokenize(graph, Letters(), job())
    with (graph.folder / "train.txt").open("a") as file:
        file.write("thing_0\tnext\tnewcomer\n")
    summary = tokenize(read_graph(graph.folder), Letters(), job())
    assert (summary.new, summary.entities) == (5, 5)
    assert "made anew: the entities changed" in capsys.readouterr().err


def test_a_copied_folder_keeps_its_cache(graph, job, tmp_path):
    tokenize(graph, Grey(), job())
    copy = tmp_path / "elsewhere" / "small"
    shutil.copytree(graph.folder, copy)
    assert tokenize(read_graph(copy), Grey(), job()).new == 0


def test_a_damaged_cache_is_made_anew(graph, job, capsys):
    path = tokenize(graph, Grey(), job()).path
    path.write_bytes(path.read_bytes()[:3000])
    assert tokenize(graph, Grey(), job()).new == 6
    assert "made anew" in capsys.readouterr().err


def test_shards_together_do_what_one_run_does(graph, job, tmp_path):
    elsewhere = Job(tmp_path / "whole", batch_size=2)
    whole = TokenCache.open(tokenize(graph, Learner(), elsewhere).path).items()
    seen = np.zeros(6, dtype=int)
    for number in (1, 2):
        summary = tokenize(graph, Learner(), job(shard=(number, 2)))
        assert f".shard-{number}-of-2.h5" in summary.path.name
        part = TokenCache.open(summary.path).items()
        done = part.status == DONE
        seen += done
        np.testing.assert_array_equal(part.tokens[done], whole.tokens[done])
        assert (part.status[~done] == PENDING).all()
    assert seen.tolist() == [1] * 6


def test_a_shard_of_a_complete_cache_is_not_made_again(graph, job):
    whole = tokenize(graph, Learner(), job())
    part = tokenize(graph, Learner(), job(shard=(1, 2)))
    assert (part.path, part.new, part.complete) == (whole.path, 0, True)
    again = tokenize(graph, Learner(), job(shard=(1, 2), force=True))
    assert ".shard-1-of-2.h5" in again.path.name


class TooManyTokens(Grey):
    def encode(self, batch):
        return torch.zeros(len(batch), 99, dtype=torch.int64)


class OutsideVocabulary(Grey):
    def encode(self, batch):
        return super().encode(batch) + 64


class TooFew(Grey):
    def encode(self, batch):
        return super().encode(batch)[:-1]


class Floats(Grey):
    def encode(self, batch):
        return super().encode(batch).float()


class Raises(Grey):
    def encode(self, batch):
        raise RuntimeError("first line\nsecond line")


class OutOfMemory(Grey):
    def encode(self, batch):
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")


class BadCodebook(Grey):
    def codebook(self):
        return super().codebook() * np.float32(np.nan)


@pytest.mark.parametrize(
    ("tokenizer", "message"),
    [
        (TooManyTokens, "99 tokens, its maximum is 16"),
        (OutsideVocabulary, "its vocabulary has 64"),
        (TooFew, "1 results for 2 items"),
        (Floats, "float32"),
        (Raises, "RuntimeError: first line second line"),
        (OutOfMemory, "--batch-size"),
        (BadCodebook, "not finite"),
    ],
)
def test_a_tokenizer_that_breaks_its_contract(graph, job, tokenizer, message):
    with pytest.raises(MygoError, match=message) as caught:
        tokenize(graph, tokenizer(), job())
    assert "\n" not in str(caught.value)
    assert "--image-backend fake" in str(caught.value)


class PreparesBadly(Grey):
    def prepare(self, image):
        if image.size != (30, 20):
            raise ValueError("odd size")
        return super().prepare(image)


def test_a_picture_that_the_tokenizer_cannot_prepare(graph, job):
    Image.new("RGB", (3, 3)).save(graph.images / "thing_0" / "odd.png")
    summary = tokenize(read_graph(graph.folder), PreparesBadly(), job())
    assert summary.failures == (("thing_0/odd.png", "cannot be prepared: ValueError: odd size"),)


def test_text_tokenizers_are_held_to_their_contract_too(graph, job):
    class Long(Letters):
        def encode(self, texts):
            return [[1] * 13 for _ in texts]

    with pytest.raises(BackendError, match="--text-backend fake gave 13 tokens"):
        tokenize(graph, Long(), job())


def test_an_empty_text_is_done_without_tokens(graph, job):
    class Silent(Letters):
        def encode(self, texts):
            return [[] for _ in texts]

    summary = tokenize(graph, Silent(), job())
    assert (summary.done, summary.complete) == (4, True)


def test_many_pictures_need_no_more_memory(tmp_path, job):
    """At most a few batches are prepared ahead of their use."""
    write_graph(tmp_path / "many", pictures_each=(40, 40))
    ahead, most = 0, 0

    class Counting(Grey):
        def prepare(self, image):
            nonlocal ahead, most
            ahead += 1
            most = max(most, ahead)
            return super().prepare(image)

        def encode(self, batch):
            nonlocal ahead
            ahead -= len(batch)
            return super().encode(batch)

    tokenize(read_graph(tmp_path / "many"), Counting(), job(workers=2))
    assert most <= 2 * 5 + 6
