"""What a token cache holds, and how it covers its graph."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mygo_cli.cache.format import TokenCache
from mygo_cli.cache.sources import DONE, FAILED, PENDING


@dataclass(frozen=True)
class Summary:
    """The state of one cache, and how it came to it.

    `items` = `done` + `failed` + `pending`; `new` of them were tokenized by this run, in
    `seconds` of encoding and writing; `covered` of `entities` entities have a picture or text
    that was tokenized; `failures` are key and reason of each failed item.
    """

    modality: str
    backend: str
    path: Path
    items: int
    done: int
    failed: int
    pending: int
    covered: int
    entities: int
    complete: bool
    failures: tuple[tuple[str, str], ...] = ()
    new: int = 0
    seconds: float = 0.0

    @property
    def per_second(self) -> float | None:
        """Return the items tokenized per second; None where this run tokenized none."""
        return self.new / self.seconds if self.new and self.seconds else None


def summarize(path: Path, new: int = 0, seconds: float = 0.0) -> Summary:
    """Return the summary of the cache at `path`."""
    cache = TokenCache.open(path)
    status = cache.status()
    return Summary(
        modality=cache.header.modality,
        backend=cache.header.backend,
        path=path,
        items=len(status),
        done=int((status == DONE).sum()),
        failed=int((status == FAILED).sum()),
        pending=int((status == PENDING).sum()),
        covered=len(np.unique(cache.entity_rows()[status == DONE])),
        entities=cache.num_entities,
        complete=cache.complete,
        failures=tuple(cache.failures()),
        new=new,
        seconds=seconds,
    )
