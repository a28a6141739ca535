"""A file is whole or not there, whatever ends its writing."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from mygo_cli import files
from mygo_cli.errors import DataError
from mygo_cli.files import atomic_write

# A process that begins to write a file, and waits.
WRITING = """
import sys
from pathlib import Path
from mygo_cli.files import atomic_write

with atomic_write(Path(sys.argv[1])):
    print(flush=True)
    sys.stdin.read()
"""


def write(path, content=b"new", then=None):
    with atomic_write(path) as file:
        file.write(content)
        if then is not None:
            raise then


@pytest.fixture(params=["fresh", "replaced"])
def path(request, tmp_path):
    """Return the path of a file that is not there, or holds `old`."""
    path = tmp_path / "a file.txt"
    if request.param == "replaced":
        path.write_bytes(b"old")
    return path


def test_it_is_there_once_it_is_full(path):
    with atomic_write(path) as file:
        file.write(b"new")
        assert not path.exists() or path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("ended_by", "raised"),
    [
        (OSError(28, "No space left on device"), DataError),
        (ValueError("a fault"), ValueError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_what_ends_early_changes_nothing(path, ended_by, raised):
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(raised):
        write(path, then=ended_by)
    assert (path.read_bytes() if path.exists() else None) == before
    assert not list(path.parent.glob("*.part"))


def test_a_disk_that_is_full_only_when_it_is_asked(path, monkeypatch):
    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=r"a file\.txt cannot be written: No space left on device"):
        write(path)
    assert not list(path.parent.glob("*.part"))


def test_what_a_kill_left_goes_with_the_next_writing(path):
    left = path.with_name(f"{path.name}.0123abcd.part")
    left.write_bytes(b"half of it")
    write(path)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_what_another_process_is_writing_stays(path):
    """However long that takes."""
    command = [sys.executable, "-c", WRITING, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        other.stdout.readline()
        (half,) = path.parent.glob("*.part")
        os.utime(half, (1e9, 1e9))
        write(path)
        assert half.exists()
        other.kill()
    assert half.exists()
    write(path)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_without_locks_it_goes_once_it_is_old(path, monkeypatch):
    monkeypatch.setattr(files, "_lock", lambda handle: False)
    old, young = (path.with_name(f"{path.name}.{name}.part") for name in ("0123abcd", "89abcdef"))
    old.write_bytes(b"half of it")
    young.write_bytes(b"half of it, by another process")
    os.utime(old, (1e9, 1e9))
    write(path)
    assert {file.name for file in path.parent.iterdir()} == {path.name, young.name}


def test_a_name_that_was_cleared_up_at_once_is_not_kept(path, monkeypatch):
    """Another writer takes a file that is not locked yet for a leftover: a new one is made."""
    lock, cleared = files._lock, []

    def late(handle):
        if not cleared:
            (half,) = path.parent.glob("*.part")
            cleared.append(half.unlink())
        return lock(handle)

    monkeypatch.setattr(files, "_lock", late)
    write(path)
    assert cleared
    assert path.read_bytes() == b"new"


def test_two_writers_at_once(path):
    with atomic_write(path) as one, atomic_write(path) as other:
        one.write(b"one")
        other.write(b"other")
    assert path.read_bytes() == b"one"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_link_stays_a_link(path):
    link = path.with_name("link")
    link.symlink_to(path.name)
    write(link)
    assert link.is_symlink()
    assert path.read_bytes() == b"new"


def test_a_pipe_is_written_to(path):
    pipe = path.with_name("pipe")
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write(pipe)
    assert os.read(reader, 100) == b"new"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_no_such_folder(tmp_path):
    with pytest.raises(DataError, match="cannot be written: No such file or directory"):
        write(tmp_path / "nowhere" / "x")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written: Not a directory"):
        write(tmp_path / "file" / "x")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="cannot be written: Permission denied"):
        write(tmp_path / "x")
