"""Every installed backend keeps its contract."""

from __future__ import annotations

import pytest

from mygo_cli import backends
from mygo_cli.contracts import DECODERS, TEXT_TOKENIZERS
from mygo_cli.testing import check_decoder, check_text_tokenizer


@pytest.mark.parametrize("name", [backend.name for backend in backends.installed(DECODERS)])
def test_decoder(name: str) -> None:
    check_decoder(backends.load(DECODERS, name))


@pytest.mark.parametrize("name", [backend.name for backend in backends.installed(TEXT_TOKENIZERS)])
def test_text_tokenizer(name: str) -> None:
    check_text_tokenizer(backends.load(TEXT_TOKENIZERS, name))
