"""The lines of docs/export.md load what `mygo export` writes, each in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mygo_cli.exports.files import FORMATS, save_table
from mygo_cli.exports.tables import Table

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^## (\w+)$.*?^```python\n(.*?)^```$", PAGE, flags=re.S | re.M))
BLOCKS["Parquet"] = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.S | re.M)[4]
ENTITIES = ["kenya", "NA", '"Weird Al" Yankovic', "肯尼亚", "new zealand", "null"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    vectors = np.random.default_rng(0).standard_normal((len(ENTITIES), 8)).astype(np.float32)
    vectors[2] = vectors[0] + 0.01  # the nearest one
    texts = {"entity": ENTITIES, "name": ENTITIES}
    for kind in FORMATS:
        save_table(folder / f"entities.{kind}", kind, Table(texts, {"vector": vectors}, {}, texts))
    return folder


def run(folder: Path, code: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@pytest.mark.parametrize("tool", ["NumPy", "pandas", "Parquet", "safetensors"])
def test_a_vector_by_its_entity(folder: Path, tool: str) -> None:
    assert run(folder, BLOCKS[tool]) == "(8,)"


def test_gensim(folder: Path) -> None:
    pytest.importorskip("gensim")
    assert run(folder, BLOCKS["gensim"]).startswith("[('\"Weird Al\" Yankovic', 0.99")


def test_faiss(folder: Path) -> None:
    pytest.importorskip("faiss")
    assert run(folder, BLOCKS["FAISS"]).startswith("['kenya' '\"Weird Al\" Yankovic'")


def test_pandas_reads_the_same_names_and_numbers(folder: Path) -> None:
    code = f"""{BLOCKS["pandas"]}
import numpy as np
file = np.load("entities.npz")
assert table.index.tolist() == file["entity"].tolist() == {ENTITIES!r}
np.testing.assert_array_equal(vectors.to_numpy(), file["vector"])
packed = pd.read_parquet("entities.parquet")
np.testing.assert_array_equal(packed.filter(like="vector_").to_numpy("float32"), file["vector"])
assert packed["name"].tolist() == {ENTITIES!r}
"""
    run(folder, code)


def test_a_long_name_makes_no_large_npz(tmp_path: Path) -> None:
    names = [f"e{number}" for number in range(999)] + ["long" * 3000]
    vectors = np.random.default_rng(0).standard_normal((1000, 8)).astype(np.float32)
    save_table(tmp_path / "e.npz", "npz", Table({"entity": names}, {"vector": vectors}))
    assert (tmp_path / "e.npz").stat().st_size < 10 * vectors.nbytes
    with np.load(tmp_path / "e.npz", allow_pickle=False) as file:
        assert file["entity"].tolist() == names
        np.testing.assert_array_equal(file["vector"], vectors)
