"""Measure how fast the test triples of a graph are ranked: DB15K for docs/evaluation.md.

python docs/measure_evaluation.py --data DB15K [--repeats 3] [--sample 300] [--pykeen distmult ...]

In turns, over both sides of every test triple, filtered by all known facts:

- mygo: encoding all entities, finding the known answers and ranking. The model is TuckER 256 wide
  with random weights and 8 image and 4 text tokens an entity, random too.
- the same model, encoded before, asked one question at a time, known answers found for each;
  measured on a random sample of questions and multiplied.
- PyKEEN's RankBasedEvaluator with a PyKEEN model 256 wide, of each name in --pykeen.

Prints Markdown: seconds, in brackets those of the processor (all threads together, which other
work on the machine changes less), medians, ratios to mygo, and whether the first two ways find the
same ranks.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from mygo_cli.device import set_surroundings

set_surroundings()  # as the command does, before torch comes
os.environ.setdefault("PYSTOW_HOME", f"{tempfile.gettempdir()}/pystow")  # not the user's home

import numpy as np
import torch

from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.reading import read_graph
from mygo_cli.model.mygo import MyGO
from mygo_cli.model.queries import Queries
from mygo_cli.ranking.evaluate import Rivals, evaluate
from mygo_cli.ranking.scorer import Scorer, encoded
from mygo_cli.runs.assemble import make_decoder
from mygo_cli.settings.sections import DecoderSettings, ModelOptions
from mygo_cli.tokens.selection import TokenTable
from mygo_cli.weights.libraries import mend_torchvision

DIM = 256
IMAGE, TEXT = (8, 8192, 32), (4, 30522, 768)  # tokens an entity, words of the codebook, their width


def random_model(graph: KnowledgeGraph) -> MyGO:
    """Return a model of the published size for DB15K, its weights and tokens random."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    entities = len(graph.entities)

    def tokens(m: int, words: int, width: int) -> TokenTable:
        ids, codes = rng.integers(0, words, (entities, m)), rng.standard_normal((words, width))
        mask = np.ones((entities, m), dtype=np.bool_)
        return TokenTable(ids, mask, codes.astype(np.float32), np.arange(words))

    options = ModelOptions(dim=DIM, feed_forward=4 * DIM, heads=2)
    decoder = make_decoder(DecoderSettings("tucker"), DIM)
    return MyGO(
        entities, len(graph.relations), tokens(*IMAGE), tokens(*TEXT), decoder, options
    ).eval()


def one_at_a_time(
    score: Scorer, graph: KnowledgeGraph, asked: list[tuple[int, bool]]
) -> list[tuple[int, int]]:
    """Return how many rivals beat and equal the truth of each (test triple, side)."""
    known, found = graph.all_triples(), []
    for number, predict_head in asked:
        given, missing = (2, 0) if predict_head else (0, 2)
        triple = graph.test[number]
        same = (known[:, 1] == triple[1]) & (known[:, given] == triple[given])
        question = (triple[given : given + 1], triple[1:2], np.array([predict_head]))
        scores = score(Queries(*map(torch.from_numpy, question)))[0]
        truth = scores[triple[missing]].clone()
        scores[known[same, missing]] = -torch.inf
        found.append((int((scores > truth).sum()), int((scores == truth).sum())))
    return found


def agreement(
    rivals: Rivals, asked: list[tuple[int, bool]], found: list[tuple[int, int]]
) -> tuple[int, int]:
    """Return how many of the sample's ranks are the same in both, and the largest difference."""
    keys = zip(rivals.triple.tolist(), rivals.predict_head.tolist(), strict=True)
    counts = zip(rivals.better.tolist(), rivals.ties.tolist(), strict=True)
    counted = dict(zip(keys, counts, strict=True))
    apart = [
        abs(counted[key][0] - better) + abs(counted[key][1] - ties)
        for key, (better, ties) in zip(asked, found, strict=True)
    ]
    return apart.count(0), max(apart)


