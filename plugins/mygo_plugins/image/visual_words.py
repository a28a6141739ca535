"""Visual words: patch features of a pretrained backbone, named by k-means over the pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans
from torch import Tensor
from torch.nn.functional import normalize

from mygo_cli.contracts import ImageTokenizer, TokenizerInfo, check_bounds, setting
from mygo_cli.errors import DataError
from mygo_plugins.image.backbone import PACKAGED, Backbone
from mygo_plugins.image.pixels import without_margins


@dataclass(frozen=True)
class VisualWordsOptions:
    """Which features, at which resolution, and how many words."""

    backbone: str = setting(PACKAGED, "A model name of timm.")
    weights: str | None = setting(None, "Weights file of the backbone; default: published ones.")
    stride: int = setting(16, "Pixels between two patches.", least=1)
    image_size: int = setting(128, "Pixels to which pictures are scaled.")
    crop: bool = setting(False, "Cut off margins of one colour before scaling.")
    words: int = setting(512, "Size of the codebook.", least=1)
    max_fit_patches: int = setting(
        100_000, "Patches, drawn at random, that the words are found in.", least=1
    )
    seed: int = setting(0, "Seed of the draw and of k-means.")
    codebook: str | None = setting(
        None, "Words found before (mygo cache codebook); default: find new ones."
    )

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.image_size < self.stride or self.image_size % self.stride:
            raise ValueError("image_size must be a multiple of stride.")


class VisualWords(ImageTokenizer):
    """Bag of visual words (Sivic and Zisserman 2003) on deep features instead of SIFT.

    Needs no download: the weights of the default backbone come with a package. A patch's word is
    the nearest centroid of its l2-normalised feature.
    """

    description = "k-means over patch features of a timm backbone (packaged: EfficientNet-Lite0)"
    Options = VisualWordsOptions

    def __init__(self, options: VisualWordsOptions, device: str) -> None:
        self.options = options
        self.device = device
        self.backbone = Backbone(
            options.backbone, options.weights, options.stride, options.image_size
        ).to(device)
        self._words: Tensor | None = None
        self._given = _read_words(options, self.backbone.dim) if options.codebook else None
        if self._given is not None:
            self.use_codebook(self._given)

    @cached_property
    def info(self) -> TokenizerInfo:
        """Sizes and identity: the digest covers the backbone's weights file and the options."""
        options = asdict(self.options) | {"weights": self.backbone.sha256}
        if not self.options.crop:
            del options["crop"]  # as before there was that option: older caches stay what they are
        if self._given is not None:
            options["codebook"] = hashlib.sha256(self._given.tobytes()).hexdigest()
        digest = hashlib.sha256(repr(sorted(options.items())).encode()).hexdigest()
        tokens = (self.options.image_size // self.options.stride) ** 2
        return TokenizerInfo(self.options.words, self.backbone.dim, tokens, digest)

    def prepare(self, image: PIL.Image.Image) -> NDArray[np.float32]:
        """Return the whole picture, stretched to a square: nothing at the sides is lost.

        With the option `crop`, nothing but margins of one colour.
        """
        size = (self.options.image_size, self.options.image_size)
        if self.options.crop:
            image = without_margins(image.convert("RGB"))
        scaled = image.convert("RGB").resize(size, PIL.Image.Resampling.BICUBIC)
        # Channels first, then in place: twice as fast as on pixels of three numbers.
        pixels = np.ascontiguousarray(np.asarray(scaled).transpose(2, 0, 1)).astype(np.float32)
        pixels /= 255
        pixels -= np.asarray(self.backbone.mean, dtype=np.float32)[:, None, None]
        pixels /= np.asarray(self.backbone.std, dtype=np.float32)[:, None, None]
        return pixels

    def fit(self, batches: Iterable[Tensor]) -> None:
        """Find the words in batches (B, 3, S, S).

        A word is sought among distinct patches only, so that plain backgrounds do not take all
        of them. Where there are fewer distinct patches than words, the rest of the codebook is
        zero and never used. The same pictures give the same words on the same device with the
        same number of threads; elsewhere features differ in the last bit, and words with them.
        Words that the options brought are kept: no batch is read.
        """
        if self._given is not None:
            return
        sample = _Sample(self.options.max_fit_patches, self.options.seed)
        for batch in batches:
            sample.add(self._features(batch).flatten(0, 1).cpu().numpy())
        patches = sample.distinct()
        if not len(patches):
            raise DataError("There are no pictures to find visual words in.")
        codebook = np.zeros((self.options.words, self.backbone.dim), dtype=np.float32)
        count = min(self.options.words, len(patches))
        means = MiniBatchKMeans(
            count, random_state=self.options.seed, batch_size=4096, n_init=1, max_iter=20
        )
        codebook[:count] = means.fit(patches).cluster_centers_
        self.use_codebook(codebook)

    def use_codebook(self, codebook: NDArray[np.float32]) -> None:
        """Take over words found before, float32 (words, dim)."""
        self._words = torch.from_numpy(np.array(codebook, dtype=np.float32)).to(self.device)

    @torch.inference_mode()
    def encode(self, batch: Tensor) -> Tensor:
        """Return the nearest word of each patch, int64 (B, T).

        |x - w|^2 is least where x.w - |w|^2 / 2 is greatest: one matrix product. A patch halfway
        between two words may fall to either in another batch, by rounding in the backbone.
        """
        words = self._fitted()
        length = words.square().sum(1)
        features = self._features(batch)
        with torch.autocast(features.device.type, enabled=False):  # bf16 would tie many words
            scores = features @ words.T - length / 2
        return scores.masked_fill(length == 0, -torch.inf).argmax(-1)

    def codebook(self) -> NDArray[np.float32]:
        """Return the centroids, float32 (words, dim)."""
        return self._fitted().cpu().numpy()

    def _features(self, batch: Tensor) -> Tensor:
        """Return l2-normalised features, float32 (B, T, dim)."""
        return normalize(self.backbone.features(batch.to(self.device)).float(), dim=-1)

    def _fitted(self) -> Tensor:
        if self._words is None:
            raise DataError("The visual words are not known yet.", "Call fit or use_codebook.")
        return self._words


def _read_words(options: VisualWordsOptions, dim: int) -> NDArray[np.float32]:
    """Return the words (words, dim) of an .npy file; raise `DataError` for any other file."""
    path = str(options.codebook)
    try:
        words = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"{path} is no codebook: it cannot be read as .npy.",
            "mygo cache codebook CACHE OUT.npy writes one.",
        ) from error
    if words.shape != (options.words, dim) or words.dtype != np.float32:
        raise DataError(
            f"{path} holds {words.dtype} {words.shape}, not float32 ({options.words}, {dim}).",
            "Give the same backbone and number of words as when it was made.",
        )
    return words


class _Sample:
    """A uniform draw of `most` rows from a stream, the same however the stream is cut."""

    def __init__(self, most: int, seed: int) -> None:
        self._most = most
        self._random = np.random.default_rng(seed)
        self._lots: NDArray[np.float64] = np.empty(0)
        self._rows: list[NDArray[np.float32]] = []

    def add(self, rows: NDArray[np.float32]) -> None:
        """Give each row (dim,) a lot; once there are twice too many, keep those with the least."""
        self._lots = np.append(self._lots, self._random.random(len(rows)))
        self._rows.append(rows)
        if len(self._lots) > 2 * self._most:
            self._draw()

    def _draw(self) -> None:
        rows = np.concatenate(self._rows)
        if len(rows) > self._most:
            kept = np.sort(np.argpartition(self._lots, self._most)[: self._most])
            rows, self._lots = rows[kept], self._lots[kept]
        self._rows = [rows]

    def distinct(self) -> NDArray[np.float32]:
        """Return the drawn rows without repetition, sorted."""
        if not self._rows:
            return np.empty((0, 0), dtype=np.float32)
        self._draw()
        return np.unique(self._rows[0], axis=0)
