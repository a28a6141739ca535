"""`mygo train`: learn a model of a graph from its triples and tokens."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mygo_cli import config, console
from mygo_cli.commands.options import (
    CacheDirOption,
    JsonOption,
    RunsDirOption,
    cache_dir,
    graph_folder,
    runs_dir,
)
from mygo_cli.commands.settings_options import overlaid, typed, with_settings_options
from mygo_cli.errors import DataError, UsageError
from mygo_cli.training.settings import DecoderSettings, Settings

if TYPE_CHECKING:
    from mygo_cli.graph.knowledge_graph import KnowledgeGraph
    from mygo_cli.tokens.selection import TokenTable
    from mygo_cli.training.fit import Fit
    from mygo_cli.training.run_folder import RunFolder


@with_settings_options(Settings)
def train(
    config_file: Annotated[
        Path | None,
        typer.Option("--config", help="Settings in TOML; options given here overrule them."),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option("--resume", help="Go on with this interrupted run.")
    ] = None,
    decoder_option: Annotated[
        list[str] | None,
        typer.Option(
            "--decoder-option",
            metavar="KEY=VALUE",
            help="Set an option of the decoder; may be given several times.",
            rich_help_panel="Decoder",
        ),
    ] = None,
    cache_folder: CacheDirOption = None,
    runs_folder: RunsDirOption = None,
    as_json: JsonOption = False,
    **options: Any,
) -> None:
    """Train a model; the newest token caches of the graph are used unless others are named."""
    given = typed(options)
    if resume is not None:
        if given or config_file or decoder_option:
            raise UsageError(
                "--resume goes on with the settings of its run.",
                "Leave the other options out, or start a new run with --config CONFIG_OF_THE_RUN.",
            )
        folder, result = resume_run(resume, runs_dir(runs_folder))
    else:
        settings = resolve(config_file, given, decoder_option or [])
        folder, result = train_run(settings, cache_dir(cache_folder), runs_dir(runs_folder))
    if as_json:
        console.print_json({"run": str(folder.path), **result})
        return
    print_result(result)
    console.say(f"Run: {folder.path}")
    console.say("Next: mygo rank --head X --relation Y, or mygo evaluate")


def resolve(
    config_file: Path | None, given: dict[str, dict[str, Any]], decoder_options: list[str]
) -> Settings:
    """Return the settings of a file overruled by the options that were typed."""
    from mygo_cli import backends
    from mygo_cli.contracts import DECODERS

    below = without_overruled(config.read_toml(config_file), given) if config_file else {}
    where = str(config_file) if config_file else "mygo train"
    settings = config.from_dict(Settings, overlaid(below, given), where)
    cls = backends.load(DECODERS, settings.decoder.name)
    flag = f"--decoder-option of {settings.decoder.name}"
    named = {pair.partition("=")[0].strip().replace("-", "_") for pair in decoder_options}
    parsed = dataclasses.asdict(config.from_pairs(cls.Options, decoder_options, flag))
    chosen = {key: value for key, value in parsed.items() if key in named}
    complete = config.from_dict(
        cls.Options, {**settings.decoder.options, **chosen}, f"decoder {settings.decoder.name}"
    )
    decoder = dataclasses.replace(settings.decoder, options=dataclasses.asdict(complete))
    folder = settings.data.folder
    data = dataclasses.replace(
        settings.data, folder=str(Path(folder).absolute()) if folder else None
    )
    return dataclasses.replace(settings, decoder=decoder, data=data)


def without_overruled(below: dict[str, Any], given: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a file's settings without what the typed options leave no use for.

    That is the options of another decoder, and token caches of another graph or of a modality
    that is switched off.
    """
    data, tokens, decoder = (
        dict(section) if isinstance(section := below.get(name), dict) else {}
        for name in ("data", "tokens", "decoder")
    )
    chosen = given.get("decoder", {}).get("name")
    if chosen is not None and chosen != decoder.get("name", DecoderSettings().name):
        decoder.pop("options", None)
    folder = given.get("data", {}).get("folder")
    moved = folder is not None and Path(folder).absolute() != Path(data.get("folder", ""))
    for modality in ("image", "text"):
        if moved or given.get("tokens", {}).get(modality) is False:
            tokens.pop(f"{modality}_cache", None)
    return below | {
        name: section for name, section in (("tokens", tokens), ("decoder", decoder)) if section
    }


