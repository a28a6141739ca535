"""Token files: every shape that is read, and one line for any other."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mygo_cli.errors import DataError
from mygo_cli.imports.token_json import read_token_json

IDS = st.lists(st.integers(0, 2**32 - 1), max_size=5)
CONTENT = st.dictionaries(st.text(), IDS | st.lists(IDS, min_size=1, max_size=3), min_size=1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(CONTENT, st.booleans(), st.sampled_from([None, 1]))
def test_what_json_writes(tmp_path: Path, content: dict, ascii_only: bool, indent: int) -> None:
    path = tmp_path / "tokens.json"
    text = json.dumps(content, ensure_ascii=ascii_only, indent=indent)
    path.write_bytes(text.encode("utf-8", "surrogatepass" if ascii_only else "strict"))
    found = read_token_json(path).sequences
    assert list(found) == list(content)
    for key, value in content.items():
        nested = value if value and isinstance(value[0], list) else [value]
        assert [ids.tolist() for ids in found[key]] == nested
        assert all(ids.dtype == np.int64 for ids in found[key])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"is empty\. Unpack or copy it again"),
        ("  \n", "is empty"),
        ("{}", r'holds no tokens\. Expected is \{"entity": \[1, 2, 3\]\}'),
        ("[1, 2]", "is no JSON object"),
        ('{"a": [1, 2', "is cut off in the middle"),
        ('{"a": [1, 2]', "is cut off in the middle"),
        ('{"a": [1, 2],}', r":1: not JSON: "),
        ('{"a": [1, 2] "b": [3]}', r":1: not JSON: a comma is missing"),
        ('{"a": [1]}\n{"b": [1]}', r"not JSON: something stands behind the last }"),
        ('{"a": [1],\n1: [2]}', r":2: not JSON: a key is text with a colon behind it"),
        ('{"a": [1],\n"a": [2]}', "the key a stands twice"),
        ('{"a": 1}', "a is no list of token ids"),
        ('{"a": {"b": [1]}}', "a is no list of token ids"),
        ('{"a": [1, -2]}', "a: -2 is no token id"),
        ('{"a": [1, 2.0]}', r"a: 2\.0 is no token id"),
        ('{"a": [1, true]}', "a: true is no token id"),
        ('{"a": ["1"]}', 'a: "1" is no token id'),
        ('{"a": [[1], 2]}', "a is no list of token ids"),
        ('{"a": [4294967296]}', "a: 4294967296 is no token id"),
        ('{"实体": [NaN]}', "实体: NaN is no token id"),
    ],
)
def test_anything_else(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message) as caught:
        read_token_json(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_bytes(b"\xff\xfe{\0}\0")
    with pytest.raises(DataError, match="is not UTF-8, so it is no JSON"):
        read_token_json(path)
    with pytest.raises(DataError, match=r"x\.json: no such file"):
        read_token_json(tmp_path / "x.json")
    with pytest.raises(DataError, match=r"is not a file\. Name a \.json file"):
        read_token_json(tmp_path)


def test_an_archive_that_lzma_cannot_read(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("tokens.json", json.dumps({"a": list(range(1000))}))
    content = bytearray(path.read_bytes())
    content[50:70] = b"\xff" * 20
    path.write_bytes(content)
    with pytest.raises(DataError, match="is cut off, damaged or no zip file"):
        read_token_json(path)


def test_archives(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
        archive.writestr("a/tokens.json", '\ufeff{"a": [1]}')
    assert read_token_json(path).sequences["a"][0].tolist() == [1]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("b/tokens.json", "{}")
    with pytest.raises(DataError, match="holds 2 JSON files, expected one"):
        read_token_json(path)
