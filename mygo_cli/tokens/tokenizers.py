"""Tokenizers by the name of their backend, with options as texts or as a cache noted them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mygo_cli import backends
from mygo_cli.cache.finding import IMAGE, TEXT
from mygo_cli.cache.format import TokenCache
from mygo_cli.contracts import IMAGE_TOKENIZERS, TEXT_TOKENIZERS, LearnsCodebook
from mygo_cli.errors import UsageError
from mygo_cli.settings.fields import from_dict, from_pairs
from mygo_cli.tokens.encoding import call

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
class Built:
    """A tokenizer ready for use, with what a cache notes of where it comes from."""

    tokenizer: Any
    backend: str
    package: str
    options: dict[str, Any]


def build(choice: Choice, device: str) -> Built:
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


def rebuild(cache: TokenCache, device: str) -> Built:
    """Return the tokenizer that filled a cache, with the codebook that the cache holds.

    Raises `BackendError` where it is not installed, and `UsageError` where the installed one no
    longer gives the same tokens.
    """
    cls = backends.load(GROUPS[cache.modality], cache.backend)
    options = from_dict(cls.Options, cache.options, f"{cache.path}: options")
    built = _made(cache.modality, cache.backend, cls, options, device)
    if built.tokenizer.info.fingerprint != cache.info.fingerprint:
        raise UsageError(
            f"{cache.path} was made by another version of {cache.backend} or of its weights.",
            "Run mygo tokenize again.",
        )
    if isinstance(built.tokenizer, LearnsCodebook) and cache.has_codebook:
        built.tokenizer.use_codebook(cache.codebook())
    return built


def _made(modality: str, backend: str, cls: Any, options: Any, device: str) -> Built:
    found = backends.find(GROUPS[modality], backend)
    package = " ".join(filter(None, (found.package, found.version)))
    tokenizer = call(f"--{modality}-backend {backend}", cls, options, device)
    plain = json.loads(json.dumps(dataclasses.asdict(options), default=str))
    return Built(tokenizer, backend, package, plain)
