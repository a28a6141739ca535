"""Processes that each fill a shard, joined: the file that one process would have written."""

import os
from pathlib import Path

import h5py
import numpy as np
from preloaded import CONTEXT
from token_fakes import Grey, tokenize

from mygo_cli.cache.merging import merge_caches
from mygo_cli.folders import world_folder
from mygo_cli.graph.reading import read_graph
from mygo_cli.tokenizing.job import Job


def shard(graph, folder: Path, number: int, of: int) -> None:
    tokenize(graph, Grey(), Job(folder, shard=(number, of), workers=1))


def everything(path):
    """Return all of a cache, as h5py reads it, but for the time when it was made."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: found.update(
                {name: (dict(item.attrs), item[()] if isinstance(item, h5py.Dataset) else None)}
            )
        )
        attributes = dict(file.attrs)
    created = attributes.pop("created")
    return attributes, found, created


def test_shards_of_two_processes_make_the_file_of_one(tmp_path):
    graph = read_graph(world_folder())
    parts = [CONTEXT.Process(target=shard, args=(graph, tmp_path, number, 2)) for number in (1, 2)]
    for process in parts:
        process.start()
    whole = tokenize(graph, Grey(), Job(tmp_path / "one", workers=1)).path
    for process in parts:
        process.join()
    assert [process.exitcode for process in parts] == [0, 0]
    paths = sorted(tmp_path.glob("*/*.shard-*.h5"))
    merged = merge_caches(tmp_path / "merged.h5", paths)
    assert merged.complete
    (attributes, datasets, made), (expected, content, then) = (
        everything(merged.path),
        everything(whole),
    )
    assert attributes == expected
    assert datasets.keys() == content.keys()
    for name, (own, values) in datasets.items():
        assert own == content[name][0]
        np.testing.assert_array_equal(values, content[name][1])
    # Not only what is read: every byte.
    files = [path.read_bytes() for path in (merged.path, whole)]
    assert files[0].replace(made.encode(), then.encode()) == files[1]
    assert os.path.getsize(whole) > 1000
