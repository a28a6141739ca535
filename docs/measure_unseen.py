"""Measure answers about entities that training never saw: python docs/measure_unseen.py FOLDER.

A tenth of the entities of a kind, world's countries unless others are named, is taken out of the
graph: facts, names, texts and pictures. A run is trained on the rest, on world with default
settings some five minutes on one core; a run that lies in the folder already is measured again.
Then every fact of those entities is asked for its tail, filtered among the entities that are left.
Beside mygo stand how often each tail answers in train, and the linear probe of `mygo tokens probe`,
on the same questions.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import mygo_cli as mygo
from mygo_cli.cache.format import TokenCache
from mygo_cli.errors import UsageError
from mygo_cli.folders import world_folder
from mygo_cli.graph.files import SPLITS
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Triples
from mygo_cli.model.queries import Queries, ask
from mygo_cli.ranking.evaluate import find_rivals
from mygo_cli.ranking.filtering import find_known
from mygo_cli.ranking.probe import probe_tokens
from mygo_cli.ranking.ranks import ranks
from mygo_cli.runs.run import Run
from mygo_cli.runs.unseen import Unseen
from mygo_cli.runs.unseen_reading import items_of, scorer_with
from mygo_cli.tokens.bags import TokenCounts, count_tokens
from mygo_cli.tokens.table import positions_of

SHARE, SEED = 0.1, 0
Scores = Callable[[Queries], torch.Tensor]
Ranks = np.ndarray[tuple[int], np.dtype[np.float64]]


def a_tenth(graph: KnowledgeGraph, kind: str) -> list[int]:
    """Return a tenth of those entities of a kind that have picture and text, as rows."""
    pictures, texts = graph.pictures(), graph.descriptions()
    has_all = [bool(each and text) for each, text in zip(pictures, texts, strict=True)]
    alike = np.flatnonzero((np.array(graph.kinds) == kind) & has_all)
    order = np.random.default_rng(SEED).permutation(alike)
    return sorted(order[: round(SHARE * len(alike))].tolist())


def write_rest(graph: KnowledgeGraph, held: list[int], folder: Path) -> None:
    """Write the graph without some entities."""
    gone = {graph.entities[row] for row in held}
    (folder / "images").mkdir(parents=True)
    for name in ("entities.tsv", "descriptions.tsv"):
        lines = (graph.folder / name).read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if line.split("\t")[0] not in gone]
        (folder / name).write_text("".join(kept), encoding="utf-8")
    for split in SPLITS:
        triples = graph.split(split)
        rows = triples[~np.isin(triples[:, (0, 2)], held).any(1)].tolist()
        facts = [(graph.entities[h], graph.relations[r], graph.entities[t]) for h, r, t in rows]
        (folder / f"{split}.txt").write_text("".join("\t".join(fact) + "\n" for fact in facts))
    for row, pictures in enumerate(graph.pictures()):
        if row not in held and pictures:
            name = Path(pictures[0]).parts[0]
            shutil.copytree(graph.images / name, folder / "images" / name)


def trained(folder: Path, settings: Path | None) -> Run:
    """Return the run in a folder, trained now on its graph `rest` unless there is one."""
    runs = folder / "runs"
    if not runs.exists():
        caches = mygo.tokenize(folder / "rest", cache_dir=folder / "cache", device="cpu")
        mygo.train(folder / "rest", caches, settings, runs_dir=runs, device="cpu", seed=SEED)
    return mygo.open_run(data=folder / "rest", runs_dir=runs, device="cpu")


def asked_facts(whole: KnowledgeGraph, rest: KnowledgeGraph, held: list[int]) -> Triples:
    """Return the facts (T, 3) with a held-out head and a tail of the rest, as rows of the rest.

    The held-out heads have the rows behind all of the rest.
    """
    row_of = {row: len(rest.entities) + number for number, row in enumerate(held)}
    facts = []
    for head, relation, tail in whole.all_triples().tolist():
        answer = rest.entity_row.get(whole.entities[tail])
        if head in row_of and answer is not None:
            facts.append((row_of[head], rest.relation_row[whole.relations[relation]], answer))
    return np.array(facts, dtype=np.int64)


def asked_of_each(
    run: Run, told: list[Unseen], facts: Triples, scores: Callable[[Run, Unseen], Scores]
) -> Ranks:
    """Return the filtered rank of each fact's tail, asked of one unseen head after the other.

    Where nothing can be read of a head, such as a text of nothing but the commonest words, the
    answers that are frequent stand first.
    """
    found = np.zeros(len(facts))
    count = len(run.graph.entities)
    for number, unseen in enumerate(told):
        mine = facts[:, 0] == count + number
        own = facts[mine].copy()
        own[:, 0] = count  # it stands in the row behind all of the graph
        try:
            score = scores(run, unseen)
        except UsageError:
            score = frequency(run, unseen)
        questions = ask(own, torch.zeros(len(own), dtype=torch.bool))
        known = find_known(questions.queries, own)
        rivals = find_rivals(score, questions, known)
        places = np.flatnonzero(mine)[rivals.triple.numpy()]
        found[places] = ranks(rivals.better, rivals.ties).numpy()
    return found


def as_mygo(run: Run, unseen: Unseen) -> Scores:
    """Return the scores that `mygo rank` orders by."""
    return scorer_with(run, unseen)


def part_alone(joint: bool) -> Callable[[Run, Unseen], Scores]:
    """Return what gives the joint model's scores alone, or the token experts' alone."""

    def scores(run: Run, unseen: Unseen) -> Scores:
        scorer, experts = scorer_with(run, unseen), run.model.experts
        assert experts is not None
        weights = experts.weights.clone()
        weights[:, 1 if joint else 0 :][:, : None if joint else 1] = 0

        return replace(scorer, weights=weights)

    return scores


def frequency(run: Run, unseen: Unseen) -> Scores:
    """Return how often each tail answers the relation in train, whatever is asked about."""
    counts = torch.zeros(len(run.graph.relations), len(run.graph.entities))
    relation, tail = torch.from_numpy(run.graph.train[:, 1:]).unbind(1)
    counts.index_put_((relation, tail), torch.ones(len(tail)), accumulate=True)
    return lambda asked: counts[asked.relation]


def probed(run: Run, told: list[Unseen], facts: Triples, modality: str) -> tuple[float, int]:
    """Return the linear probe's MRR on the facts, and how many it was asked."""
    graph, cache = run.graph, TokenCache.open(Path(run.settings.tokens.used[modality].cache or ""))
    owners, tokens = positions_of(cache)
    for number, unseen in enumerate(told):
        ids = np.concatenate([np.zeros(0, dtype=np.int64), *items_of(run, unseen)[modality]])
        ids = ids[~np.isin(ids, cache.header.info.drop_ids)]
        tokens = np.concatenate([tokens, ids])
        owners = np.concatenate([owners, np.full(len(ids), len(graph.entities) + number)])
    names = tuple(unseen.name for unseen in told)
    more = replace(
        graph,
        entities=graph.entities + names,
        names=graph.names + names,
        kinds=graph.kinds + ("",) * len(told),
        test=facts,
    )
    counts: TokenCounts = count_tokens(
        owners, tokens, len(more.entities), cache.header.info.vocab_size
    )
    found = [each for each in probe_tokens(more, counts, modality) if each.linear is not None]
    asked = sum(each.asked for each in found)
    return sum(each.asked * (each.linear or 0.0) for each in found) / asked, asked


