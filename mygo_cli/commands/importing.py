"""`mygo import`: graphs, token files and checkpoints of other tools, in mygo's own formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mygo_cli import console
from mygo_cli.commands.options import (
    CacheDirOption,
    DataOption,
    DeviceOption,
    RunsDirOption,
)
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.errors import UsageError
from mygo_cli.folders import cache_dir, graph_folder, runs_dir

if TYPE_CHECKING:
    from mygo_cli.imports.dataset_folder import Dataset

app = typer.Typer(
    help="Bring in graphs, token files and checkpoints of other tools.",
    no_args_is_help=True,
    add_completion=False,
)

FolderOption = Annotated[
    Path, typer.Option("-o", "--output", "--out", help="Dataset folder to write (docs/data.md).")
]


@app.command("official")
def official_command(
    repo_dir: Annotated[Path, typer.Argument(help="Checkout of the MyGO authors' repository.")],
    dataset: Annotated[str, typer.Option("--dataset", help="Folder below its data/, e.g. DB15K.")],
    output: FolderOption,
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
    device: DeviceOption = "auto",
    cache_folder: CacheDirOption = None,
    runs_folder: RunsDirOption = None,
    out: Output = TERMINAL,
) -> None:
    """Import a dataset of the MyGO authors: triples, tokens and, with --checkpoint, a model."""
    from mygo_cli.commands import imported
    from mygo_cli.imports.official import Places, Wanted, import_official

    left_out = {"image": no_image, "text": no_text}
    wanted = Wanted(
        dataset=dataset,
        modalities=[name for name, left in left_out.items() if not left],
        checkpoint=checkpoint,
        heads=heads,
        image_tokens=image_tokens,
        text_tokens=text_tokens,
    )
    places = Places(output, cache_dir(cache_folder), runs_dir(runs_folder))
    found = import_official(repo_dir, wanted, places, device)
    out.give(partial(imported.show, found, dataset), imported.as_json(found))


@app.command("openke")
def openke_command(
    folder: Annotated[
        Path, typer.Argument(help="Folder of entity2id.txt, train2id.txt and so on.")
    ],
    output: FolderOption,
    order: Annotated[
        Literal["htr", "hrt"],
        typer.Option(help="Columns of the triples: head, tail, relation or head, relation, tail."),
    ] = "htr",
    out: Output = TERMINAL,
) -> None:
    """Import a graph of OpenKE or NATIVE: numbered triples in *2id.txt files."""
    from mygo_cli.imports.numbered_graphs import read_openke

    _write(read_openke(folder, order), output, out)


@app.command("libkge")
def libkge_command(
    folder: Annotated[Path, typer.Argument(help="Folder of entity_ids.del, train.del and so on.")],
    output: FolderOption,
    out: Output = TERMINAL,
) -> None:
    """Import a graph of LibKGE: numbered triples in .del files."""
    from mygo_cli.imports.numbered_graphs import read_libkge

    _write(read_libkge(folder), output, out)


@app.command("pykeen")
def pykeen_command(
    folder: Annotated[Path, typer.Argument(help="What Dataset.to_directory_binary() wrote.")],
    output: FolderOption,
    out: Output = TERMINAL,
) -> None:
    """Import a dataset that PyKEEN saved: numbered triples in .tsv.gz files."""
    from mygo_cli.imports.numbered_graphs import read_pykeen

    _write(read_pykeen(folder), output, out)


@app.command("mmkb")
def mmkb_command(
    folder: Annotated[Path, typer.Argument(help="Folder of NAME_EntityTriples.txt.")],
    output: FolderOption,
    images: Annotated[
        Path | None,
        typer.Option("--images", help="Folder of pictures named by the keys of the image index."),
    ] = None,
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy the pictures instead of linking to them.")
    ] = False,
    out: Output = TERMINAL,
) -> None:
    """Import a graph of MMKB: triples, and pictures through NAME_ImageIndex.txt."""
    from mygo_cli.imports.mmkb import read_mmkb

    if copy and images is None:
        raise UsageError("--copy is about the pictures of --images.", "Name their folder.")
    found = read_mmkb(folder)
    if found.unknown:
        console.info(f"Lines of the image index that name no entity of a triple: {found.unknown:,}")
    _write(found.dataset, output, out, images, found.picture_keys, copy)


@app.command("kg-bert")
def kg_bert_command(
    folder: Annotated[Path, typer.Argument(help="Folder of train.tsv, entity2text.txt and so on.")],
    output: FolderOption,
    out: Output = TERMINAL,
) -> None:
    """Import a graph of KG-BERT or MKGformer: splits, and texts as names and descriptions."""
    from mygo_cli.imports.kg_bert import read_kg_bert

    _write(read_kg_bert(folder), output, out)


@app.command("rdf")
def rdf_command(
    files: Annotated[
        list[Path], typer.Argument(help="N-Triples (.nt), Turtle (.ttl) or RDF/XML (.rdf, .owl).")
    ],
    output: FolderOption,
    language: Annotated[
        str, typer.Option("--language", help="Language of names and descriptions, where there is.")
    ] = "en",
    out: Output = TERMINAL,
) -> None:
    """Import RDF: facts between things, labels as names, other texts as descriptions."""
    from mygo_cli.imports.rdf import as_dataset, read_rdf

    found = read_rdf(files)
    for what, count in found.left_out.items():
        console.info(f"Left out, {what}: {count:,} statements.")
    _write(as_dataset(found, language), output, out)


def _write(
    dataset: Dataset,
    output: Path,
    out: Output,
    images: Path | None = None,
    picture_keys: Mapping[str, Sequence[str]] | None = None,
    copy: bool = False,
) -> None:
    """Write a dataset folder, with its pictures if any, and say what it holds."""
    from mygo_cli.commands import imported
    from mygo_cli.imports.dataset_folder import write_dataset
    from mygo_cli.imports.pictures import place_pictures

    graph = write_dataset(output, dataset)
    facts = imported.graph_as_json(graph)
    if images is not None:
        count, covered = place_pictures(graph, picture_keys or {}, images, copy)
        facts |= {"pictures": count, "entities_with_pictures": covered}

    def show() -> None:
        imported.show_graph(graph)
        if images is not None:
            console.result(f"       {count:,} pictures of {covered:,} entities")
        console.result(f"Next: mygo data check --data {output}, mygo tokenize --data {output}")

    out.give(show, facts)


@app.command("tokens")
def tokens_command(
    file: Annotated[
        Path, typer.Argument(help="Token ids by entity, .json or .json.zip (docs/importing.md).")
    ],
    codebook: Annotated[
        Path,
        typer.Option("--codebook", help="Embeddings of the ids: .npy, .npz, .pth, .safetensors."),
    ],
    modality: Annotated[
        Literal["image", "text"], typer.Option("--modality", help="What the tokens stand for.")
    ],
    data: DataOption = None,
    drop_id: Annotated[
        list[int] | None,
        typer.Option("--drop-id", help="Token id that is never kept, repeatable."),
    ] = None,
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Leave out keys that are no entity.")
    ] = False,
    cache_folder: CacheDirOption = None,
    out: Output = TERMINAL,
) -> None:
    """Import token ids of your own, with their codebook, as a token cache of a graph."""
    from mygo_cli.commands import imported
    from mygo_cli.commands.tokenize import as_json as cache_as_json
    from mygo_cli.graph.reading import read_graph
    from mygo_cli.imports.own_tokens import OwnTokens, import_tokens

    graph = read_graph(graph_folder(data))
    own = OwnTokens(file, codebook, modality, drop_id or [], skip_unknown)
    cache = import_tokens(graph, own, cache_dir(cache_folder))

    def show() -> None:
        imported.show_cache(cache)
        console.result("Next: mygo train" + (f" --data {data}" if data else ""))

    out.give(show, cache_as_json(cache))
