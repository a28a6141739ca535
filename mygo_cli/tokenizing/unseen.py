"""Pictures and texts that belong to no graph to token ids, as those of a cache were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mygo_cli.cache.format import TokenCache
from mygo_cli.contracts import ImageTokenizer, TextTokenizer
from mygo_cli.device import autocast
from mygo_cli.errors import DataError, UsageError
from mygo_cli.graph.pictures import BadPicture, quiet_pillow, read_picture
from mygo_cli.graph.triples import Array
from mygo_cli.tokenizing.plugins import NamedTokenizer, call, checked, rebuild


@dataclass(frozen=True)
class ItemTokenizer:
    """The tokenizer that filled a cache, in the number format in which it did so."""

    named: NamedTokenizer
    precision: str
    device: torch.device

    @classmethod
    def of(cls, cache: TokenCache, device: torch.device) -> ItemTokenizer:
        """Return that of a cache.

        Raises `UsageError` where its tokens were made elsewhere, and what `rebuild` raises.
        """
        if cache.imported:
            raise UsageError(
                f"The tokens of {cache.path} were imported: nothing here makes more of them.",
                "Train on what mygo tokenize makes.",
            )
        return cls(rebuild(cache, str(device)), cache.header.precision, device)

    def pictures(self, paths: Sequence[Path]) -> list[Array]:
        """Return the token ids of pictures in raster order, int64 (T,) each.

        Raises `DataError` for a file that gives no picture.
        """
        with quiet_pillow():
            prepared = [self._prepared(path) for path in paths]
        with torch.inference_mode(), autocast(self.device, self.precision):
            ids = [self._encoded(each) for each in prepared]
        checked(ids, len(paths), self.named.tokenizer.info, self.named.flag)
        return ids

    def text(self, text: str) -> Array:
        """Return the token ids of a text in reading order, int64 (T,).

        Raises `UsageError` for a text without a letter, or with bytes that are none.
        """
        if not text.strip():
            raise UsageError("The text is blank.", "Describe the entity in a sentence or two.")
        if not text.isascii() and text.encode(errors="replace").decode() != text:
            raise UsageError("The text is not UTF-8.", "Write it in UTF-8.")
        tokenizer, who = self.named.tokenizer, self.named.flag
        assert isinstance(tokenizer, TextTokenizer)
        ids = [np.asarray(each, dtype=np.int64) for each in call(who, tokenizer.encode, [text])]
        checked(ids, 1, tokenizer.info, who)
        return ids[0]

    def _prepared(self, path: Path) -> Array:
        assert isinstance(self.named.tokenizer, ImageTokenizer)
        try:
            return call(self.named.flag, self.named.tokenizer.prepare, read_picture(path))
        except BadPicture as error:
            way_out = "Name a picture, such as a PNG or a JPEG."
            raise DataError(f"{path}: {error}.", way_out) from error

    def _encoded(self, prepared: Array) -> Array:
        """Return the ids of one picture: few are asked about, and sizes may differ."""
        assert isinstance(self.named.tokenizer, ImageTokenizer)
        batch = torch.from_numpy(prepared)[None].to(self.device)
        ids: Array = call(self.named.flag, self.named.tokenizer.encode, batch)[0].cpu().numpy()
        return ids
