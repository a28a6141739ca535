"""What is timed: a model and questions of a graph's size, with random tokens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mygo_cli.device import choose_device, seed_everything
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Triples
from mygo_cli.model.mygo import MyGO
from mygo_cli.runs.assemble import make_decoder
from mygo_cli.settings.sections import Settings
from mygo_cli.tokens.selection import TokenTable

# How often a triple names each entity, and how many relations there are, as in DB15K.
TRIPLES_PER_ENTITY, RELATIONS = 6, 279
# Codes and their width: BEiT v2's for pictures, BERT's for texts.
IMAGE_CODES, TEXT_CODES = (8192, 32), (30522, 768)


@dataclass(frozen=True)
class Workload:
    """A graph's size and triples; tokens are drawn at random, as only their number matters.

    `train` and `test` (T, 3).
    """

    name: str
    entities: int
    relations: int
    train: Triples
    test: Triples


def of_graph(graph: KnowledgeGraph) -> Workload:
    """Return the workload of a graph; where it has no test triples, training ones are ranked."""
    test = graph.test if len(graph.test) else graph.train[:10_000]
    return Workload(graph.name, len(graph.entities), len(graph.relations), graph.train, test)


def generated(entities: int) -> Workload:
    """Return a graph of so many entities whose triples are drawn evenly."""
    random = np.random.default_rng(0)
    count = TRIPLES_PER_ENTITY * entities
    size = (entities, RELATIONS, entities)
    triples = random.integers(0, size, (count, 3), dtype=np.int64)
    test = random.integers(0, size, (min(count // 8, 10_000), 3), dtype=np.int64)
    return Workload("generated", entities, RELATIONS, triples, test)


def make_model(work: Workload, settings: Settings) -> MyGO:
    """Return a fresh model of the workload's size, on the settings' device."""
    seed_everything(settings.training.seed)
    tokens = settings.tokens
    image = _tokens(work.entities, tokens.image.keep, IMAGE_CODES) if tokens.image.use else None
    text = _tokens(work.entities, tokens.text.keep, TEXT_CODES) if tokens.text.use else None
    decoder = make_decoder(settings.decoder, settings.model.dim)
    model = MyGO(work.entities, work.relations, image, text, decoder, settings.model)
    return model.to(choose_device(settings.training.device))


def _tokens(entities: int, kept: int, codes: tuple[int, int]) -> TokenTable:
    """Return `kept` random tokens for each entity, with codes of which all in use are distinct."""
    random = np.random.default_rng(kept)
    ids = random.integers(0, codes[0], (entities, kept), dtype=np.int64)
    used, places = np.unique(ids, return_inverse=True)
    vectors = random.standard_normal((len(used), codes[1]), dtype=np.float32)
    mask = np.ones(ids.shape, dtype=bool)
    return TokenTable(places.reshape(ids.shape).astype(np.int64), mask, vectors, used)
