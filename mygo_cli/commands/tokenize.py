"""`mygo tokenize`: pictures and texts to discrete tokens, once, into the token cache."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mygo_cli import console
from mygo_cli.commands import completing
from mygo_cli.commands.options import CacheDirOption, DataOption
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.contracts import IMAGE_TOKENIZERS, TEXT_TOKENIZERS
from mygo_cli.distributed.group import started_by_torchrun
from mygo_cli.distributed.join import shared_device
from mygo_cli.errors import UsageError
from mygo_cli.folders import cache_dir, graph_folder

if TYPE_CHECKING:
    from mygo_cli.cache.stats import Summary
    from mygo_cli.tokenizing.plugins import Choice

FAILURES_SHOWN = 5

Flag = typer.Option


def tokenize(
    data: DataOption = None,
    cache_folder: CacheDirOption = None,
    image_backend: Annotated[
        str,
        Flag(
            "--image-backend",
            help="Image tokenizer; mygo backends lists them.",
            autocompletion=completing.backends(IMAGE_TOKENIZERS),
        ),
    ] = "visual-words",
    text_backend: Annotated[
        str,
        Flag(
            "--text-backend",
            help="Text tokenizer; mygo backends lists them.",
            autocompletion=completing.backends(TEXT_TOKENIZERS),
        ),
    ] = "bert",
    no_image: Annotated[bool, Flag("--no-image", help="Leave the pictures out.")] = False,
    no_text: Annotated[bool, Flag("--no-text", help="Leave the texts out.")] = False,
    image_weights: Annotated[
        Path | None, Flag("--image-weights", help="Weights of the image tokenizer.")
    ] = None,
    text_model: Annotated[
        str | None, Flag("--text-model", help="Language model: a folder or a published name.")
    ] = None,
    image_option: Annotated[
        list[str] | None,
        Flag(
            "--image-option", metavar="KEY=VALUE", help="Option of the image backend; repeatable."
        ),
    ] = None,
    text_option: Annotated[
        list[str] | None,
        Flag("--text-option", metavar="KEY=VALUE", help="Option of the text backend; repeatable."),
    ] = None,
    device: Annotated[str, Flag(help="auto, cpu, cuda, cuda:1, mps, ...")] = "auto",
    precision: Annotated[
        Literal["auto", "float32", "bf16"],
        Flag(help="Number format of the image encoder; auto: bf16 on CUDA, else float32."),
    ] = "auto",
    batch_size: Annotated[
        int | None, Flag(min=1, help="Items encoded at once; default: as suits the device.")
    ] = None,
    workers: Annotated[
        int | None, Flag(min=1, help="Threads that read pictures; default: one a core.")
    ] = None,
    limit: Annotated[
        int | None, Flag(min=1, help="Only the first so many items, for a trial.")
    ] = None,
    shard: Annotated[
        str | None,
        Flag(
            metavar="I/N",
            help="Only the I-th of N parts; mygo cache merge joins them. Default: all, shared out "
            "among the processes that torchrun started.",
        ),
    ] = None,
    strict: Annotated[bool, Flag("--strict", help="Stop at the first item that fails.")] = False,
    force: Annotated[bool, Flag("--force", help="Begin again, whatever is there.")] = False,
    out: Output = TERMINAL,
) -> None:
    """Turn the pictures and texts of a graph into tokens. Stopped, it goes on where it was."""
    from mygo_cli.device import choose_device
    from mygo_cli.graph.reading import read_graph
    from mygo_cli.tokenizing.job import Job
    from mygo_cli.tokenizing.plugins import Choice
    from mygo_cli.tokenizing.tokenize import tokenize_together

    part = None if shard is None else parse_shard(shard)
    if part is None and not started_by_torchrun().first:
        console.mute()
    job = Job(
        folder=cache_dir(cache_folder),
        device=str(choose_device(shared_device(device))),
        precision=precision,
        batch_size=batch_size,
        workers=workers,
        limit=limit,
        strict=strict,
        force=force,
    )
    choices: list[Choice] = []
    if not no_image:
        weights = str(image_weights.resolve()) if image_weights else None
        named = [("--image-weights", "weights", weights)]
        choices.append(Choice("image", image_backend, image_option or (), named))
    if not no_text:
        named = [("--text-model", "model", text_model)]
        choices.append(Choice("text", text_backend, text_option or (), named))
    if not choices:
        raise UsageError("--no-image and --no-text leave nothing to do.", "Leave one of them out.")
    graph = read_graph(graph_folder(data))
    with console.bars() as progress:
        summaries = tokenize_together(graph, choices, job, part, progress)

    def show_all() -> None:
        show(summaries)
        console.result(_next_step(summaries, part, data))

    rows = [as_json(summary) for summary in summaries]
    out.give(show_all, {"caches": rows}, rows)


def _next_step(summaries: list[Summary], shard: tuple[int, int] | None, data: Path | None) -> str:
    """Return what to do after the job."""
    whole = all(summary.complete for summary in summaries)
    if shard is not None and shard[1] > 1 and not whole:
        return f"Next, after all {shard[1]} shards: mygo cache merge OUT SHARDS..."
    if whole:
        return "Next: mygo train" + (f" --data {data}" if data else "")
    return "Next: mygo tokenize without --limit; only complete caches are used for training."


def parse_shard(text: str) -> tuple[int, int]:
    """Return `I/N` as two numbers, 1 <= I <= N."""
    number, _, of = text.partition("/")
    if number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of):
        return int(number), int(of)
    raise UsageError(f"--shard {text} is no part of a whole.", "Write 1/4 for the first of four.")


def as_json(summary: Summary) -> dict[str, Any]:
    """Return a summary as plain values."""
    return asdict(summary) | {
        "path": str(summary.path),
        "failures": dict(summary.failures),
        "per_second": summary.per_second,
    }


def show(summaries: list[Summary]) -> None:
    """Print what was done and what failed."""
    for summary in summaries:
        if summary.complete and not summary.new:
            console.result(f"{summary.modality}: {summary.path} is already complete.")
        else:
            console.result(f"{summary.modality}: {summary.path}")
    headers = ("", "items", "done", "failed", "left", "entities", "of", "seconds", "per second")
    console.table(headers, map(_row, summaries))
    for summary in summaries:
        for key, reason in summary.failures[:FAILURES_SHOWN]:
            console.result(f"failed: {key}: {reason}")
        if len(summary.failures) > FAILURES_SHOWN:
            console.result(f"... and {len(summary.failures) - FAILURES_SHOWN:,} more")


def _row(summary: Summary) -> list[object]:
    counts = [summary.items, summary.done, summary.failed, summary.pending]
    speed = (round(summary.seconds), round(summary.per_second)) if summary.per_second else ()
    return [
        summary.modality,
        *counts,
        summary.covered,
        summary.entities,
        *(speed or (None, None)),
    ]
