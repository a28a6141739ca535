"""Everything that decides a training run: what `config.toml` holds and `mygo train` offers."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from dataclasses import Field, dataclass, field
from typing import Any, Literal

from mygo_cli.contracts import check_bounds, setting

SelectBy = Literal["frequency", "tfidf"]  # what tokens of an entity are kept
SEED_END = 2**63  # seeds lie below: TOML promises no larger number


def flag_of(field: Field[Any]) -> str:
    """Return the option of a field: the flag that it names, else its own name."""
    flag: str = field.metadata.get("flag", "")
    return flag or "--" + field.name.replace("_", "-")


def name_of(field: Field[Any]) -> str:
    """Return the option of a field as a name: an argument of `mygo.train`, a row of a grid."""
    return flag_of(field).removeprefix("--").replace("-", "_")


@dataclass(frozen=True)
class ModelOptions:
    """Sizes and dropout rates. Raises `ValueError` for what cannot be built."""

    dim: int = setting(96, "Width of entity and relation vectors.", least=1)
    feed_forward: int = setting(192, "Width of the transformers' hidden layer.", least=1)
    heads: int = setting(4, "Attention heads; must divide the width.", least=1)
    entity_layers: int = setting(
        1, "Transformer layers of the cross-modal entity encoder.", least=1
    )
    triple_layers: int = setting(1, "Transformer layers of the contextual triple encoder.", least=1)
    structure: bool = setting(True, "Give each entity a learned structure embedding.")
    dropout: float = setting(0.1, "Dropout inside the transformers.", least=0, below=1)
    structure_dropout: float = setting(
        0.3, "Dropout on structure and relation embeddings.", least=0, below=1
    )
    image_dropout: float = setting(0.2, "Dropout on projected image tokens.", least=0, below=1)
    text_dropout: float = setting(0.2, "Dropout on projected text tokens.", least=0, below=1)
    token_dropout: Literal["code", "token"] = setting(
        "code",
        "Draw token dropout once a step for each code, or for each token of each entity as "
        "published (slower).",
    )
    expert_dim: int = setting(
        96,
        "Width of the token experts beside the joint model; 0 for none, as in the paper.",
        least=0,
    )
    expert_dropout: float = setting(
        0.3, "Dropout on what the token experts read.", least=0, below=1
    )

    def __post_init__(self) -> None:
        check_bounds(self, flag_of)
        if self.dim % self.heads:
            raise ValueError(f"--dim {self.dim} must be a multiple of --heads {self.heads}.")


@dataclass(frozen=True)
class DataSettings:
    """The graph and how the best epoch is chosen."""

    folder: str | None = setting(
        None, "Folder of the graph; the built-in graph world if unset.", flag="--data"
    )
    holdout: float = setting(
        0.0, "Share of train to cut off for validation, e.g. 0.05.", least=0, below=1
    )
    select: Literal["best", "last", "test"] | int = setting(
        "best",
        "Keep the epoch with the best validation MRR, the last one, or the one of that number, "
        "which ends the run. test chooses on the test split, to reproduce published practice.",
    )

    def __post_init__(self) -> None:
        check_bounds(self, flag_of)
        if isinstance(self.select, int) and self.select < 1:
            raise ValueError(f"--select {self.select}: epochs are counted from 1.")


@dataclass(frozen=True)
class ImageTokenSettings:
    """Which image tokens of each entity the model reads."""

    use: bool = setting(True, "Use image tokens.", flag="--image")
    cache: str | None = setting(
        None, "Token cache of pictures; the newest complete one if unset.", flag="--image-cache"
    )
    keep: int = setting(
        8, "Image tokens kept of each entity (the paper's m).", least=1, flag="--image-tokens"
    )
    max_pictures: int | None = setting(
        None, "Use only the first pictures of each entity.", least=1, flag="--max-images"
    )

    def __post_init__(self) -> None:
        check_bounds(self, flag_of)


@dataclass(frozen=True)
class TextTokenSettings:
    """Which text tokens of each entity the model reads."""

    use: bool = setting(True, "Use text tokens.", flag="--text")
    cache: str | None = setting(
        None, "Token cache of texts; the newest complete one if unset.", flag="--text-cache"
    )
    keep: int = setting(
        16, "Text tokens kept of each entity (the paper's n).", least=1, flag="--text-tokens"
    )

    def __post_init__(self) -> None:
        check_bounds(self, flag_of)


@dataclass(frozen=True)
class TokenSettings:
    """How tokens are chosen, and a table for each modality."""

    select_by: Literal["frequency", "tfidf"] = setting(
        "frequency",
        "Which tokens of an entity are kept: its most frequent ones (the paper's choice), or those "
        "that are frequent with it and rare with others.",
    )
    image: ImageTokenSettings = field(default_factory=ImageTokenSettings)
    text: TextTokenSettings = field(default_factory=TextTokenSettings)

    @property
    def used(self) -> dict[str, ImageTokenSettings | TextTokenSettings]:
        """The modalities that are read, by name."""
        both: dict[str, ImageTokenSettings | TextTokenSettings]
        both = {"image": self.image, "text": self.text}
        return {name: tokens for name, tokens in both.items() if tokens.use}


@dataclass(frozen=True)
class TrainingSettings:
    """The optimisation."""

    epochs: int = setting(120, "Passes over the training triples.", least=1)
    batch_size: int = setting(512, "Questions in a step.", least=1)
    learning_rate: float = setting(5e-3, "The highest learning rate of the schedule.", above=0)
    schedule: Literal["one-cycle", "cosine-restarts", "constant"] = setting(
        "one-cycle", "Course of the learning rate."
    )
    restart_epochs: int = setting(
        50, "First period of cosine-restarts; each next one doubles.", least=1
    )
    warmup: float = setting(
        0.1, "Share of one-cycle during which the rate rises.", least=0, below=1
    )
    clip: float = setting(1.0, "Largest norm of the gradient.", above=0)
    label_smoothing: float = setting(
        0.1, "Share of the target spread over all entities.", least=0, below=1
    )
    questions: Literal["distinct", "triples", "coin-flip"] = setting(
        "distinct",
        "What an epoch asks: each distinct question with all its answers, each triple for both "
        "sides, or each triple for a side drawn by coin flip.",
    )
    candidates: int = setting(
        0,
        "Entities drawn for each step: with those of its questions they stand for all, so that a "
        "step costs the same however many there are. 0 scores all.",
        least=0,
    )
    contrastive: float = setting(
        0.001, "Weight of the contrastive loss (the paper's lambda).", least=0
    )
    temperature: float = setting(0.5, "Temperature of the contrastive loss.", above=0)
    contrastive_entities: int = setting(64, "Entities that a step contrasts.", least=1)
    seed: int = setting(0, "Seed of everything random.", least=0)
    evaluate_every: int = setting(10, "Epochs between two looks at the validation split.", least=1)
    patience: int = setting(
        0, "Stop after so many looks without progress; 0 never stops early.", least=0
    )
    checkpoint_minutes: float = setting(
        10.0,
        "Save within an epoch, too, after so many minutes without; 0 saves at its end only. Ctrl-C "
        "saves in any case.",
        least=0,
    )
    device: str = setting("auto", "auto, cpu, cuda, cuda:1, mps, ...")
    precision: Literal["auto", "float32", "bf16"] = setting(
        "auto",
        "Number format of the matrix products; auto is bf16 where those are much faster (CUDA, "
        "processors with AMX or AVX512-BF16), else float32. A run keeps to what it began with.",
    )

    def __post_init__(self) -> None:
        check_bounds(self, flag_of)
        if self.seed >= SEED_END:
            raise ValueError("--seed must be below 2 to the power of 63.")


@dataclass(frozen=True)
class DecoderSettings:
    """The plugin that scores."""

    name: str = setting("tucker", "Decoder plugin; `mygo backends` lists them.", flag="--decoder")
    options: dict[str, Any] = field(
        default_factory=dict,
        metadata={"help": "The decoder's own options.", "flag": "--decoder-option"},
    )


@dataclass(frozen=True)
class Settings:
    """All sections of `config.toml`."""

    data: DataSettings = field(default_factory=DataSettings)
    tokens: TokenSettings = field(default_factory=TokenSettings)
    model: ModelOptions = field(default_factory=ModelOptions)
    decoder: DecoderSettings = field(default_factory=DecoderSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        select, epochs = self.data.select, self.training.epochs
        if isinstance(select, int) and select > epochs:
            raise ValueError(f"--select {select}: the run has {epochs} epochs (--epochs).")


def settings_fields(
    cls: type, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Field[Any], Any]]:
    """Yield every setting of a dataclass of dataclasses: its keys, its field and its type."""
    hints = typing.get_type_hints(cls)
    for each in dataclasses.fields(cls):
        keys = (*above, each.name)
        if dataclasses.is_dataclass(hints[each.name]):
            yield from settings_fields(hints[each.name], keys)
        else:
            yield keys, each, hints[each.name]
