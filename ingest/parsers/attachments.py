"""Files inside files: each is parsed as it would be in a folder, and becomes a document."""

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ingest.archives import check_archive
from ingest.parsers.base import Attachment, ParsingOptions
from ingest.parsers.text import one_line
from search.errors import SemsearchError

MOST = 100
"""Attachments of one file; those beyond are reported."""
_FORBIDDEN = re.compile(r"[/\\\x00-\x1f\x7f]+")


def parsed_attachments(
    files: Iterable[tuple[str, bytes]], options: ParsingOptions
) -> tuple[Attachment, ...]:
    """Parse the files attached to another.

    Args:
        files: their names and contents.
        options: of the file that holds them; `depth` says how deep attachments may nest.
    """
    return tuple(_parsed(files, options))


def _parsed(files: Iterable[tuple[str, bytes]], options: ParsingOptions) -> Iterator[Attachment]:
    taken: set[str] = set()
    for number, (given, data) in enumerate(files, 1):
        name = _unique(given, number, taken)
        digest = hashlib.blake2b(data, digest_size=16).hexdigest()
        attachment = Attachment(name, len(data), digest)
        if number > MOST:
            yield replace(attachment, problem=f"Only the first {MOST} attachments are read.")
        elif options.depth <= 0:
            yield replace(attachment, problem="It is nested too deeply in other attachments.")
        else:
            yield _read(attachment, data, replace(options, depth=options.depth - 1))


def _read(attachment: Attachment, data: bytes, options: ParsingOptions) -> Attachment:
    from ingest.parsers import parse

    suffix = PurePosixPath(attachment.name).suffix.lower()[:20]
    with tempfile.TemporaryDirectory(prefix="semsearch-") as folder:
        file = Path(folder) / f"attachment{suffix}"
        file.write_bytes(data)
        try:
            check_archive(file)
            return replace(attachment, document=parse(file, options))
        except SemsearchError as error:
            return replace(attachment, problem=str(error))


def _unique(given: str, number: int, taken: set[str]) -> str:
    """Return a name that is fit for a path and that no sibling has."""
    name = one_line(_FORBIDDEN.sub("_", given)).strip(". ")[:120] or f"attachment {number}"
    path = PurePosixPath(name)
    copy = 2
    while name in taken:
        name = f"{path.stem} ({copy}){path.suffix}"
        copy += 1
    taken.add(name)
    return name
