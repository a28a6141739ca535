"""`mygo import`: graphs, token files and checkpoints of other tools, in mygo's own formats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mygo_cli import console
from mygo_cli.commands.options import (
    CacheDirOption,
    JsonOption,
    RunsDirOption,
    cache_dir,
    runs_dir,
)

app = typer.Typer(
    help="Bring in graphs, token files and checkpoints of other tools.", no_args_is_help=True
)

OutOption = Annotated[Path, typer.Option("--out", help="Dataset folder to write (docs/data.md).")]


@app.command("official")
def official_command(
    repo_dir: Annotated[Path, typer.Argument(help="Checkout of the MyGO authors' repository.")],
    dataset: Annotated[str, typer.Option("--dataset", help="Folder below its data/, e.g. DB15K.")],
    out: OutOption,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="Trained model of theirs, made into a run.")
    ] = None,
    heads: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Attention heads of the checkpoint, which does not hold their number. "
            "Default: as in its file name, else as published.",
            show_default=False,
        ),
    ] = None,
    image_tokens: Annotated[
        int | None,
        typer.Option(
            min=1, help="Image tokens kept of each entity. Default: likewise.", show_default=False
        ),
    ] = None,
    text_tokens: Annotated[
        int | None,
        typer.Option(
            min=1, help="Text tokens kept of each entity. Default: likewise.", show_default=False
        ),
    ] = None,
    no_image: Annotated[bool, typer.Option("--no-image", help="Leave image tokens out.")] = False,
    no_text: Annotated[bool, typer.Option("--no-text", help="Leave text tokens out.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps, ...")] = "auto",
    cache_folder: CacheDirOption = None,
    runs_folder: RunsDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import a dataset of the MyGO authors: triples, tokens and, with --checkpoint, a model."""
    from mygo_cli.commands import imported
    from mygo_cli.imports.official import Places, Wanted, import_official

    left_out = {"image": no_image, "text": no_text}
    wanted = Wanted(
        dataset=dataset,
        modalities=[name for name, out in left_out.items() if not out],
        checkpoint=checkpoint,
        heads=heads,
        image_tokens=image_tokens,
        text_tokens=text_tokens,
    )
    places = Places(out, cache_dir(cache_folder), runs_dir(runs_folder))
    found = import_official(repo_dir, wanted, places, device)
    if as_json:
        console.print_json(imported.as_json(found))
    else:
        imported.show(found, dataset)
