"""From settings and tokens, or from a checkpoint, to a model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mygo_cli.errors import TO_THE_AUTHOR, BackendError, DataError, UsageError, one_line
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.model.mygo import MyGO
from mygo_cli.settings.merging import decoder_plugin
from mygo_cli.settings.sections import DecoderSettings, Settings
from mygo_cli.tokens.bags import TokenBags
from mygo_cli.tokens.selection import TokenTable


def make_decoder(settings: DecoderSettings, dim: int) -> torch.nn.Module:
    """Return the decoder plugin. Raises `BackendError` or `UsageError`."""
    cls, options = decoder_plugin(settings)
    try:
        decoder: torch.nn.Module = cls(dim, options)
    except ValueError as error:
        raise UsageError(f"decoder {settings.name}: {error}") from error
    _try_out(decoder, settings.name, dim)
    return decoder


def _try_out(decoder: torch.nn.Module, name: str, dim: int) -> None:
    """Score a little with a plugin; raise `BackendError`, now and not within a run, if it fails."""
    queries, entities = 2, 3
    asked, scored = torch.ones(queries, dim), torch.ones(entities, dim)
    if asked.device.type == "meta":  # of a model that is only counted
        return
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            found = tuple(decoder.eval()(asked, asked, scored).shape)
    except Exception as error:
        raise BackendError(f"--decoder {name} failed: {one_line(error)}.", TO_THE_AUTHOR) from error
    decoder.train()
    if found != (queries, entities):
        wrong = f"gave scores {found} for {queries} questions and {entities} entities"
        raise BackendError(f"--decoder {name} {wrong}.", TO_THE_AUTHOR)


def build_model(
    settings: Settings, graph: KnowledgeGraph, image: TokenTable | None, text: TokenTable | None
) -> MyGO:
    """Return a fresh model for a graph."""
    decoder = make_decoder(settings.decoder, settings.model.dim)
    return MyGO(len(graph.entities), len(graph.relations), image, text, decoder, settings.model)


def rebuild_model(settings: Settings, state: Mapping[str, Tensor], path: Path) -> MyGO:
    """Return the model whose parameters and token tables are `state`, read from `path`.

    Raises `DataError` where the settings describe another model than the checkpoint holds.
    """
    try:
        image, text = _table(state, "image"), _table(state, "text")
        num_entities, num_relations = _num_entities(state), len(state["relation.weight"])
        decoder = make_decoder(settings.decoder, settings.model.dim)
        options = settings.model
        if "experts.weights" not in state:  # as in runs of before there were any
            options = dataclasses.replace(options, expert_dim=0)
        model = MyGO(num_entities, num_relations, image, text, decoder, options)
        _check_formats(model, state)
        model.load_state_dict(dict(state), assign=True)
    except BackendError as error:
        raise error.within(
            str(path), "The run needs the plugin that it was trained with."
        ) from None
    except (KeyError, RuntimeError, ValueError) as error:
        raise DataError(
            f"{path} does not fit the config.toml of its run.", "Was one of them edited?"
        ) from error
    return model


def _check_formats(model: MyGO, state: Mapping[str, Tensor]) -> None:
    """Raise `ValueError` for a parameter in another number format: loading would take it over."""
    for name, parameter in model.state_dict().items():
        if state[name].dtype != parameter.dtype:
            raise ValueError(f"{name} is {state[name].dtype}")


def _num_entities(state: Mapping[str, Tensor]) -> int:
    for name in ("structure.weight", "image.ids", "text.ids"):
        if f"entity_encoder.{name}" in state:
            return len(state[f"entity_encoder.{name}"])
    raise KeyError("entity_encoder")


def _table(state: Mapping[str, Tensor], modality: str) -> TokenTable | None:
    """Return one modality's token table as the checkpoint holds it."""
    prefix = f"entity_encoder.{modality}."
    if f"{prefix}ids" not in state:
        return None
    ids, mask, codes = (state[prefix + name].numpy() for name in ("ids", "mask", "codes"))
    table = TokenTable(ids, mask, codes, torch.arange(len(codes)).numpy())
    return dataclasses.replace(table, bags=_bags(state, modality))


def _bags(state: Mapping[str, Tensor], modality: str) -> TokenBags | None:
    """Return all tokens of one modality's entities, None in a run without token experts."""
    prefix = f"experts.modalities.{modality}.bag."
    if f"{prefix}ids" not in state:
        return None
    names = ("start", "ids", "weights", "codes")
    return TokenBags(*(state[prefix + name].numpy() for name in names))


def graph_identity(graph: KnowledgeGraph) -> dict[str, Any]:
    """Return what a checkpoint keeps of its graph, to notice another one."""
    return {
        "name": graph.name,
        "entities_sha256": graph.entities_sha256,
        "entity_set_sha256": graph.entity_set_sha256,
        "relations": list(graph.relations),
    }


def check_same_graph(identity: Mapping[str, Any], graph: KnowledgeGraph, path: Path) -> None:
    """Raise `DataError` where `graph` is not the one that the checkpoint at `path` knows."""
    here = graph_identity(graph)
    for key, what in (("entities_sha256", "entities"), ("relations", "relations")):
        if identity[key] != here[key]:
            how = _how_they_differ(identity, here, what)
            raise DataError(
                f"{path} was trained on the graph {identity['name']}; the {what} of "
                f"{graph.folder} are {how}.",
                "Name its folder with --data, or train again.",
            )


def _how_they_differ(identity: Mapping[str, Any], here: Mapping[str, Any], what: str) -> str:
    """Return what the entities or relations of a graph are to those that a checkpoint knows.

    They are numbered in the order of the lines, so the same in another order do not fit either.
    """
    if what == "relations":
        same = sorted(identity["relations"]) == sorted(here["relations"])
    elif "entity_set_sha256" in identity:
        same = identity["entity_set_sha256"] == here["entity_set_sha256"]
    else:  # a checkpoint of before it was kept
        return "others, or in another order"
    return "the same in another order, which their numbers follow" if same else "others"
