"""The contract suite: what every image tokenizer, text tokenizer and decoder must keep.

Plugin authors call the one function for their kind from a test of their own:

    from mygo_cli.testing import check_decoder
    def test_contract():
        check_decoder(MyDecoder)

Each raises `AssertionError` with a sentence that says which promise was broken.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from mygo_cli.contracts import LearnsCodebook, TokenizerInfo

SIZES = ((64, 48), (30, 90), (1, 1), (256, 256))


def sample_pictures() -> list[Image.Image]:
    """Return small RGB pictures of several shapes, a single pixel among them."""
    random = np.random.default_rng(0)
    return [
        Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8))
        for width, height in SIZES
    ]


def check_options(cls: type) -> None:
    """Check that `Options` is a frozen dataclass with a default for every field."""
    options = getattr(cls, "Options", None)
    assert dataclasses.is_dataclass(options), "Options must be a dataclass"
    params = options.__dataclass_params__  # type: ignore[union-attr]
    assert params.frozen, "Options must be a frozen dataclass"
    options()  # type: ignore[operator]  # raises TypeError where a field has no default
    description = getattr(cls, "description", "")
    assert len(description.splitlines()) == 1, "description must be one line"


def check_info(info: TokenizerInfo, codebook: np.ndarray[Any, Any]) -> None:
    """Check sizes, the fingerprint and the codebook of a tokenizer."""
    assert info.vocab_size > 0, "vocab_size must be positive"
    assert info.max_tokens > 0, "max_tokens must be positive"
    assert len(info.fingerprint) == 64, "fingerprint must be a sha256 in hex"
    assert all(0 <= token < info.vocab_size for token in info.drop_ids), "drop_ids out of range"
    assert codebook.shape == (info.vocab_size, info.dim), "codebook must be (vocab_size, dim)"
    assert codebook.dtype == np.float32, "codebook must be float32"
    assert np.isfinite(codebook).all(), "codebook must be finite"


def check_image_tokenizer(cls: type, options: Any = None) -> None:
    """Check an image tokenizer class, made with `options` (default: `cls.Options()`)."""
    check_options(cls)
    options = cls.Options() if options is None else options  # type: ignore[attr-defined]
    tokenizer = cls(options, "cpu")
    pictures = sample_pictures()
    prepared = [tokenizer.prepare(picture) for picture in pictures]
    for array in prepared:
        assert array.dtype == np.float32, "prepare must give float32"
        assert array.shape == prepared[0].shape, "prepare must give one shape for all pictures"
        assert array.ndim == 3, "prepare must give (3, S, S)"
        assert array.shape[0] == 3, "prepare must give (3, S, S)"
        assert np.isfinite(array).all(), "prepare must give finite numbers"
    again = tokenizer.prepare(pictures[0])
    assert np.array_equal(again, prepared[0]), "prepare must be deterministic"
    batch = torch.from_numpy(np.stack(prepared))
    fingerprint = tokenizer.info.fingerprint
    if isinstance(tokenizer, LearnsCodebook):
        tokenizer.fit([batch])
    assert tokenizer.info.fingerprint == fingerprint, "fit must not change the fingerprint"
    tokens = tokenizer.encode(batch)
    info, codebook = tokenizer.info, tokenizer.codebook()
    check_info(info, codebook)
    assert tokens.dtype == torch.int64, "encode must give int64"
    assert tokens.shape == (len(pictures), tokens.shape[1]), "encode must give (B, T)"
    assert tokens.shape[1] <= info.max_tokens, "encode gave more than max_tokens"
    assert int(tokens.min()) >= 0, "encode gave a negative token id"
    assert int(tokens.max()) < info.vocab_size, "encode gave a token id outside the codebook"
    assert torch.equal(tokens, tokenizer.encode(batch)), "encode must be deterministic"
    singles = torch.cat([tokenizer.encode(picture[None]) for picture in batch])
    same = (singles == tokens).float().mean().item()
    assert same > 0.99, f"encode depends on the batch: {same:.1%} of the tokens agree"
    twin = cls(options, "cpu")
    assert twin.info.fingerprint == fingerprint, "fingerprint must be the same in every process"
    if isinstance(twin, LearnsCodebook):
        twin.use_codebook(codebook)
    assert torch.equal(twin.encode(batch), tokens), "a second tokenizer must give the same tokens"


TEXTS = (
    "A small country in the mountains of East Africa.",
    "",
    "肯尼亚是东非的一个国家。",
    "word " * 5000,
    "tab\tand\nnewline \u200d 🇰🇪",
)


def check_text_tokenizer(cls: type, options: Any = None, texts: Sequence[str] = TEXTS) -> None:
    """Check a text tokenizer class, made with `options` (default: `cls.Options()`)."""
    check_options(cls)
    options = cls.Options() if options is None else options  # type: ignore[attr-defined]
    tokenizer = cls(options, "cpu")
    info = tokenizer.info
    if isinstance(tokenizer, LearnsCodebook):
        tokenizer.fit([list(texts)])
    assert tokenizer.info.fingerprint == info.fingerprint, "fit must not change the fingerprint"
    codebook = tokenizer.codebook()
    check_info(info, codebook)
    encoded = tokenizer.encode(list(texts))
    assert len(encoded) == len(texts), "encode must give a list for each text"
    for ids in encoded:
        assert len(ids) <= info.max_tokens, "encode gave more than max_tokens"
        assert all(0 <= token < info.vocab_size for token in ids), "token id outside the codebook"
    assert encoded == tokenizer.encode(list(texts)), "encode must be deterministic"
    alone = [tokenizer.encode([text])[0] for text in texts]
    assert encoded == alone, "encode must not depend on the other texts"
    assert any(encoded), "encode gave no token for any text"
    pieces = tokenizer.word_pieces(encoded[0])
    assert len(pieces) == len(encoded[0]), "word_pieces must give a text for each id"
    twin = cls(options, "cpu")
    assert twin.info.fingerprint == info.fingerprint, "fingerprint must be the same every time"
    if isinstance(twin, LearnsCodebook):
        twin.use_codebook(codebook)
    assert twin.encode(list(texts)) == encoded, "a second tokenizer must give the same tokens"


def check_decoder(cls: type, options: Any = None, dim: int = 16) -> None:
    """Check a decoder class, made with width `dim` and `options` (default: `cls.Options()`)."""
    check_options(cls)
    options = cls.Options() if options is None else options  # type: ignore[attr-defined]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        decoder = cls(dim, options)
        query, relation, entities = torch.randn(5, dim), torch.randn(5, dim), torch.randn(7, dim)
        _check_scores(decoder, query, relation, entities)
        _check_gradients(decoder, query, relation, entities)


def _check_scores(
    decoder: Any, query: torch.Tensor, relation: torch.Tensor, entities: torch.Tensor
) -> None:
    """Check shape, finiteness and what scores may depend on, in evaluation mode."""
    decoder.eval()
    with torch.no_grad():
        scores = decoder(query, relation, entities)
        assert scores.shape == (len(query), len(entities)), "scores must be (B, N)"
        assert torch.isfinite(scores).all(), "scores must be finite"
        assert torch.equal(scores, decoder(query, relation, entities)), "evaluation is not constant"
        order = torch.randperm(len(entities))
        permuted = decoder(query, relation, entities[order])
        close = torch.allclose(permuted, scores[:, order], rtol=1e-4, atol=1e-5)
        assert close, "permuting the entities must permute the scores"
        rows = [decoder(query[i, None], relation[i, None], entities) for i in range(len(query))]
        close = torch.allclose(torch.cat(rows), scores, rtol=1e-4, atol=1e-5)
        assert close, "a query's scores must not depend on the other queries"
        spread = scores.std(1) > 0
        assert spread.all(), "a query must tell entities apart"


def _check_gradients(
    decoder: Any, query: torch.Tensor, relation: torch.Tensor, entities: torch.Tensor
) -> None:
    """Check that a gradient reaches every parameter and the entities, in training mode."""
    decoder.train()
    inputs = [query.clone().requires_grad_(), relation, entities.clone().requires_grad_()]
    scores = decoder(*inputs)
    torch.nn.functional.cross_entropy(scores, torch.arange(len(query)) % len(entities)).backward()
    for name, parameter in decoder.named_parameters():
        assert parameter.grad is not None, f"no gradient reaches {name}"
        assert torch.isfinite(parameter.grad).all(), f"the gradient of {name} is not finite"
        assert parameter.grad.abs().sum() > 0, f"the gradient of {name} is zero"
    for tensor, what in ((inputs[0], "query"), (inputs[2], "entities")):
        assert tensor.grad is not None, f"no gradient reaches the {what}"
        assert tensor.grad.abs().sum() > 0, f"no gradient reaches the {what}"
