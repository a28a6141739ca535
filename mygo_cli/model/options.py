"""The sizes and dropout rates of the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mygo_cli.config import setting


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
