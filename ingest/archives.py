"""Zip bombs are refused by their central directory, before anything is unpacked.

Office files, e-books and OpenDocument are zip archives: a few kilobytes may say that they
hold gigabytes, the members may overlap (Fifield 2019), or hold archives of their own.
"""

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from search.errors import UnsafeFileError

MIB = 1024**2
MOST_BYTES = 1024 * MIB
SUSPICIOUS_BYTES = 100 * MIB
SUSPICIOUS_RATIO = 200
"""An archive that unpacks to more than `SUSPICIOUS_BYTES` and so many times its size."""

MOST_MEMBERS = 20_000
MOST_DEPTH = 3
NESTED = (".zip", ".docx", ".pptx", ".xlsx", ".odt", ".ods", ".odp", ".epub", ".jar")
NESTED_BYTES = 64 * MIB
"""Of a member that is an archive itself, as far as it is looked into."""


def check_archive(path: Path) -> None:
    """Refuse a zip archive that is made to exhaust memory or disk; other files pass.

    Raises:
        UnsafeFileError: it is one.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        if file.read(4) in (b"PK\x03\x04", b"PK\x05\x06"):
            file.seek(0)
            _check(file, path.stat().st_size, MOST_DEPTH)


def _check(file: BinaryIO, size: int, depth: int) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _check_directory(members, size)
            for name, content in _nested(archive, members):
                if depth == 0:
                    raise UnsafeFileError(
                        f"The file holds archives in archives, {MOST_DEPTH} deep ({name}): "
                        "exclude it."
                    )
                _check(io.BytesIO(content), len(content), depth - 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError):
        return  # damaged or encrypted: its parser will say so


def _check_directory(members: Sequence[zipfile.ZipInfo], size: int) -> None:
    if len(members) > MOST_MEMBERS:
        raise UnsafeFileError(f"The file is an archive of {len(members)} members: exclude it.")
    unpacked = sum(member.file_size for member in members)
    if unpacked > MOST_BYTES or (
        unpacked > SUSPICIOUS_BYTES and unpacked > SUSPICIOUS_RATIO * max(size, 1)
    ):
        raise UnsafeFileError(
            f"The file unpacks from {size / MIB:.1f} MiB to {unpacked / MIB:.0f} MiB and looks "
            "like a zip bomb: exclude it."
        )
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < end:
            raise UnsafeFileError(
                "The members of the archive overlap, as in a zip bomb: exclude the file."
            )
        end = member.header_offset + member.compress_size


def _nested(
    archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo]
) -> Iterator[tuple[str, bytes]]:
    """Yield the archives inside, as far as `NESTED_BYTES` go."""
    for member in members:
        if member.filename.lower().endswith(NESTED) and not member.is_dir():
            with archive.open(member) as content:
                yield member.filename, content.read(NESTED_BYTES)
