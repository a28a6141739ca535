"""Measure the numbers of docs/completion.md: how fast facts are found, and how good orders are.

python docs/measure_completion.py speed FOLDER [--repeats 3]
python docs/measure_completion.py orders RUN [RUN ...]

`speed` asks every question of the graph in FOLDER with an untrained model of the published width.
`orders` finds facts with each run as if the graph had no test split, and says how many of the best
stand in it. Both print Markdown.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mygo_cli.device import set_surroundings

set_surroundings()  # as the command does, before torch comes

import numpy as np
import torch

from mygo_cli.completion.questions import seen_questions
from mygo_cli.completion.search import Facts, TopFacts, believe, complete
from mygo_cli.device import Portion
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.reading import read_graph
from mygo_cli.model.mygo import MyGO
from mygo_cli.model.queries import Queries, triples_of
from mygo_cli.ranking.filtering import find_known, loop_relations
from mygo_cli.ranking.scorer import block_size, encoded
from mygo_cli.runs.assemble import make_decoder
from mygo_cli.runs.opened import open_run
from mygo_cli.settings.sections import DecoderSettings, ModelOptions

NUMBERS = (100, 1000)
AT_ONCE = 512
Score = Callable[[Queries], torch.Tensor]


def speed(folder: Path, repeats: int) -> None:
    """Print questions, and the median of questions a second over all of them."""
    graph = read_graph(folder)
    torch.manual_seed(0)
    decoder = make_decoder(DecoderSettings(), 256)
    options = ModelOptions(dim=256, feed_forward=1024)
    model = MyGO(len(graph.entities), len(graph.relations), None, None, decoder, options)
    score, queries = encoded(model), seen_questions(graph)
    seconds = [seconds_of(score, graph, queries) for _ in range(repeats)]
    median, threads = statistics.median(seconds), torch.get_num_threads()
    print(f"{len(graph.entities):,} entities, {len(queries.entity):,} questions, {threads} threads")
    print(f"seconds: {', '.join(f'{each:.0f}' for each in seconds)}; median {median:.0f}")
    print(f"{len(queries.entity) / median:,.0f} questions a second")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB")


def seconds_of(score: Score, graph: KnowledgeGraph, queries: Queries) -> float:
    """Return how long it takes to find the best 1,000 facts."""
    portion = Portion(block_size(len(graph.entities)), "questions")
    began = time.perf_counter()
    for done in complete(score, graph, queries, TopFacts(1000), portion):
        del done
    return time.perf_counter() - began


def orders(runs: list[Path]) -> None:
    """Print the share of the best facts that stand in the test split, by what orders them."""
    shares: dict[str, list[list[float]]] = {}
    for run in runs:
        opened = open_run(run, device="cpu")
        for name, row in shares_of(opened.scorer, opened.graph).items():
            shares.setdefault(name, []).append(row)
    print("| ordered by | best 100 | best 1,000 |\n|---|---|---|")
    for name, rows in shares.items():
        cells = [f"{mean:.3f}" for mean in np.mean(rows, 0)]
        print(f"| {name} | {' | '.join(cells)} |")


def shares_of(score: Score, graph: KnowledgeGraph) -> dict[str, list[float]]:
    """Return for each order which share of its best facts the test split holds."""
    shown = replace(graph, test=graph.test[:0])
    test = np.setdiff1d(graph.fact_keys(graph.test), graph.fact_keys(shown.all_triples()))
    tops: dict[str, TopFacts] = {}
    for side in ("tail", "head"):
        offer_all(score, shown, seen_questions(shown, side=side), tops)
    keys = {name: top.best().key for name, top in tops.items()}
    return {
        name: [float(np.isin(key[:number], test).mean()) for number in NUMBERS]
        for name, key in keys.items()
    }


def offer_all(
    score: Score, graph: KnowledgeGraph, queries: Queries, tops: dict[str, TopFacts]
) -> None:
    """Offer all answers to `queries`, which ask for one side, to one list for each order."""
    facts = graph.all_triples()
    known, loops = find_known(queries, facts), loop_relations(facts, len(graph.relations))
    for first in range(0, len(queries.entity), AT_ONCE):
        rows = slice(first, min(first + AT_ONCE, len(queries.entity)))
        asked = queries.at(rows)
        scores = score(asked)
        beliefs = believe(scores, asked, loops, known.part(rows))
        probability = beliefs.log_probability()
        among_new = probability - probability.logsumexp(1, keepdim=True).nan_to_num(neginf=0.0)
        orders = {
            "plausibility": probability + beliefs.known,
            "probability": probability,
            "probability among new answers": among_new,
            "score": scores.double(),
        }
        for name, values in orders.items():
            top = tops.setdefault(name, TopFacts(max(NUMBERS)))
            top.offer(promising(top, values, asked, graph))


def promising(top: TopFacts, values: torch.Tensor, asked: Queries, graph: KnowledgeGraph) -> Facts:
    """Return the facts that may be among the best by `values` (B, N)."""
    rows, entities = top.promising(values)
    chosen = asked.at(rows)
    value = values[rows, entities].numpy()
    key = graph.fact_keys(triples_of(chosen, entities).numpy())
    return Facts(key, value, value, value.astype("f4"), chosen.predict_head.numpy())


def main() -> None:
    """Measure what the first argument names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("speed", "orders"))
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.what == "orders":
        orders(arguments.folders)
    else:
        for folder in arguments.folders:
            speed(folder, arguments.repeats)


if __name__ == "__main__":
    main()
