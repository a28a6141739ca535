"""Kill, Ctrl-C, a full disk and a second process: no cache is ever damaged."""

import errno
import os
import signal
import time

import numpy as np
import pytest
import torch
from slow_job import Process
from token_fakes import Grey, Learner, tokenize

from mygo_cli.cache import writing
from mygo_cli.cache.format import TokenCache
from mygo_cli.cache.sources import DONE
from mygo_cli.errors import DataError, Interrupted
from mygo_cli.files import only_writer
from mygo_cli.graph.pictures import read_picture
from mygo_cli.tokenizing.job import Job


def check(graph, path):
    """Every item that the cache calls done has the tokens that it should have."""
    cache = TokenCache.open(path)
    items = cache.items()
    tokenizer = Learner()
    tokenizer.use_codebook(cache.codebook())
    for row in np.flatnonzero(items.status == DONE):
        prepared = Grey().prepare(read_picture(graph.images / items.keys[row]))
        expected = tokenizer.encode(torch.from_numpy(prepared)[None])[0].tolist()
        assert items.tokens[row].tolist() == expected
    return cache, items


def only_cache(folder):
    (path,) = folder.glob("*/*.h5")
    return path


def test_killed_it_goes_on_where_it_was(graph, tmp_path):
    cache = tmp_path / "cache"
    for after in ("image 1", "image 2"):
        process = Process(graph, cache, 0.1)
        process.wait_for(after)
        process.end(kill=True)
    found, items = check(graph, only_cache(cache))
    assert not found.complete
    assert found.has_codebook
    assert (items.status == DONE).sum() >= 3
    summary = tokenize(graph, Learner(), Job(cache, batch_size=1))
    assert summary.complete
    assert summary.new <= 3
    check(graph, summary.path)


def test_ctrl_c_finishes_the_batch_in_flight(graph, tmp_path):
    process = Process(graph, tmp_path / "cache", 0.2)
    process.wait_for("image 1")
    os.kill(process.pid, signal.SIGINT)
    code, said = process.end()
    assert code == 130
    _, items = check(graph, only_cache(tmp_path / "cache"))
    done = (items.status == DONE).sum()
    assert done in (1, 2)
    assert said == f"Interrupted: image: {done} of 6 done; the same command goes on."


def test_ctrl_c_twice_does_not_wait(graph, tmp_path):
    process = Process(graph, tmp_path / "cache", 20)
    process.wait_for("image 0")
    began = time.perf_counter()
    for _ in range(2):
        os.kill(process.pid, signal.SIGINT)
        time.sleep(0.1)
    assert process.end()[0] == 130
    assert time.perf_counter() - began < 15


def test_ctrl_c_says_that_force_would_begin_again(graph, tmp_path):
    class Impatient(Grey):
        def encode(self, batch):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="0 of 6 done; the same command without --force"):
        tokenize(graph, Impatient(), Job(tmp_path, force=True))


def test_ctrl_c_while_learning_the_codebook(graph, tmp_path):
    class Impatient(Learner):
        def fit(self, batches):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="learning the codebook"):
        tokenize(graph, Impatient(), Job(tmp_path))


def test_a_second_process_is_told_to_wait(graph, tmp_path):
    process = Process(graph, tmp_path / "cache", 20)
    process.wait_for("image 0")
    code, said = Process(graph, tmp_path / "cache", 0).end()
    assert code == 1
    assert "is at work on it" in said
    process.end(kill=True)
    summary = tokenize(graph, Learner(), Job(tmp_path / "cache"))
    assert summary.complete


def test_the_lock_is_free_after_use(tmp_path):
    path = tmp_path / "a.h5"
    for _ in range(2):
        with (
            only_writer(path),
            pytest.raises(DataError, match=f"process {os.getpid()} on"),
            only_writer(path),
        ):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up(graph, tmp_path, monkeypatch):
    """What was written stays; with room again the job goes on."""
    job = Job(tmp_path / "cache", batch_size=1)
    write, calls = writing.CacheWriter._write, []

    def full_after_a_while(self, *arguments):
        calls.append(arguments)
        if len(calls) > 10:  # the codebook, and four writes for each of two items
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(writing.CacheWriter, "_write", full_after_a_while)
        with pytest.raises(DataError, match=r"cannot be written: No space left.*--cache-dir"):
            tokenize(graph, Learner(), job)
    _, items = check(graph, only_cache(tmp_path / "cache"))
    assert (items.status == DONE).sum() == 2
    assert tokenize(graph, Learner(), job).complete


def test_no_room_for_the_cache_is_found_before_hdf5_meets_it(graph, tmp_path):
    code, said = Process(graph, tmp_path / "cache", 0, most=2000).end()
    assert code == 1
    assert "cannot be written: File too large" in said
    assert list((tmp_path / "cache" / "small").iterdir()) == []


def test_a_cache_folder_that_cannot_be(graph, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written: Not a directory"):
        tokenize(graph, Grey(), Job(tmp_path / "file"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_folder_that_may_not_be_written(graph, tmp_path):
    (tmp_path / "cache").mkdir(mode=0o500)
    with pytest.raises(DataError, match="cannot be written: Permission denied"):
        tokenize(graph, Grey(), Job(tmp_path / "cache"))
