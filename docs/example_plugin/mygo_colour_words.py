"""An image tokenizer that needs no weights: each patch's average colour is its token."""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from mygo_cli.contracts import ImageTokenizer, TokenizerInfo, setting


@dataclass(frozen=True)
class ColourWordsOptions:
    """What `--image-option grid=8` and `--image-option levels=4` set."""

    grid: int = setting(8, "Patches along each side.")
    levels: int = setting(4, "Shades of red, green and blue.")


class ColourWords(ImageTokenizer):
    """Token id = red * levels^2 + green * levels + blue, shades counted from 0."""

    description = "the average colour of each patch, no weights needed"
    Options = ColourWordsOptions

    def __init__(self, options, device):
        self.options = options
        self.device = device

    @property
    def info(self):
        """Sizes and identity; a change of the algorithm must change the fingerprint."""
        fingerprint = hashlib.sha256(f"colour-words 1 {self.options}".encode()).hexdigest()
        return TokenizerInfo(
            vocab_size=self.options.levels**3,
            dim=3,
            max_tokens=self.options.grid**2,
            fingerprint=fingerprint,
        )

    def prepare(self, image):
        """Return the picture as (3, grid, grid), numbers from 0 to 1. Runs in workers."""
        side = self.options.grid
        small = image.resize((side, side), Image.Resampling.BOX)
        return np.asarray(small, dtype=np.float32).transpose(2, 0, 1) / 255

    def encode(self, batch):
        """Return token ids (B, grid * grid) in raster order."""
        levels = self.options.levels
        shades = (batch.to(self.device) * levels).long().clamp(max=levels - 1)
        red, green, blue = shades.flatten(2).unbind(1)
        return (red * levels + green) * levels + blue

    def codebook(self):
        """Return each token's colour, (levels^3, 3), from -1 to 1."""
        shades = torch.linspace(-1, 1, self.options.levels)
        return torch.cartesian_prod(shades, shades, shades).numpy()
