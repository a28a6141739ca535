"""How many tokens the entities have, which of them are kept, and how the codebook is used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mygo_cli.cache.format import TokenCache, opened
from mygo_cli.cache.sources import DONE, entity_chunks
from mygo_cli.cache.stats import summarize
from mygo_cli.cache.sums import StoredTokens
from mygo_cli.graph.triples import Array
from mygo_cli.settings.sections import SelectBy
from mygo_cli.tokens.selection import TokenTable
from mygo_cli.tokens.table import table_of


@dataclass(frozen=True)
class TokenStats:
    """Figures of one cache. Tokens in `drop_ids` count in none of them.

    `covered` of `entities` entities have a token; each of them has between `least` and `most`
    distinct tokens, `median` in the middle; `filled` have at least the m asked for. `used` of
    `vocab_size` ids occur at all; `perplexity` is the number of ids that would give as much
    variety if used evenly, exp of the entropy of their frequencies; `top_share` the share of all
    positions that the most frequent one takes. `shared` ids stand with more than half of the
    covered entities, and take the share `shared_share` of all positions and `kept_shared` of what
    the entities keep.
    """

    modality: str
    path: Path
    backend: str
    items: int
    done: int
    failed: int
    entities: int
    covered: int
    least: int
    median: float
    most: int
    m: int
    filled: int
    vocab_size: int
    dropped: int
    used: int
    perplexity: float
    top_token: int
    top_share: float
    shared: int
    shared_share: float
    kept_shared: float


def token_stats(path: Path, m: int, select_by: SelectBy = "frequency") -> TokenStats:
    """Return the figures of the cache at `path` for m tokens kept per entity."""
    cache, summary = TokenCache.open(path), summarize(path)
    counts, owners, distinct = _counts(cache)
    share = counts / max(1, counts.sum())
    in_use = share[share > 0]
    covered = distinct[distinct > 0]
    shared = owners > len(covered) / 2
    return TokenStats(
        modality=cache.header.modality,
        path=path,
        backend=cache.header.backend,
        items=summary.items,
        done=summary.done,
        failed=summary.failed,
        entities=summary.entities,
        covered=len(covered),
        least=int(covered.min()) if len(covered) else 0,
        median=float(np.median(covered)) if len(covered) else 0.0,
        most=int(distinct.max(initial=0)),
        m=m,
        filled=int((distinct >= m).sum()),
        vocab_size=cache.header.info.vocab_size,
        dropped=len(cache.header.info.drop_ids),
        used=len(in_use),
        perplexity=float(np.exp(-(in_use * np.log(in_use)).sum())) if len(in_use) else 0.0,
        top_token=int(share.argmax()) if len(in_use) else -1,
        top_share=float(share.max()),
        shared=int(shared.sum()),
        shared_share=float(share[shared].sum()),
        kept_shared=_share_kept(table_of(cache, cache.num_entities, m, None, select_by), shared),
    )


def _share_kept(table: TokenTable, which: Array) -> float:
    """Return how much of what is kept are the tokens that `which`, bool (vocab_size,), names."""
    kept = table.vocabulary[table.ids[table.mask]]
    return float(which[kept].mean()) if len(kept) else 0.0


def _counts(cache: TokenCache) -> tuple[Array, Array, Array]:
    """Return how often each token id occurs, how many entities have it, and how many each has."""
    vocab_size = cache.header.info.vocab_size
    counts, owners = np.zeros((2, vocab_size), dtype=np.int64)
    distinct = np.zeros(cache.num_entities, dtype=np.int64)
    keep = np.ones(vocab_size, dtype=bool)
    keep[list(cache.header.info.drop_ids)] = False
    with opened(cache.path) as file:
        stored = StoredTokens(file)
        items, width = file["items"], cache.header.info.max_tokens
        entity = items["entity"][:].astype(np.int64)
        length = np.where(items["status"][:] == DONE, items["length"][:], 0).astype(np.int64)
        for start, stop in entity_chunks(entity, width):
            valid = np.arange(width) < length[start:stop, None]
            token = stored[start:stop][valid].astype(np.int64)
            owner = np.repeat(entity[start:stop], length[start:stop])
            owner, token = owner[keep[token]], token[keep[token]]
            counts += np.bincount(token, minlength=vocab_size)
            pairs = np.unique(owner * vocab_size + token)
            owners += np.bincount(pairs % vocab_size, minlength=vocab_size)
            distinct += np.bincount(pairs // vocab_size, minlength=len(distinct))
    return counts, owners, distinct
