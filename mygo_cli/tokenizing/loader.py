"""Pictures read and prepared in threads, ahead of their use."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mygo_cli.cache.sources import in_order
from mygo_cli.contracts import ImageTokenizer
from mygo_cli.errors import one_line
from mygo_cli.graph.pictures import BadPicture, read_picture
from mygo_cli.graph.triples import Array


@dataclass(frozen=True)
class PreparedBatch:
    """The readable pictures of a batch, float32 (B, 3, S, S), and why the others are not."""

    rows: list[int]
    pictures: torch.Tensor
    failed: list[tuple[int, str]]


@dataclass(frozen=True)
class PictureLoader:
    """Reads and prepares pictures, named by `keys` in `folder`, in `workers` threads.

    `pinned` batches lie in memory that CUDA copies from while the encoder is at work.
    """

    tokenizer: ImageTokenizer
    folder: Path
    keys: Sequence[str]
    workers: int
    pinned: bool = False

    def batches(self, batches: Sequence[Array]) -> Generator[PreparedBatch, None, None]:
        """Yield the pictures of each batch of rows; one batch is made while another is used."""
        ahead = max(map(len, batches), default=0) + 2 * self.workers
        rows = (int(row) for batch in batches for row in batch)
        with closing(in_order(self._load, rows, self.workers, ahead)) as loaded:

            def gather(batch: Array) -> PreparedBatch:
                rows = [int(row) for row in batch]
                return _stacked(rows, [next(loaded) for _ in rows], self.pinned)

            with closing(in_order(gather, batches, workers=1, ahead=2)) as gathered:
                yield from gathered

    def _load(self, row: int) -> Array | str:
        """Return one prepared picture, or the reason why there is none."""
        try:
            picture = self.tokenizer.prepare(read_picture(self.folder / self.keys[row]))
        except BadPicture as error:
            return str(error)
        except Exception as error:  # a plugin may raise anything; one picture must not end all
            return f"cannot be prepared: {one_line(error)}"
        if picture.ndim != 3 or len(picture) != 3 or picture.dtype != np.float32:
            return f"prepared as {picture.dtype} {picture.shape}, not float32 (3, height, width)"
        return picture


def _stacked(rows: list[int], pictures: list[Array | str], pinned: bool) -> PreparedBatch:
    """Return the pictures as one tensor; one of another size than the first counts as failed."""
    good: dict[int, Array] = {}
    failed = []
    shape: tuple[int, ...] = ()
    for row, picture in zip(rows, pictures, strict=True):
        if isinstance(picture, str):
            failed.append((row, picture))
        elif shape and picture.shape != shape:
            failed.append((row, f"prepared as {picture.shape}, others as {shape}"))
        else:
            good[row], shape = picture, picture.shape
    batch = np.stack(list(good.values())) if good else np.zeros((0, 3, 1, 1), dtype=np.float32)
    tensor = torch.from_numpy(batch)
    return PreparedBatch(list(good), tensor.pin_memory() if pinned else tensor, failed)
