"""`mygo tokens`: what the model reads of an entity, and how the codebooks are used."""

from __future__ import annotations

import logging
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mygo_cli import console
from mygo_cli.commands import completing
from mygo_cli.commands.options import CacheDirOption, DataOption
from mygo_cli.commands.output import HTML, PNG, TERMINAL, Output, check_file
from mygo_cli.commands.probe import probe
from mygo_cli.folders import cache_dir, graph_folder
from mygo_cli.settings.sections import (
    ImageTokenSettings,
    SelectBy,
    TextTokenSettings,
    TokenSettings,
)

if TYPE_CHECKING:
    from mygo_cli.tokens.neighbours import Neighbour
    from mygo_cli.tokens.show import EntityTokens, ModalityView
    from mygo_cli.tokens.stats import TokenStats

KEPT = TokenSettings()  # what mygo train keeps unless told otherwise

log = logging.getLogger(__name__)

_CROPPING = "mygo tokenize --image-option crop=true cuts margins of one colour. "
_SUCH_AS = {"image": ", such as a blank background", "text": ", such as words of every text"}
TOO_MUCH_SHARED = 0.5  # of all positions
NEAREST = 5  # entities that share tokens, in words
MOST_WORDS = 2000  # on one sheet: some kB each

app = typer.Typer(
    help="Look at the tokens that the model reads.", no_args_is_help=True, add_completion=False
)

app.command("probe")(probe)

ImageTokensOption = Annotated[
    int, typer.Option("--image-tokens", min=1, help="Image tokens kept per entity.")
]
TextTokensOption = Annotated[
    int, typer.Option("--text-tokens", min=1, help="Text tokens kept per entity.")
]
SelectByOption = Annotated[
    SelectBy,
    typer.Option("--select-by", help="Keep the most frequent ones, or weigh down what many have."),
]


@app.command("show")
def show_command(
    entity: Annotated[
        str, typer.Argument(help="Id or display name.", autocompletion=completing.entities)
    ],
    data: DataOption = None,
    cache_folder: CacheDirOption = None,
    image_tokens: ImageTokensOption = KEPT.image.keep,
    text_tokens: TextTokensOption = KEPT.text.keep,
    select_by: SelectByOption = KEPT.select_by,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page with pictures and text.")
    ] = None,
    png: Annotated[
        Path | None, typer.Option("--png", help="Draw the pictures with their kept patches.")
    ] = None,
    out: Output = TERMINAL,
) -> None:
    """Show the tokens that are kept of an entity, and where they stand in its pictures and text."""
    from mygo_cli.graph.reading import read_graph
    from mygo_cli.tokens.neighbours import neighbours
    from mygo_cli.tokens.show import as_json, entity_tokens, pictures_of, write_png
    from mygo_cli.tokens.table import table_of

    check_file(html, "--html", HTML)
    check_file(png, "--png", PNG)
    graph = read_graph(graph_folder(data))
    row = graph.find_entity(entity)
    image, text = ImageTokenSettings(keep=image_tokens), TextTokenSettings(keep=text_tokens)
    tokens = TokenSettings(select_by, image, text)
    shown = entity_tokens(graph, cache_dir(cache_folder), row, tokens)
    kept = {"image": image_tokens, "text": text_tokens}
    tables = {
        seen.cache.header.modality: table_of(
            seen.cache,
            len(graph.entities),
            kept[seen.cache.header.modality],
            select_by=select_by,
        )
        for seen in filter(None, (shown.image, shown.text))
    }
    if html is not None:
        from mygo_cli.files import as_utf8, atomic_write
        from mygo_cli.pages.tokens_page import tokens_page

        with atomic_write(html) as file:
            file.write(as_utf8(tokens_page(shown, pictures_of(shown), tables)))
        console.info(f"Wrote {html}.")
    if png is not None:
        write_png(png, shown)
        console.info(f"Wrote {png}.")
    near = neighbours(tables, row)
    out.give(partial(_print, shown, near), as_json(shown, near), rows=_rows(shown))


@app.command("words")
def words_command(
    data: DataOption = None,
    cache_folder: CacheDirOption = None,
    top: Annotated[
        int,
        typer.Option(min=1, max=MOST_WORDS, help="How many words, those of most entities first."),
    ] = 500,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a sheet with patches of each word.")
    ] = None,
    out: Output = TERMINAL,
) -> None:
    """Show the visual words: how many entities have each, and the patches that became it."""
    from mygo_cli.cache.finding import newest_cache, no_cache
    from mygo_cli.cache.format import TokenCache
    from mygo_cli.graph.reading import read_graph
    from mygo_cli.runs.rows import Rows
    from mygo_cli.tokens.words import VisualWord, visual_words

    check_file(html, "--html", HTML)
    graph, folder = read_graph(graph_folder(data)), cache_dir(cache_folder)
    path = newest_cache(folder, graph, "image")
    if path is None:
        raise no_cache(folder, graph, "of pictures ")
    cache = TokenCache.open(path)
    words = visual_words(cache, graph, top)
    if html is not None:
        from mygo_cli.files import as_utf8, atomic_write
        from mygo_cli.pages.tokens_page import words_page

        with console.bars(transient=True) as progress, atomic_write(html) as file:
            file.write(as_utf8(words_page(graph, cache, words, progress)))
        console.info(f"Wrote {html}.")
    out.give_rows(Rows(VisualWord, words))


