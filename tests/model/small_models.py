"""Small models with random tokens, some entities without any."""

from __future__ import annotations

import numpy as np
import torch

from mygo_cli.model.mygo import MyGO
from mygo_cli.settings.sections import ModelOptions
from mygo_cli.tokens.selection import TokenTable
from mygo_plugins.decoder.tucker import TuckER, TuckEROptions

NO_DROPOUT = {
    "dropout": 0.0,
    "structure_dropout": 0.0,
    "image_dropout": 0.0,
    "text_dropout": 0.0,
    "expert_dim": 0,
}


def token_table(
    entities: int, m: int, codes: int, width: int, seed: int, without: tuple[int, ...] = ()
) -> TokenTable:
    """Return random tokens; the entities `without` have none, the others one to `m`."""
    random = np.random.default_rng(seed)
    kept = random.integers(1, m + 1, entities)
    kept[list(without)] = 0
    mask = np.arange(m) < kept[:, None]
    ids = np.where(mask, random.integers(0, codes, (entities, m)), 0)
    vectors = random.standard_normal((codes, width)).astype(np.float32)
    return TokenTable(ids.astype(np.int64), mask, vectors, np.arange(codes))


def small_model(
    seed: int = 0,
    image: TokenTable | None = None,
    text: TokenTable | None = None,
    entities: int = 9,
    dropout: float = 0.0,
    **options: object,
) -> MyGO:
    """Return a float64 model of `entities` entities and 3 relations with the TuckER decoder."""
    torch.manual_seed(seed)
    sizes = {"dim": 8, "feed_forward": 12, "heads": 2, **NO_DROPOUT, **options}
    decoder = TuckER(8, TuckEROptions(dropout, dropout, dropout, dropout))
    model = MyGO(entities, 3, image, text, decoder, ModelOptions(**sizes)).double()  # type: ignore[arg-type]
    for parameter in model.parameters():  # norms and biases start at constants that hide mistakes
        torch.nn.init.normal_(parameter, std=0.5)
    return model


def both_tables(entities: int = 9) -> tuple[TokenTable, TokenTable]:
    """Return image and text tokens: entity 2 has no image, 3 no text, 4 neither."""
    return (
        token_table(entities, 4, 7, 5, seed=1, without=(2, 4)),
        token_table(entities, 3, 11, 6, seed=2, without=(3, 4)),
    )