def pykeen_evaluation(name: str, graph: KnowledgeGraph, batch_size: int) -> Callable[[], Any]:
    """Return a function that ranks the test triples with PyKEEN."""
    mend_torchvision()  # PyKEEN imports it, where it is installed
    warnings.filterwarnings("ignore")
    from pykeen.evaluation import RankBasedEvaluator
    from pykeen.models import model_resolver
    from pykeen.triples import CoreTriplesFactory

    splits = [torch.from_numpy(np.ascontiguousarray(part)) for part in (graph.train, graph.valid)]
    factory = CoreTriplesFactory(splits[0], len(graph.entities), len(graph.relations))
    model = model_resolver.make(name, triples_factory=factory, embedding_dim=DIM, random_seed=0)
    test = torch.from_numpy(np.ascontiguousarray(graph.test))
    return lambda: RankBasedEvaluator(filtered=True).evaluate(
        model,
        test,
        batch_size=batch_size,
        additional_filter_triples=splits,
        use_tqdm=False,
    )


def seconds(run: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return how long something takes, its seconds of processor, and what it returns."""
    began, used = time.perf_counter(), time.process_time()
    result = run()
    return time.perf_counter() - began, time.process_time() - used, result


def alternate(ways: dict[str, Callable[[], Any]], times: dict[str, float], repeats: int) -> Any:
    """Print what each way takes, multiplied by its `times`, in turns; return the last results."""
    print("| " + " | ".join(ways) + " |\n" + "|---" * len(ways) + "|")
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    results = {}
    for _ in range(repeats):
        for name, run in ways.items():
            wall, processor, results[name] = seconds(run)
            taken[name].append((wall * times.get(name, 1), processor * times.get(name, 1)))
        print_row([taken[name][-1] for name in ways], "{:.2f} ({:.2f})")
    medians = [
        tuple(statistics.median(values) for values in zip(*taken[name], strict=True))
        for name in ways
    ]
    print_row(medians, "median {:.2f} ({:.2f})")
    print_row([(w / medians[0][0], p / medians[0][1]) for w, p in medians], "{:.1f} x ({:.1f} x)")
    return results


def print_row(cells: Iterable[tuple[float, ...]], form: str) -> None:
    """Print a row of a table, in each cell the time that passed and the processor's."""
    print("| " + " | ".join(form.format(*cell) for cell in cells) + " |", flush=True)


def main() -> None:
    """Measure and print."""
    arguments = parsed()
    torch.set_num_threads(arguments.threads or torch.get_num_threads())
    graph = read_graph(arguments.data)
    model, known = random_model(graph), graph.all_triples()
    scorer = encoded(model)
    count = 2 * len(graph.test)
    chosen = np.random.default_rng(0).choice(count, min(arguments.sample, count), replace=False)
    asked = [(int(number) // 2, bool(number % 2)) for number in chosen]
    single = f"one at a time ({len(asked)} x {count / len(asked):.1f})"
    ways: dict[str, Callable[[], Any]] = {
        "mygo": lambda: evaluate(encoded(model), graph.test, known, arguments.batch_size),
        single: lambda: one_at_a_time(scorer, graph, asked),
    }
    for name in arguments.pykeen:
        ways[f"PyKEEN {name}"] = pykeen_evaluation(name, graph, arguments.pykeen_batch_size)
    print(f"{arguments}\nPyTorch {torch.__version__}, {torch.get_num_threads()} threads")
    print(f"{len(graph.entities):,} entities, {len(graph.test):,} test triples")
    results = alternate(ways, {single: count / len(asked)}, arguments.repeats)
    same, apart = agreement(results["mygo"], asked, results[single])
    print(f"{same} of {len(asked)} ranks of the sample are equal, the others within {apart}")


def parsed() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sample", type=int, default=300, help="questions asked one at a time")
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--pykeen", nargs="*", default=["distmult"], metavar="MODEL")
    parser.add_argument("--pykeen-batch-size", type=int, default=256)
    parser.add_argument("--threads", type=int, help="of PyTorch")
    return parser.parse_args()


if __name__ == "__main__":
    main()
