"""Measure the baselines of docs/world.md on the built-in graph, several seeds.

python docs/measure_world.py [--seeds 3]

Prints Markdown; takes a few minutes on two cores. The rows of mygo are `mygo experiment ablation`.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable

import numpy as np
import torch

from mygo_cli.folders import world_folder
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.reading import read_graph
from mygo_cli.model.queries import Queries, ask
from mygo_cli.ranking.evaluate import evaluate
from mygo_cli.ranking.ranks import metrics, ranks

Numbers = dict[str, float]


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
            loss = torch.nn.functional.cross_entropy(score(batch.queries, 0.3), batch.answers)
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


def main() -> None:
    """Print one row a method: mean and standard deviation over seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    graph = read_graph(world_folder())
    rows: dict[str, Callable[[KnowledgeGraph, int], Numbers]] = {
        "answer frequency": frequency,
        "ComplEx, structure alone": complex_alone,
    }
    print("| method | test MRR | Hits@1 | Hits@10 |\n|---|---|---|---|")
    for name, run in rows.items():
        print_row(name, [run(graph, seed) for seed in range(arguments.seeds)])


def print_row(name: str, runs: list[Numbers]) -> None:
    """Print a row of the table."""
    cells = []
    for key in ("mrr", "hits@1", "hits@10"):
        values = [run[key] for run in runs]
        spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
        cells.append(f"{statistics.mean(values):.3f}{spread}")
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
