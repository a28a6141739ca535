"""The zip archive around the tensors that torch.save wrote: is it whole, and no larger inside?

torch.load believes an archive: it does not look at the checksum of a member, and gives a member
the memory that its entry asks for. torch.save stores members as they are, one behind the other, so
whatever is packed, or is more inside than outside, is not its work.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mygo_cli.errors import DataError
from mygo_cli.files import holes_refused

COPY_AGAIN = "Copy it again from where it came, or make it again."
SAVE_AGAIN = "Unpack it, or save it again with torch.save."


# Tables of tensors hardly become smaller by packing, so nobody packs them but to hide their size.
PLAIN = zipfile.ZIP_STORED


def check_archive(path: Path, file: BinaryIO) -> None:
    """Raise unless an open file is an archive of torch.save, each member with its checksum.

    Reads the file once, a piece at a time. Raises `DataError` that names `path`, or
    `zipfile.BadZipFile` for a file that is no archive.
    """
    holes_refused(path)
    with zipfile.ZipFile(file) as archive:
        _check_members(path, archive)
        damaged = archive.testzip()
    if damaged is not None:
        raise DataError(f"{path} is damaged: the checksum of {damaged} is wrong.", COPY_AGAIN)


def member_names(path: Path) -> set[str]:
    """Return the names of an archive's members, without their folders.

    Reads the list of members only. Archives of others pass whatever their checksums: torch can be
    told to write none (`torch.serialization.set_crc32_options`). Raises `DataError` as
    `check_archive` does, for members that are packed or too large.
    """
    with zipfile.ZipFile(path) as archive:
        _check_members(path, archive)
        return {name.rpartition("/")[2] for name in archive.namelist()}


def _check_members(path: Path, archive: zipfile.ZipFile) -> None:
    """Raise `DataError` where members would take more memory than the archive has bytes."""
    members = archive.infolist()
    for member in members:
        if member.compress_type != PLAIN:
            raise DataError(f"{path} is packed: {member.filename} is compressed.", SAVE_AGAIN)
    size = sum(member.file_size for member in members)
    # What lies before the list of members is all that they can be.
    if size > archive.start_dir:
        raise DataError(
            f"{path} is damaged: it says that it holds {size:,} bytes, of which there are "
            f"{archive.start_dir:,}.",
            COPY_AGAIN,
        )


@contextmanager
def unwarned() -> Iterator[None]:
    """Keep back what torch says of a file that it reads: what is wrong with one is said once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
