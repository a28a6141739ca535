"""A tokenizing job that takes its time, to be killed: slow_job.py GRAPH CACHE [SECONDS A BATCH]."""

import sys
import time
from pathlib import Path

import torch
from token_fakes import Learner

from mygo_cli.errors import MygoError
from mygo_cli.graph.reading import read_graph
from mygo_cli.tokens.images import tokenize_images
from mygo_cli.tokens.job import Job


class Slow(Learner):
    def encode(self, batch):
        time.sleep(float(sys.argv[3]))
        return super().encode(batch)


def watch(what: str, done: int, total: int) -> None:
    print(what, done, flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    graph = read_graph(Path(sys.argv[1]))
    try:
        summary = tokenize_images(
            graph, Slow(), Job(Path(sys.argv[2]), "fake", batch_size=1), watch
        )
    except MygoError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
