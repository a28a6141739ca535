"""The visual words of a graph: who has each, and the patches of pictures that are typical of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from PIL import Image

from mygo_cli.cache.format import TokenCache
from mygo_cli.contracts import ImageTokenizer
from mygo_cli.errors import DataError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.pictures import BadPicture, quiet_pillow, read_picture
from mygo_cli.graph.triples import Array
from mygo_cli.progress import Progress, silent
from mygo_cli.tokenizing.plugins import rebuild
from mygo_cli.tokens.drawing import as_picture, boxes_of
from mygo_cli.tokens.kept import Item, KeptToken, grid_of
from mygo_cli.tokens.table import positions_of

MOST_PICTURES = 2000  # that are opened, some milliseconds each
SAMPLES = 12  # pictures whose patches are looked at for a word
PATCH, ACROSS = 28, 3  # a tile has so many patches, of so many pixels, on each side
MOST_AT = 3  # entities named beside a word


@dataclass(frozen=True)
class VisualWord:
    """How a token is used: by how many entities, in how many patches, and who has most of it."""

    token: int
    entities: int
    patches: int
    most_at: str

    SHOWN: ClassVar[Mapping[str, str]] = {
        "visual word": "token",
        "entities": "entities",
        "patches": "patches",
        "most of it": "most_at",
    }


def visual_words(cache: TokenCache, graph: KnowledgeGraph, top: int) -> list[VisualWord]:
    """Return the `top` words that most entities have; those that selection drops are left out."""
    owner, token = positions_of(cache)
    size = cache.header.info.vocab_size
    pairs, times = np.unique(owner * size + token, return_counts=True)
    owners, words = np.divmod(pairs, size)
    entities, patches = np.bincount(words, minlength=size), np.bincount(token, minlength=size)
    most_first = np.lexsort((owners, -times, words))  # the owners of a word stand together
    begins = np.searchsorted(words[most_first], np.arange(size))
    order = np.lexsort((np.arange(size), -patches, -entities))
    return [
        VisualWord(
            word,
            int(entities[word]),
            int(patches[word]),
            ", ".join(
                graph.names[owners[place]]
                for place in most_first[begins[word] : begins[word] + min(MOST_AT, entities[word])]
            ),
        )
        for word in order[:top].tolist()
        if entities[word]
    ]


def word_tiles(
    graph: KnowledgeGraph,
    cache: TokenCache,
    words: Sequence[VisualWord],
    progress: Progress = silent,
) -> dict[int, Image.Image]:
    """Return a tile of typical patches of each word, by its token.

    Of at most `SAMPLES` pictures that have it those patches are shown that are nearest to their
    mean. At most `MOST_PICTURES` pictures are opened, those of rare words first, so that few words
    of a large graph may have no tile. Raises `DataError` where tokens are no patches of pictures
    here, and what `rebuild` raises.
    """
    if cache.imported:
        raise DataError(
            f"{cache.path} was made elsewhere: where its tokens stand in pictures is not known.",
            "Leave --html out to see how often they are used.",
        )
    found: dict[int, list[Array]] = {word.token: [] for word in words}
    chosen = _pictures(cache, words)
    for done, (item, picture) in enumerate(_opened(graph, cache, chosen), 1):
        for token in set(item.tokens.tolist()) & found.keys():
            place = int(np.flatnonzero(item.tokens == token)[0])
            boxes = boxes_of(item, KeptToken(token, 1, {item.key: [place]}))
            if boxes and len(found[token]) < SAMPLES:
                found[token].append(np.asarray(picture.crop(boxes[0]).resize((PATCH, PATCH))))
        progress("patches", done, len(chosen))
    return {token: _tile(patches) for token, patches in found.items() if patches}


def _pictures(cache: TokenCache, words: Sequence[VisualWord]) -> list[Item]:
    """Return the pictures to take patches from, spread over those that have a word."""
    items = cache.items()
    if not all(grid_of(length) for length in np.unique(items.length[items.length > 0]).tolist()):
        raise DataError(f"The tokens of {cache.path} are no square grid of patches.")
    valid = np.arange(items.tokens.shape[1]) < items.length[:, None]
    size = cache.header.info.vocab_size
    pairs = np.unique(items.tokens[valid].astype(np.int64) * len(valid) + valid.nonzero()[0])
    begins = np.searchsorted(pairs, np.arange(size + 1) * len(valid))
    chosen: set[int] = set()
    for word in sorted(words, key=lambda word: word.patches):
        own = pairs[begins[word.token] : begins[word.token + 1]] % len(valid)
        spread = own[np.linspace(0, len(own) - 1, min(SAMPLES, len(own))).astype(int)]
        missing = [int(item) for item in spread if int(item) not in chosen]
        chosen.update(missing[: MOST_PICTURES - len(chosen)])
    return [
        Item(items.keys[place], items.tokens[place, : items.length[place]].astype(np.int64))
        for place in sorted(chosen)
    ]


def _opened(
    graph: KnowledgeGraph, cache: TokenCache, items: Sequence[Item]
) -> Iterator[tuple[Item, Image.Image]]:
    """Yield pictures as the tokenizer saw them; those that cannot be read any more are left out."""
    tokenizer = rebuild(cache, "cpu").tokenizer
    assert isinstance(tokenizer, ImageTokenizer)
    with quiet_pillow():
        for item in items:
            with suppress(BadPicture):
                yield item, as_picture(tokenizer.prepare(read_picture(graph.images / item.key)))


def _tile(patches: list[Array]) -> Image.Image:
    """Return the patches nearest to the mean of all, the nearest first, again if they are few."""
    every = np.stack(patches).astype(np.float32)
    distance = np.square(every - every.mean(0)).mean((1, 2, 3))
    order = np.argsort(distance, kind="stable")[: ACROSS * ACROSS].tolist()
    tile = Image.new("RGB", (ACROSS * PATCH, ACROSS * PATCH))
    for place in range(ACROSS * ACROSS):
        y, x = divmod(place, ACROSS)
        patch = Image.fromarray(patches[order[place % len(order)]])
        tile.paste(patch, (x * PATCH, y * PATCH))
    return tile
