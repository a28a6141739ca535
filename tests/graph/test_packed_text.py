"""A packed text file holds what texts hold, and no more."""

from __future__ import annotations

import gzip

import pytest

from mygo_cli import files
from mygo_cli.graph.text_files import FileFault, read_text


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """Return a gzip file of a million blanks."""
    monkeypatch.setattr(files, "UNPACKED_ANYWAY", 1 << 16)
    path = tmp_path / "train.txt.gz"
    path.write_bytes(gzip.compress(b"a\tr\tb\n" + b" " * (1 << 20)))
    return path


def test_more_than_a_text_can_be_is_refused(packed):
    with pytest.raises(FileFault, match=r"holds more than .* bytes.*gunzip") as caught:
        read_text(packed)
    assert "\n" not in str(caught.value)


def test_a_small_file_may_be_packed_as_well_as_it_likes(packed, monkeypatch):
    monkeypatch.setattr(files, "UNPACKED_ANYWAY", 1 << 21)
    assert read_text(packed).startswith("a\tr\tb\n")


def test_the_bound_grows_with_the_file():
    assert files.most_unpacked(0) == files.UNPACKED_ANYWAY
    assert files.most_unpacked(1 << 30) == 40 << 30