def main() -> None:
    """Print a row of the table for each way to answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, default=world_folder())
    parser.add_argument("--kind", default="country")
    parser.add_argument("--settings", type=Path, help="of the training, in TOML")
    parser.add_argument("--most", type=int, default=300, help="of the entities that are asked of")
    given = parser.parse_args()
    folder = given.folder
    whole = mygo.read_graph(given.data)
    held = a_tenth(whole, given.kind)
    if not (folder / "rest").exists():
        write_rest(whole, held, folder / "rest")
    run = trained(folder, given.settings)
    told = [
        Unseen(
            [whole.images / key for key in whole.pictures()[row]],
            whole.descriptions()[row],
            whole.entities[row],
        )
        for row in held[: given.most]
    ]
    facts = asked_facts(whole, run.graph, held[: given.most])
    print(f"{len(held)} of {whole.kinds.count(given.kind)} ({given.kind}) held out: ", end="")
    print(", ".join(whole.names[row] for row in held[:40]))
    print(f"{len(facts)} facts are asked.\n\n| | MRR | Hits@1 | Hits@10 |\n|---|---|---|---|")
    show("answer frequency", asked_of_each(run, told, facts, frequency))
    for modality in ("image", "text"):
        mrr, asked = probed(run, told, facts, modality)
        print(f"| linear probe on {modality} tokens ({asked} facts) | {mrr:.3f} | | |")
    show("mygo, joint model alone", asked_of_each(run, told, facts, part_alone(joint=True)))
    show("mygo, token experts alone", asked_of_each(run, told, facts, part_alone(joint=False)))
    by_text = [replace(each, images=()) for each in told]
    by_picture = [replace(each, text=None) for each in told]
    show("mygo by the pictures alone", asked_of_each(run, by_picture, facts, as_mygo))
    show("mygo by the text alone", asked_of_each(run, by_text, facts, as_mygo))
    found = asked_of_each(run, told, facts, as_mygo)
    show("mygo", found)
    show_relations(run, told, facts, found)
    show_times(run, told[:20])


def show(name: str, found: Ranks) -> None:
    """Print a row of the table."""
    hits = (f"{(found <= most).mean():.3f}" for most in (1, 10))
    print(f"| {name} | {(1 / found).mean():.3f} | {' | '.join(hits)} |", flush=True)


def show_relations(run: Run, told: list[Unseen], facts: Triples, found: Ranks) -> None:
    """Print the MRR of mygo and of frequency for each relation, most asked first."""
    often = asked_of_each(run, told, facts, frequency)
    relations = facts[:, 1]
    print("\n| relation | facts | frequency | mygo |\n|---|---|---|---|")
    for relation in np.argsort(-np.bincount(relations)):
        rows = relations == relation
        if rows.any():
            means = ((1 / each[rows]).mean() for each in (often, found))
            cells = " | ".join(f"{mean:.3f}" for mean in means)
            print(f"| {run.graph.relations[relation]} | {rows.sum()} | {cells} |")


def show_times(run: Run, told: list[Unseen]) -> None:
    """Print how long a question takes once the tokenizers are there."""
    taken = []
    for unseen in told:
        began = time.perf_counter()
        run.rank(head=unseen, relation=run.graph.relations[0])
        taken.append(1000 * (time.perf_counter() - began))
    print(f"\nA question: {statistics.median(taken):.0f} ms (median).")


if __name__ == "__main__":
    main()
