"""Measure whether explanations are honest: python docs/measure_explanations.py [RUN] --png FILE.

Of some test questions the best answer is explained, and the tokens of both entities are ordered by
what `mygo explain` says each is worth. Then several are masked at once: those that spoke most for
the answer, as many at random, those that spoke most against it. If the explanations are honest, the
first move the score down most. Drawing needs matplotlib.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

import mygo_cli as mygo
from mygo_cli.model.queries import Queries
from mygo_cli.ranking.answers import Question, as_queries, predict
from mygo_cli.ranking.explain import BagPlaces, Effect, explain, read_without
from mygo_cli.ranking.filtering import hide_asked, loop_relations
from mygo_cli.runs.explained import bag_places, sources_of
from mygo_cli.runs.run import Run

COUNTS = (1, 2, 4, 8, 12, 16)  # tokens that are masked at once
DRAWS = 5  # at random, of each count
WAYS = ("most for the answer", "at random", "most against it")
Curves = dict[str, np.ndarray[tuple[int, int], np.dtype[np.float64]]]


def some_questions(run: Run, count: int) -> Iterator[Question]:
    """Yield the tail questions of random test facts, each once."""
    test = run.graph.test
    for head, relation, _ in test[np.random.default_rng(0).permutation(len(test))[:count]].tolist():
        yield Question(head, relation, None)


def masked_score(
    run: Run, query: Queries, answer: int, gone: Sequence[Effect], places: BagPlaces
) -> tuple[float, bool]:
    """Return the answer's score without several tokens, and whether it is still the best."""
    table = run.scorer.copied()
    for row in {effect.row for effect in gone}:
        own = [effect.masked for effect in gone if effect.row == row]
        table.put(row, *read_without(run.model, row, own, places))
    scores = table(query)
    hide_asked(scores, query, loop_relations(run.graph.all_triples(), len(run.graph.relations)))
    return float(scores[0, answer]), int(scores[0].argmax()) == answer


def measure(run: Run, count: int) -> tuple[Curves, Curves, int]:
    """Return the change of the score and whether the answer is still first, (Q, counts) a way.

    The third is how many of the questions have an answer that rests on enough tokens.
    """
    random = np.random.default_rng(1)
    changes: dict[str, list[list[float]]] = {way: [] for way in WAYS}
    first: dict[str, list[list[float]]] = {way: [] for way in WAYS}
    with torch.no_grad():
        for question in some_questions(run, count):
            ((best, *_),) = predict(run.scorer, run.graph, [question], 1)
            query, answer = as_queries([question]), best.entity
            places = bag_places(run, sources_of(run, {question.asked, answer}))
            everyone = torch.ones(len(run.graph.entities), dtype=torch.bool, device=run.device)
            found = explain(run.scorer, query, answer, everyone, places)
            tokens = [each for each in found.effects if each.masked.place is not None]
            if len(tokens) < max(COUNTS):
                continue
            tokens.sort(key=lambda effect: effect.score)
            ways = {
                WAYS[0]: [[tokens[:k]] for k in COUNTS],
                WAYS[1]: [
                    [[tokens[p] for p in random.permutation(len(tokens))[:k]] for _ in range(DRAWS)]
                    for k in COUNTS
                ],
                WAYS[2]: [[tokens[::-1][:k]] for k in COUNTS],
            }
            for way, sets in ways.items():
                seen = [
                    np.mean([masked_score(run, query, answer, gone, places) for gone in draws], 0)
                    for draws in sets
                ]
                changes[way].append([float(score) - found.score for score, _ in seen])
                first[way].append([float(best) for _, best in seen])
    arrays = ({way: np.array(rows) for way, rows in each.items()} for each in (changes, first))
    return *arrays, len(changes[WAYS[0]])


def draw(path: Path, changes: Curves, first: Curves) -> None:
    """Draw both curves with the middle half of the questions shaded."""
    plt = importlib.import_module("matplotlib.pyplot")
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.4), constrained_layout=True)
    for way, color in zip(WAYS, ("#2563a8", "#777777", "#c26a12"), strict=True):
        low, high = np.percentile(changes[way], (25, 75), axis=0)
        left.plot(COUNTS, changes[way].mean(0), "o-", ms=3.5, color=color, label=way)
        left.fill_between(COUNTS, low, high, color=color, alpha=0.13, lw=0)
        right.plot(COUNTS, first[way].mean(0), "o-", ms=3.5, color=color)
    left.axhline(0, color="#bbbbbb", lw=0.8, zorder=0)
    left.set(title="change of the answer's score", xlabel="tokens masked")
    left.legend(frameon=False, title="which tokens are masked", alignment="left")
    right.set(title="share of answers that stay first", xlabel="tokens masked", ylim=(0, 1.02))
    for axes in (left, right):
        axes.set_xticks(COUNTS)
    figure.savefig(path, dpi=120, facecolor="white")


def main() -> None:
    """Print both tables, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", nargs="?")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--png", type=Path)
    given = parser.parse_args()
    run = mygo.open_run(given.run, device="cpu")
    changes, first, asked = measure(run, given.questions)
    print(f"{asked} answers of {given.questions} rest on at least {max(COUNTS)} tokens.\n")
    print(f"| masked | {' | '.join(map(str, COUNTS))} |\n|---|{'---|' * len(COUNTS)}")
    for what, curves in (("score", changes), ("first", first)):
        for way in WAYS:
            cells = " | ".join(f"{value:.2f}" for value in curves[way].mean(0))
            print(f"| {what}: {way} | {cells} |")
    for k, top, drawn in zip(COUNTS, changes[WAYS[0]].T, changes[WAYS[1]].T, strict=True):
        print(f"{k}: top tokens move the score down further in {(top < drawn).mean():.1%}")
    if given.png:
        draw(given.png, changes, first)


if __name__ == "__main__":
    main()