@app.command("stats")
def stats_command(
    data: DataOption = None,
    cache_folder: CacheDirOption = None,
    image_tokens: ImageTokensOption = KEPT.image.keep,
    text_tokens: TextTokensOption = KEPT.text.keep,
    select_by: SelectByOption = KEPT.select_by,
    out: Output = TERMINAL,
) -> None:
    """Count how many entities have tokens, how many each, and how the codebooks are used."""
    from mygo_cli.cache.finding import newest_cache, no_cache
    from mygo_cli.graph.reading import read_graph
    from mygo_cli.tokens.stats import token_stats

    graph, folder = read_graph(graph_folder(data)), cache_dir(cache_folder)
    kept = {"image": image_tokens, "text": text_tokens}
    found = {modality: newest_cache(folder, graph, modality) for modality in kept}
    stats = [
        token_stats(path, kept[modality], select_by) for modality, path in found.items() if path
    ]
    if not stats:
        raise no_cache(folder, graph)
    rows = [asdict(each) | {"path": str(each.path)} for each in stats]
    out.give(partial(_print_stats, stats), rows)
    _warn(stats)


def _print(shown: EntityTokens, near: list[Neighbour]) -> None:
    """Print a table for each modality, and who shares most."""
    from mygo_cli.tokens.show import places_of

    console.result(shown.title)
    for seen in filter(None, (shown.image, shown.text)):
        _print_missing(seen)
        if seen.tokens.kept and seen.cache.header.modality == "image":
            rows = [(str(t.token), t.count, places_of(t, seen)) for t in seen.tokens.kept]
            console.table(("image token", "count", "picture: row,column of its patches"), rows)
        elif seen.tokens.kept:
            words = [
                (str(t.token), seen.piece_of(t), t.count, places_of(t, seen))
                for t in seen.tokens.kept
            ]
            console.table(("text token", "word piece", "count", "places in the text"), words)
    if near:
        names = [shown.graph.names[each.row] for each in near[:NEAREST]]
        console.result(f"Shares most with: {', '.join(names)}")


def _rows(shown: EntityTokens) -> list[dict[str, object]]:
    """Return a row for each kept token of both modalities."""
    from mygo_cli.tokens.show import places_of

    return [
        {
            "entity": shown.graph.entities[shown.row],
            "modality": seen.cache.header.modality,
            "token": kept.token,
            "piece": seen.piece_of(kept) or None,
            "count": kept.count,
            "places": places_of(kept, seen),
        }
        for seen in filter(None, (shown.image, shown.text))
        for kept in seen.tokens.kept
    ]


def _print_missing(seen: ModalityView) -> None:
    """Say what a modality has not."""
    for key, reason in seen.tokens.failures:
        console.result(f"failed: {key}: {reason}")
    if not seen.tokens.kept:
        console.result(f"no {seen.cache.header.modality} tokens")


def _print_stats(stats: list[TokenStats]) -> None:
    """Print the modalities side by side."""
    rows: list[tuple[str, list[str]]] = [
        ("cache", [each.path.name for each in stats]),
        ("items tokenized", [f"{each.done:,} of {each.items:,}" for each in stats]),
        ("entities with tokens", [f"{each.covered:,} of {each.entities:,}" for each in stats]),
        (
            "distinct tokens of an entity",
            [f"{each.least:,} to {each.most:,}, median {each.median:g}" for each in stats],
        ),
        ("entities with enough for", [f"{each.m} kept: {each.filled:,}" for each in stats]),
        ("codebook in use", [f"{each.used:,} of {each.vocab_size:,}" for each in stats]),
        ("never kept (drop_ids)", [f"{each.dropped:,}" for each in stats]),
        ("as if evenly used", [f"{each.perplexity:,.0f}" for each in stats]),
        ("most frequent token", [f"{each.top_token} ({each.top_share:.1%})" for each in stats]),
        (
            "shared by most entities",
            [f"{each.shared:,} tokens ({each.shared_share:.1%} of all)" for each in stats],
        ),
        ("of these among what is kept", [f"{each.kept_shared:.1%}" for each in stats]),
    ]
    headers = ("", *(each.modality for each in stats))
    console.table(headers, [(name, *values) for name, values in rows])


def _warn(stats: list[TokenStats]) -> None:
    """Say where most tokens tell nobody apart."""
    for each in stats:
        if each.covered > 1 and each.shared_share > TOO_MUCH_SHARED:
            log.warning(
                f"{each.shared_share:.0%} of all {each.modality} tokens are such as most entities "
                f"have{_SUCH_AS.get(each.modality, '')}: they tell nobody apart. "
                f"{_CROPPING if each.backend == 'visual-words' else ''}"
                "mygo tokens probe shows what the others tell."
            )
