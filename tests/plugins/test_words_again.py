"""Visual words found in one graph's pictures can be applied to another's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mygo_cli.commands.cache import write_codebook
from mygo_cli.errors import DataError
from mygo_cli.testing import check_image_tokenizer, sample_pictures
from mygo_plugins.image.visual_words import VisualWords, VisualWordsOptions


def fitted(options: VisualWordsOptions) -> VisualWords:
    tokenizer = VisualWords(options, "cpu")
    tokenizer.fit([prepared(tokenizer)])
    return tokenizer


def prepared(tokenizer: VisualWords) -> torch.Tensor:
    return torch.from_numpy(np.stack([tokenizer.prepare(image) for image in sample_pictures()]))


def test_a_written_codebook_gives_the_same_tokens_without_a_fit(tmp_path: Path) -> None:
    first = fitted(VisualWordsOptions(words=16))
    file = tmp_path / "words.npy"
    write_codebook(first.codebook(), file)
    again = VisualWords(VisualWordsOptions(words=16, codebook=str(file)), "cpu")
    again.fit(iter(()))  # nothing to learn, nothing read
    assert torch.equal(again.encode(prepared(again)), first.encode(prepared(first)))
    assert again.info.fingerprint != first.info.fingerprint
    check_image_tokenizer(VisualWords, VisualWordsOptions(words=16, codebook=str(file)))


@pytest.mark.parametrize("content", [b"", b"no array", None])
def test_a_wrong_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "words.npy"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DataError, match=r"words\.npy is no codebook"):
        VisualWords(VisualWordsOptions(codebook=str(file)), "cpu")


def test_a_codebook_of_another_size_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "words.npy"
    write_codebook(np.zeros((8, 112), np.float32), file)
    with pytest.raises(DataError, match=r"\(8, 112\), not float32 \(16, 112\)"):
        VisualWords(VisualWordsOptions(words=16, codebook=str(file)), "cpu")
