"""The plugin contracts: what tokenizers of images and texts, decoders and loggers promise.

A plugin is a class found through an entry point of one of the groups in `GROUPS`. The suite in
`mygo_cli.testing` checks every promise made here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import PIL.Image
    import torch

IMAGE_TOKENIZERS = "mygo.image_tokenizers"
TEXT_TOKENIZERS = "mygo.text_tokenizers"
DECODERS = "mygo.decoders"
LOGGERS = "mygo.loggers"
GROUPS = (IMAGE_TOKENIZERS, TEXT_TOKENIZERS, DECODERS, LOGGERS)


def setting(
    default: Any,
    help: str,
    *,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
    flag: str = "",
) -> Any:
    """Return a dataclass field with its one-line explanation and its bounds.

    A number is at least `least`, at most `most`, greater than `above` and less than `below`. All
    are read by `check_bounds`, the command line and the docs. `flag` names the option where it is
    not called as the field is.
    """
    bounds = {"least": least, "most": most, "above": above, "below": below}
    return field(default=default, metadata={"help": help, "flag": flag, **bounds})


def rule_of(metadata: Mapping[str, Any]) -> str:
    """Return what a setting's bounds ask of a number, empty without bounds."""
    least, most, above, below = (metadata.get(key) for key in ("least", "most", "above", "below"))
    if least is not None and below is not None:
        return f"must lie in [{least:g}, {below:g})"
    if least is not None and most is not None:
        return f"must lie in [{least:g}, {most:g}]"
    if least is not None:
        return "must not be negative" if least == 0 else f"must be at least {least:g}"
    if above is not None:
        return f"must be above {above:g}"
    return ""


def check_bounds(
    settings: Any, named: Callable[[Field[Any]], str] = lambda field: field.name
) -> None:
    """Raise `ValueError` for a number outside the bounds of its `setting`, not a number included.

    `named` says how a user knows a field.
    """
    for each in fields(settings):
        value = getattr(settings, each.name)
        if isinstance(value, (int, float)) and not _within(value, each.metadata):
            raise ValueError(f"{named(each)} {rule_of(each.metadata)}, not {value}.")


def _within(value: float, bounds: Mapping[str, Any]) -> bool:
    least, most, above, below = (bounds.get(key) for key in ("least", "most", "above", "below"))
    return (
        (least is None or value >= least)
        and (most is None or value <= most)
        and (above is None or value > above)
        and (below is None or value < below)
    )


@dataclass(frozen=True)
class NoOptions:
    """The options of a backend that has none."""


@dataclass(frozen=True)
class TokenizerInfo:
    """What a token cache must know of the tokenizer that fills it.

    `vocab_size` token ids, each with an embedding `dim` wide; at most `max_tokens` per picture
    or text; `fingerprint`, a sha256 in hex over weights and options; `drop_ids`, the ids that
    selection ignores (special tokens, stop words).
    """

    vocab_size: int
    dim: int
    max_tokens: int
    fingerprint: str
    drop_ids: tuple[int, ...] = ()


class Tokenizer(ABC):
    """What both kinds of tokenizer have. `Options` is a frozen dataclass, each field defaulted."""

    description: ClassVar[str]
    Options: ClassVar[type] = NoOptions

    @abstractmethod
    def __init__(self, options: Any, device: str) -> None: ...

    @property
    @abstractmethod
    def info(self) -> TokenizerInfo:
        """Sizes and identity. Known before anything is read."""

    @abstractmethod
    def codebook(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Return the token embeddings, float32 (vocab_size, dim)."""


class ImageTokenizer(Tokenizer):
    """Pictures to token ids."""

    @abstractmethod
    def prepare(self, image: PIL.Image.Image) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Return an RGB picture as the encoder wants it, float32 (3, S, S). Runs in workers."""

    @abstractmethod
    def encode(self, batch: torch.Tensor) -> torch.Tensor:
        """Return the token ids, int64 (B, T), raster order, of prepared pictures (B, 3, S, S)."""


@runtime_checkable
class LearnsCodebook(Protocol):
    """A tokenizer whose codebook is learned from the graph's own pictures or texts."""

    def fit(self, batches: Iterable[Any]) -> None:
        """Learn the codebook before encoding.

        Batches are prepared pictures, tensors (B, 3, S, S), or texts, a sequence of them.
        """

    def use_codebook(self, codebook: np.ndarray[Any, np.dtype[np.float32]]) -> None:
        """Take over a codebook learned before, float32 (vocab_size, dim), instead of `fit`."""


class TextTokenizer(Tokenizer):
    """Texts to token ids."""

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text in reading order, at most `max_tokens`, unpadded."""

    def word_pieces(self, ids: Sequence[int]) -> list[str]:
        """Return each id as a person reads it."""
        return [str(token) for token in ids]

    @property
    def unknown_id(self) -> int | None:
        """The id of words that the vocabulary lacks; None where there is no such id."""
        return None


class Decoder(Protocol):
    """Scores a query against entities. A `torch.nn.Module` made as `cls(dim, options)`."""

    description: ClassVar[str]
    Options: ClassVar[type]

    def __call__(
        self, query: torch.Tensor, relation: torch.Tensor, entities: torch.Tensor
    ) -> torch.Tensor:
        """Return scores (B, N), higher is more plausible.

        `query` (B, D) and `relation` (B, D) are the contextual vectors of the asked side and of
        the relation, `entities` (N, D) the candidates.
        """
        ...


@dataclass(frozen=True)
class LoggedRun:
    """What a logger is told when training begins: the run's folder and name, and its settings.

    `settings` are by their keys, `training.epochs`; `epochs_done` is over 0 for a resumed run.
    """

    folder: Path
    name: str
    settings: Mapping[str, Any]
    epochs_done: int


class RunLogger(ABC):
    """Keeps the course of a training run where people look, made as `cls(run)`.

    Whatever it raises costs a line and the rest of its log, not the training. `needs` are modules
    that must be installed, `extra` names those of mygo's extras that bring them.
    """

    description: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""

    @abstractmethod
    def __init__(self, run: LoggedRun) -> None: ...

    @abstractmethod
    def log(self, epoch: int, values: Mapping[str, float]) -> None:
        """Take what was measured of an epoch: `loss`, `learning_rate`, `validation_mrr`, ..."""

    @abstractmethod
    def close(self, result: Mapping[str, float] | None) -> None:
        """End the log with the run's result, `test/mrr` and others; None for a run that stopped."""
