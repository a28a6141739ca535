"""Tokenizer plugins at work: made from names and options, held to their contract."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from mygo_cli import backends
from mygo_cli.cache.finding import IMAGE, TEXT
from mygo_cli.cache.format import TokenCache
from mygo_cli.cache.writing import CacheWriter
from mygo_cli.contracts import (
    IMAGE_TOKENIZERS,
    TEXT_TOKENIZERS,
    ImageTokenizer,
    LearnsCodebook,
    Tokenizer,
    TokenizerInfo,
)
from mygo_cli.errors import (
    TO_THE_AUTHOR,
    BackendError,
    Interrupted,
    MygoError,
    OutOfMemory,
    UsageError,
    lacks_memory,
    one_line,
)
from mygo_cli.graph.triples import Array
from mygo_cli.settings.fields import from_dict, from_pairs

Result = TypeVar("Result")


@dataclass(frozen=True)
class Outcome:
    """What became of one batch: token ids of the items in `rows`, and reasons for the `failed`."""

    rows: list[int]
    tokens: list[Array]
    failed: list[tuple[int, str]] = field(default_factory=list)


def call(who: str, method: Callable[..., Result], *arguments: Any) -> Result:
    """Call a plugin's method; whatever it raises becomes a `MygoError` of one line."""
    try:
        return method(*arguments)
    except MygoError:
        raise
    except Exception as error:
        if lacks_memory(error):
            raise OutOfMemory(
                f"{who} ran out of memory.", "Give a smaller --batch-size."
            ) from error
        name = getattr(method, "__name__", "it")
        raise BackendError(f"{who} failed in {name}: {one_line(error)}.", TO_THE_AUTHOR) from error


def checked(tokens: Sequence[Array], count: int, info: TokenizerInfo, who: str) -> None:
    """Raise `BackendError` unless `tokens` are `count` rows of ids that `info` allows."""
    fault = ""
    if len(tokens) != count:
        fault = f"gave {len(tokens)} results for {count} items"
    for ids in tokens:
        if ids.ndim != 1 or (len(ids) and not np.issubdtype(ids.dtype, np.integer)):
            fault = f"gave tokens of shape {ids.shape} and type {ids.dtype}"
        elif len(ids) > info.max_tokens:
            fault = f"gave {len(ids)} tokens, its maximum is {info.max_tokens}"
        elif len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < info.vocab_size:
            fault = f"gave token ids up to {int(ids.max())}, its vocabulary has {info.vocab_size}"
    if fault:
        raise BackendError(f"{who} {fault}.", TO_THE_AUTHOR)


MOST_TO_LEARN_FROM = 4096  # items, evenly spread over all


def rows_to_learn_from(count: int) -> Array:
    """Return which of `count` items a codebook is learned from, ascending, int64."""
    rows: Array = np.linspace(0, count - 1, min(count, MOST_TO_LEARN_FROM)).astype(np.int64)
    return rows


def settle_codebook(
    writer: CacheWriter, tokenizer: Tokenizer, who: str, learn: Callable[[LearnsCodebook], None]
) -> None:
    """Make sure that cache and tokenizer hold the same codebook, learned if need be."""
    if not writer.has_codebook:
        if isinstance(tokenizer, LearnsCodebook):
            try:
                learn(tokenizer)
            except KeyboardInterrupt as error:
                raise Interrupted(
                    "Stopped while learning the codebook.", "The same command begins it again."
                ) from error
        store_codebook(writer, tokenizer, who)
    if isinstance(tokenizer, LearnsCodebook):
        # Also right after learning, so that an interrupted run cannot differ from this one.
        call(who, tokenizer.use_codebook, writer.codebook())


def store_codebook(writer: CacheWriter, tokenizer: Tokenizer, who: str) -> None:
    """Write the tokenizer's codebook, which must be finite, float32 (vocab_size, dim)."""
    codebook, info = tokenizer.codebook(), tokenizer.info
    shape, fault = (info.vocab_size, info.dim), ""
    if codebook.shape != shape or codebook.dtype != np.float32:
        fault = f"{codebook.dtype} {codebook.shape}, not float32 {shape}"
    elif not np.isfinite(codebook).all():
        fault = "not finite"
    if fault:
        raise BackendError(f"{who} has a codebook that is {fault}.", "Report this to its author.")
    writer.write_codebook(codebook)


