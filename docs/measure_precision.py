"""Measure what `mygo complete` finds of hidden facts, and what it expects (docs/completion.md).

    python docs/measure_precision.py mess messy
    mygo train --data messy ...
    python docs/measure_precision.py found RUN [RUN ...]
    python docs/measure_precision.py expected RUN [RUN ...]

`mess` writes world, or another graph, as people have them: without kinds and pictures, a tenth of
its facts hidden in test.txt and a tenth set aside in valid.txt, each thirtieth fact wrong, each
twentieth entity under a second name in half of its facts, and a quarter of the facts of a relation
under another name, which begins with has_. `found` completes with each run as if the graph had no
test split, with and without `--missing`, and prints which share of the best facts stands in it, as
Markdown. `expected` sets that against the precision to expect, for each run and on average.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from mygo_cli.completion.questions import Request
from mygo_cli.folders import world_folder
from mygo_cli.graph.reading import read_graph
from mygo_cli.runs.expected import expected_precision
from mygo_cli.runs.opened import open_run
from mygo_cli.runs.run import Run

DEPTHS = (50, 100, 200, 500)
EXPECTED_DEPTHS = (20, 50, 100, 200, 500, 1000, 2000)
HIDDEN, ASIDE, WRONG, RENAMED, SYNONYMS = 0.1, 0.1, 1 / 30, 0.05, 0.25
Fact = tuple[str, str, str]


def mess(source: Path, folder: Path, seed: int) -> None:
    """Write the messy graph; every hidden fact is true and about what train shows."""
    graph = read_graph(source)
    random = np.random.default_rng(seed)
    rows = random.permutation(graph.all_triples())
    uses = np.bincount(rows[:, (0, 2)].ravel(), minlength=len(graph.entities))
    spared, left = [], []
    for row in rows.tolist():
        if len(spared) < (HIDDEN + ASIDE) * len(rows) and min(uses[[row[0], row[2]]]) > 2:
            spared.append(row)
            uses[[row[0], row[2]]] -= 1
        else:
            left.append(row)
    hidden = spared[: len(spared) // 2]
    folder.mkdir(parents=True)
    write(folder / "test.txt", [named(graph.entities, graph.relations, row) for row in hidden])
    aside = [named(graph.entities, graph.relations, row) for row in spared[len(spared) // 2 :]]
    write(folder / "valid.txt", aside)
    renamed = set(random.permutation(len(graph.entities))[: int(RENAMED * len(graph.entities))])
    train = []
    for head, relation, tail in left:
        end = int(random.integers(len(graph.entities))) if random.random() < WRONG else tail
        fact = named(graph.entities, graph.relations, [head, relation, end])
        if head in renamed and random.random() < 0.5:
            fact = (fact[0].replace("_", " ").title(), *fact[1:])
        if random.random() < SYNONYMS:
            fact = (fact[0], "has_" + fact[1].removeprefix("has_"), fact[2])
        train.append(fact)
    write(folder / "train.txt", list(dict.fromkeys(train)))


def named(entities: tuple[str, ...], relations: tuple[str, ...], row: list[int]) -> Fact:
    """Return a triple by its ids."""
    return entities[row[0]], relations[row[1]], entities[row[2]]


def write(path: Path, facts: list[Fact]) -> None:
    """Write a split."""
    path.write_text("".join("\t".join(fact) + "\n" for fact in facts), encoding="utf-8")


def found(runs: list[Path]) -> None:
    """Print the share of the best facts that stand in the test split."""
    print(f"| | questions | {' | '.join(f'best {depth}' for depth in DEPTHS)} |")
    print(f"|{'---|' * (2 + len(DEPTHS))}")
    opened = [open_run(path, device="cpu") for path in runs]
    for name, missing in (("all that the graph answers", False), ("`--missing`", True)):
        rows = [shares(run, missing) for run in opened]
        questions, *means = np.mean(rows, 0)
        cells = " | ".join(f"{mean:.3f}" for mean in means)
        print(f"| {name} | {questions:,.0f} | {cells} |")
    print(f"hidden facts that fill a blank cell: {np.mean([filling(run) for run in opened]):.0f}")


def shares(run: Run, missing: bool) -> list[float]:
    """Return how many questions were asked, and the shares at each of the depths."""
    shown = replace(run, graph=replace(run.graph, test=run.graph.test[:0]))
    done = shown.find_facts(Request(top=max(DEPTHS), missing=missing))
    held = np.isin(done.facts.key, run.graph.fact_keys(run.graph.test))
    return [done.questions, *(float(held[:depth].sum() / depth) for depth in DEPTHS)]


def expected(runs: list[Path]) -> None:
    """Print what was expected of the best facts and what the test split holds of them."""
    opened = [open_run(path, device="cpu") for path in runs]
    for words in ({}, {"missing": True}, {"unlinked": True}):
        request = Request(top=max(EXPECTED_DEPTHS), **words)
        rows = np.array([set_against(run, request) for run in opened])
        print(f"\n{words or 'usual'}\n\n| best | expected | found | found - expected, each run |")
        print("|---|---|---|---|")
        for depth, each in zip(EXPECTED_DEPTHS, rows.transpose(1, 0, 2), strict=True):
            said, held = each.mean(0)
            gaps = ", ".join(f"{gap:+.3f}" for gap in each[:, 1] - each[:, 0])
            print(f"| {depth:,} | {said:.3f} | {held:.3f} | {gaps} |")


def set_against(run: Run, request: Request) -> list[tuple[float, float]]:
    """Return expected and found precision at each depth, the test split taken away."""
    curve = expected_precision(run.scorer, run.graph, request)
    assert curve is not None
    shown = replace(run, graph=replace(run.graph, test=run.graph.test[:0]))
    facts = shown.find_facts(request).facts
    said = curve(np.exp(facts.log_plausibility))
    held = np.isin(facts.key, run.graph.fact_keys(run.graph.test))
    return [(float(said[:d].mean()), float(held[:d].mean())) for d in EXPECTED_DEPTHS]


def filling(run: Run) -> int:
    """Return how many test facts have an end without a fact of that relation and side."""
    graph = run.graph
    known = np.concatenate([graph.train, graph.valid, graph.other])
    number = len(graph.entities)
    cells = [facts[:, 1:2] * number + facts[:, (0, 2)] for facts in (graph.test, known)]
    blank = [~np.isin(cells[0][:, side], cells[1][:, side]) for side in (0, 1)]
    return int((blank[0] | blank[1]).sum())


def main() -> None:
    """Do what the first argument names."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="what", required=True)
    messing = commands.add_parser("mess")
    messing.add_argument("folder", type=Path)
    messing.add_argument("--source", type=Path, default=world_folder())
    messing.add_argument("--seed", type=int, default=0)
    for what in ("found", "expected"):
        commands.add_parser(what).add_argument("runs", nargs="+", type=Path)
    arguments = parser.parse_args()
    if arguments.what == "mess":
        mess(arguments.source, arguments.folder, arguments.seed)
    else:
        {"found": found, "expected": expected}[arguments.what](arguments.runs)


if __name__ == "__main__":
    main()
