"""Everything that decides a training run: what `config.toml` holds and `mygo train` offers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from mygo_cli.settings.fields import setting


@dataclass(frozen=True)
class ModelOptions:
    """Sizes and dropout rates. Raises `ValueError` for what cannot be built."""

    dim: int = setting(96, "Width of entity and relation vectors.")
    feed_forward: int = setting(192, "Width of the transformers' hidden layer.")
    heads: int = setting(4, "Attention heads; must divide the width.")
    entity_layers: int = setting(1, "Transformer layers of the cross-modal entity encoder.")
    triple_layers: int = setting(1, "Transformer layers of the contextual triple encoder.")
    structure: bool = setting(True, "Give each entity a learned structure embedding.")
    dropout: float = setting(0.1, "Dropout inside the transformers.")
    structure_dropout: float = setting(0.3, "Dropout on structure and relation embeddings.")
    image_dropout: float = setting(0.2, "Dropout on projected image tokens.")
    text_dropout: float = setting(0.2, "Dropout on projected text tokens.")
    token_dropout: Literal["code", "token"] = setting(
        "code",
        "Draw token dropout once a step for each code, or for each token of each entity as "
        "published (slower).",
    )

    def __post_init__(self) -> None:
        if self.dim < 1 or self.heads < 1 or self.dim % self.heads:
            raise ValueError(f"--dim {self.dim} must be a multiple of --heads {self.heads}.")
        for name in ("feed_forward", "entity_layers", "triple_layers"):
            if getattr(self, name) < 1:
                raise ValueError(f"--{name.replace('_', '-')} must be at least 1.")
        for name in ("dropout", "structure_dropout", "image_dropout", "text_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"--{name.replace('_', '-')} must lie in [0, 1).")


SEED_END = 2**63  # seeds lie below: TOML promises no larger number


@dataclass(frozen=True)
class DataSettings:
    """The graph and how the best epoch is chosen."""

    folder: str | None = setting(None, "Folder of the graph; the built-in graph world if unset.")
    holdout: float = setting(0.0, "Share of train to cut off for validation, e.g. 0.05.")
    select: Literal["best", "last", "test"] | int = setting(
        "best",
        "Keep the epoch with the best validation MRR, the last one, or the one of that number, "
        "which ends the run. test chooses on the test split, to reproduce published practice.",
    )

    def __post_init__(self) -> None:
        if not 0 <= self.holdout < 1:
            raise ValueError(f"--holdout {self.holdout} must lie in [0, 1).")
        if isinstance(self.select, int) and self.select < 1:
            raise ValueError(f"--select {self.select}: epochs are counted from 1.")


@dataclass(frozen=True)
class TokenSettings:
    """Which tokens of each entity the model reads."""

    image: bool = setting(True, "Use image tokens.")
    text: bool = setting(True, "Use text tokens.")
    image_cache: str | None = setting(
        None, "Token cache of pictures; the newest complete one if unset."
    )
    text_cache: str | None = setting(
        None, "Token cache of texts; the newest complete one if unset."
    )
    image_tokens: int = setting(8, "Image tokens kept of each entity (the paper's m).")
    text_tokens: int = setting(16, "Text tokens kept of each entity (the paper's n).")
    max_images: int | None = setting(None, "Use only the first pictures of each entity.")

    def __post_init__(self) -> None:
        for name in ("image_tokens", "text_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"--{name.replace('_', '-')} must be at least 1.")
        if self.max_images is not None and self.max_images < 1:
            raise ValueError("--max-images must be at least 1.")


@dataclass(frozen=True)
class TrainingSettings:
    """The optimisation."""

    epochs: int = setting(120, "Passes over the training triples.")
    batch_size: int = setting(512, "Questions in a step.")
    learning_rate: float = setting(5e-3, "The highest learning rate of the schedule.")
    schedule: Literal["one-cycle", "cosine-restarts", "constant"] = setting(
        "one-cycle", "Course of the learning rate."
    )
    restart_epochs: int = setting(50, "First period of cosine-restarts; each next one doubles.")
    warmup: float = setting(0.1, "Share of one-cycle during which the rate rises.")
    clip: float = setting(1.0, "Largest norm of the gradient.")
    label_smoothing: float = setting(0.1, "Share of the target spread over all entities.")
    questions: Literal["distinct", "triples", "coin-flip"] = setting(
        "distinct",
        "What an epoch asks: each distinct question with all its answers, each triple for both "
        "sides, or each triple for a side drawn by coin flip.",
    )
    candidates: int = setting(
        0,
        "Entities drawn for each step: with those of its questions they stand for all, so that a "
        "step costs the same however many there are. 0 scores all.",
    )
    contrastive: float = setting(0.001, "Weight of the contrastive loss (the paper's lambda).")
    temperature: float = setting(0.5, "Temperature of the contrastive loss.")
    contrastive_entities: int = setting(64, "Entities that a step contrasts.")
    seed: int = setting(0, "Seed of everything random.")
    evaluate_every: int = setting(10, "Epochs between two looks at the validation split.")
    patience: int = setting(0, "Stop after so many looks without progress; 0 never stops early.")
    device: str = setting("auto", "auto, cpu, cuda, cuda:1, mps, ...")
    precision: Literal["auto", "float32", "bf16"] = setting(
        "auto", "Number format of the matrix products; auto is bf16 on CUDA, float32 elsewhere."
    )

    def __post_init__(self) -> None:
        positive = ("epochs", "batch_size", "restart_epochs", "contrastive_entities")
        for name in (*positive, "evaluate_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"--{name.replace('_', '-')} must be at least 1.")
        for name in ("learning_rate", "clip", "temperature"):
            if not getattr(self, name) > 0:
                raise ValueError(f"--{name.replace('_', '-')} must be above 0.")
        for name in ("candidates", "contrastive", "patience", "seed"):
            if not getattr(self, name) >= 0:  # not a number is refused, too
                raise ValueError(f"--{name.replace('_', '-')} must not be negative.")
        if self.seed >= SEED_END:
            raise ValueError("--seed must be below 2 to the power of 63.")
        for name in ("label_smoothing", "warmup"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"--{name.replace('_', '-')} must lie in [0, 1).")


@dataclass(frozen=True)
class DecoderSettings:
    """The plugin that scores."""

    name: str = setting("tucker", "Decoder plugin; `mygo backends` lists them.")
    options: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "The decoder's own options."}
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