GROUPS = {IMAGE: IMAGE_TOKENIZERS, TEXT: TEXT_TOKENIZERS}


@dataclass(frozen=True)
class Choice:
    """A backend and its options as given on the command line.

    `pairs` are `key=value` texts; `named` are options that have a flag of their own: flag, option
    and value. A value of None leaves the option as it is.
    """

    modality: str
    backend: str
    pairs: Sequence[str] = ()
    named: Sequence[tuple[str, str, str | None]] = ()


@dataclass(frozen=True)
class NamedTokenizer:
    """A tokenizer ready for use, with what a cache notes of where it comes from."""

    tokenizer: Tokenizer
    backend: str
    package: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def modality(self) -> str:
        """Return image or text."""
        return IMAGE if isinstance(self.tokenizer, ImageTokenizer) else TEXT

    @property
    def flag(self) -> str:
        """Return how a user named it, for errors."""
        return f"--{self.modality}-backend {self.backend}"


def build(choice: Choice, device: str) -> NamedTokenizer:
    """Return the tokenizer of a choice.

    Raises `UsageError` for options that it does not have and `BackendError` where it cannot be
    made.
    """
    cls = backends.load(GROUPS[choice.modality], choice.backend)
    known = {field.name for field in dataclasses.fields(cls.Options)}
    pairs = list(choice.pairs)
    for flag, name, value in choice.named:
        if value is not None and name not in known:
            raise UsageError(
                f"{flag}: {choice.backend} takes no {name}.",
                f"Its options are: {', '.join(sorted(known)) or 'none'}.",
            )
        pairs += [] if value is None else [f"{name}={value}"]
    options = from_pairs(cls.Options, pairs, f"--{choice.modality}-option")
    return _made(choice.modality, choice.backend, cls, options, device)


MOST_KEPT = 4  # tokenizers: two of each of two runs
_KEPT: dict[tuple[object, ...], NamedTokenizer] = {}


def rebuild(cache: TokenCache, device: str) -> NamedTokenizer:
    """Return the tokenizer that filled a cache, with the codebook that the cache holds.

    The last few are kept: making one reads its weights. Raises `BackendError` where it is not
    installed, and `UsageError` where the installed one no longer gives the same tokens.
    """
    made = cache.header.info.fingerprint, cache.created, cache.has_codebook
    key = str(cache.path.absolute()), device, *made
    if key not in _KEPT:
        if len(_KEPT) == MOST_KEPT:
            del _KEPT[next(iter(_KEPT))]
        _KEPT[key] = _rebuilt(cache, device)
    return _KEPT[key]


def _rebuilt(cache: TokenCache, device: str) -> NamedTokenizer:
    cls = backends.load(GROUPS[cache.header.modality], cache.header.backend)
    options = from_dict(cls.Options, cache.header.options, f"{cache.path}: options")
    built = _made(cache.header.modality, cache.header.backend, cls, options, device)
    if built.tokenizer.info.fingerprint != cache.header.info.fingerprint:
        raise UsageError(
            f"{cache.path} was made by another version of {cache.header.backend} or of "
            "its weights.",
            "Run mygo tokenize again.",
        )
    if isinstance(built.tokenizer, LearnsCodebook) and cache.has_codebook:
        built.tokenizer.use_codebook(cache.codebook())
    return built


def _made(modality: str, backend: str, cls: Any, options: Any, device: str) -> NamedTokenizer:
    found = backends.find(GROUPS[modality], backend)
    package = " ".join(filter(None, (found.package, found.version)))
    tokenizer = call(f"--{modality}-backend {backend}", cls, options, device)
    plain = json.loads(json.dumps(dataclasses.asdict(options), default=str))
    return NamedTokenizer(tokenizer, backend, package, plain)