def train_run(settings: Settings, caches: Path, runs: Path) -> tuple[RunFolder, dict[str, Any]]:
    """Train from the start in a new run folder; return the folder and `result.json`."""
    from mygo_cli.training.assemble import build_model
    from mygo_cli.device import choose_device, seed_everything
    from mygo_cli.training.environment import environment
    from mygo_cli.training.fit import Fit
    from mygo_cli.training.run_folder import new_run

    device = choose_device(settings.training.device)
    graph = prepared_graph(settings)
    settings, image, text = with_tokens(settings, graph, caches)
    seed_everything(settings.training.seed)
    model = build_model(settings, graph, image, text).to(device)
    folder = new_run(runs, graph.name, settings.decoder.name)
    folder.write(folder.config, config.to_toml(settings))
    folder.write_json(folder.environment, environment(device))
    return folder, _finish(Fit(folder, settings, graph, model), graph)


def resume_run(run: Path, runs: Path) -> tuple[RunFolder, dict[str, Any]]:
    """Go on with a run where it stopped; return the folder and `result.json`."""
    from mygo_cli.device import choose_device
    from mygo_cli.training.fit import resume
    from mygo_cli.training.run_folder import RunFolder

    found = [path for path in (run, runs / run) if (path / "config.toml").is_file()]
    if not found:
        raise DataError(f"{run}: no such run.", f"Runs lie in {runs}.")
    folder = RunFolder(found[0])
    settings = folder.settings()
    graph = prepared_graph(settings)
    fit = resume(folder, settings, graph, choose_device(settings.training.device))
    return folder, _finish(fit, graph)


def _finish(fit: Fit, graph: KnowledgeGraph) -> dict[str, Any]:
    """Train to the end, measure the selected model and write the run's last files."""
    from mygo_cli.commands.training_progress import TrainingProgress
    from mygo_cli.training.card import model_card
    from mygo_cli.training.result import measure

    with TrainingProgress(fit) as progress:
        fit.run(progress.watch)
    result = measure(fit.folder, graph, fit.trainer.device)
    fit.folder.write_json(fit.folder.result, result)
    fit.folder.write(fit.folder.card, model_card(fit.folder, graph, result))
    return result


def prepared_graph(settings: Settings) -> KnowledgeGraph:
    """Return the graph to train on; raise `DataError` where its best epoch cannot be chosen."""
    from mygo_cli.graph.leaks import cut_holdout, validation_leak
    from mygo_cli.graph.reading import read_graph

    folder = settings.data.folder
    graph = read_graph(graph_folder(Path(folder) if folder else None))
    if not len(graph.train):
        raise DataError(f"{graph.folder} has no training triples.", "See docs/data.md.")
    if settings.data.holdout:
        return cut_holdout(graph, settings.data.holdout, settings.training.seed)
    if settings.data.select == "last":
        return graph
    if not len(graph.valid):
        console.note(
            "No validation triples: the last epoch is kept. "
            "--holdout 0.05 cuts some from train and keeps the best."
        )
        return graph
    leak = validation_leak(graph)
    if leak.serious:
        source = graph.sources.get("valid")
        raise DataError(f"{source.path if source else 'valid'}: {leak.message}", leak.way_out)
    return graph


def with_tokens(
    settings: Settings, graph: KnowledgeGraph, caches: Path
) -> tuple[Settings, TokenTable | None, TokenTable | None]:
    """Return the settings with their caches named, and the token tables of both modalities."""
    from mygo_cli.tokens.find import newest_cache
    from mygo_cli.tokens.table import load_token_table

    tokens = settings.tokens
    changes: dict[str, Any] = {}
    tables: dict[str, TokenTable | None] = {"image": None, "text": None}
    for modality in tables:
        named = getattr(tokens, f"{modality}_cache")
        if not getattr(tokens, modality):
            if named:
                raise UsageError(f"--{modality}-cache and --no-{modality} exclude each other.")
            continue
        path = Path(named) if named else newest_cache(caches, graph, modality)
        if path is None:
            console.note(
                f"No {modality} tokens of {graph.name} in {caches}: training without. "
                "mygo tokenize makes them."
            )
            changes[modality] = False
            continue
        kept = getattr(tokens, f"{modality}_tokens")
        most = tokens.max_images if modality == "image" else None
        tables[modality] = load_token_table(path, graph, kept, most)
        changes[f"{modality}_cache"] = str(path.absolute())
    settings = dataclasses.replace(settings, tokens=dataclasses.replace(tokens, **changes))
    if not (settings.model.structure or tables["image"] or tables["text"]):
        raise UsageError(
            "Nothing is left to learn from: no structure, no image tokens, no text tokens.",
            "Leave out --no-structure, or run mygo tokenize first.",
        )
    return settings, tables["image"], tables["text"]


def print_result(result: dict[str, Any]) -> None:
    """Print the metrics of the selected model."""
    rows = [
        (split, *(values["overall"][key] for key in ("mrr", "hits@1", "hits@3", "hits@10")))
        for split, values in result["splits"].items()
    ]
    console.table(("split", "MRR", "Hits@1", "Hits@3", "Hits@10"), rows)
