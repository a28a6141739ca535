"""Measure the table of docs/world.md: mygo and baselines on the built-in graph, several seeds.

python docs/measure_world.py [--seeds 3] [--only NAME ...]

Prints Markdown; takes about 20 minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from mygo_cli.demo import world_folder
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.reading import read_graph
from mygo_cli.model.mygo import Queries
from mygo_cli.ranking.evaluate import evaluate
from mygo_cli.ranking.queries import ask
from mygo_cli.ranking.ranks import metrics, ranks

Numbers = dict[str, float]
MYGO = {
    "mygo": (),
    "mygo, no pictures": ("--no-image",),
    "mygo, no text": ("--no-text",),
    "mygo, structure alone": ("--no-image", "--no-text"),
    "mygo, no contrastive term": ("--contrastive", "0"),
}


def frequency(graph: KnowledgeGraph, seed: int) -> Numbers:
    """Score each entity by how often it answers the relation, on that side, in train."""
    counts = np.zeros((2, len(graph.relations), len(graph.entities)), dtype=np.float32)
    for side, column in ((0, 2), (1, 0)):
        np.add.at(counts[side], (graph.train[:, 1], graph.train[:, column]), 1)
    table = torch.from_numpy(counts)

    def score(queries: Queries) -> torch.Tensor:
        return table[queries.predict_head.long(), queries.relation]

    return measured(graph, score)


def complex_alone(graph: KnowledgeGraph, seed: int) -> Numbers:
    """Train plain ComplEx (Trouillon et al. 2016), a second relation vector for the head side.

    Width 128 complex, cross-entropy over all entities, dropout 0.3, Adam 3e-3, 40 epochs.
    """
    torch.manual_seed(seed)
    entities, relations = len(graph.entities), len(graph.relations)
    table = torch.nn.Embedding(entities + 2 * relations, 256)
    torch.nn.init.normal_(table.weight, std=0.1)
    optimizer = torch.optim.Adam(table.parameters(), lr=3e-3)

    def score(queries: Queries, dropout: float = 0.0) -> torch.Tensor:
        asked = queries.relation + relations * queries.predict_head
        known = torch.nn.functional.dropout(table(queries.entity), dropout)
        head = torch.view_as_complex(known.unflatten(1, (-1, 2)))
        turn = torch.view_as_complex(table(entities + asked).unflatten(1, (-1, 2)))
        return torch.view_as_real(head * turn).flatten(1) @ table.weight[:entities].T

    questions = ask(graph.train, group=False)
    for _ in range(40):
        shuffled = questions.reordered(torch.randperm(len(questions)))
        for batch in shuffled.batches(256):
            loss = torch.nn.functional.cross_entropy(
                score(batch.queries, 0.3), shuffled.answers[batch.places]
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return measured(graph, score)


def measured(graph: KnowledgeGraph, score: Callable[[Queries], torch.Tensor]) -> Numbers:
    """Return the filtered test metrics of a scoring function."""
    rivals = evaluate(score, graph.test, graph.all_triples())
    found = metrics(ranks(rivals.better, rivals.ties))
    assert found is not None
    return {key: float(value) for key, value in found.row().items()}


def train_mygo(options: tuple[str, ...], seed: int, work: Path) -> Numbers:
    """Train with the command line and return the test metrics of the selected epoch."""
    folders = ("--cache-dir", str(work / "cache"), "--runs-dir", str(work / "runs"))
    command = [sys.executable, "-m", "mygo_cli", "train", "--json", "--seed", str(seed)]
    started = time.perf_counter()
    done = subprocess.run(
        [*command, *options, *folders], stdout=subprocess.PIPE, text=True, check=True
    )
    values: Numbers = json.loads(done.stdout)["splits"]["test"]["overall"]
    return {**values, "seconds": time.perf_counter() - started}


def main() -> None:
    """Print one row a method: mean and standard deviation over seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="names of rows")
    arguments = parser.parse_args()
    graph = read_graph(world_folder())
    print("| method | test MRR | Hits@1 | Hits@10 | seconds a run |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        rows: dict[str, Callable[[int], Numbers]] = {
            "answer frequency": lambda seed: frequency(graph, seed),
            "ComplEx, structure alone": lambda seed: complex_alone(graph, seed),
        }
        for name, options in MYGO.items():
            rows[name] = lambda seed, options=options: train_mygo(options, seed, work)
        tokenize = [sys.executable, "-m", "mygo_cli", "tokenize"]
        subprocess.run(
            [*tokenize, "--cache-dir", str(work / "cache")], stdout=sys.stderr, check=True
        )
        for name, run in rows.items():
            if not arguments.only or name in arguments.only:
                print_row(name, [run(seed) for seed in range(arguments.seeds)])


def print_row(name: str, runs: list[Numbers]) -> None:
    """Print a row of the table."""
    cells = []
    for key in ("mrr", "hits@1", "hits@10"):
        values = [run[key] for run in runs]
        spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
        cells.append(f"{statistics.mean(values):.3f}{spread}")
    seconds = [run["seconds"] for run in runs if "seconds" in run]
    cells.append(f"{statistics.median(seconds):.0f}" if seconds else "-")
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
