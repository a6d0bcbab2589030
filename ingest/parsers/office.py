"""What the Office formats share: properties, and how their packages fail to open."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.parsers.text import one_line
from search.errors import CorruptDocumentError, ProtectedDocumentError, SemsearchError

OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
MEANINGLESS_TITLES = frozenset({"", "untitled", "powerpoint presentation", "document", "dokument"})


@contextmanager
def opening(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever a library raises on a broken package into our errors.

    Args:
        path: the file, which is opened inside.
        kind: what it should be, e.g. `Word document`.
    """
    with path.open("rb") as file:
        magic = file.read(8)
    if magic == OLE_MAGIC:
        raise ProtectedDocumentError(
            f"The {kind} is encrypted with a password or in an old binary format: "
            "save it without a password in the current format, or exclude it."
        )
    if not zipfile.is_zipfile(path):
        raise CorruptDocumentError(f"The file is not a {kind}: its package cannot be opened.")
    try:
        yield
    except SemsearchError:
        raise
    except Exception as error:
        raise CorruptDocumentError(
            f"The {kind} is malformed ({type(error).__name__}: {one_line(str(error))})."
        ) from error


def core_properties(properties: Any) -> dict[str, Any]:
    """Read title, author and dates from the core properties of any Office library."""
    title = one_line(str(properties.title or ""))
    author = getattr(properties, "author", None) or getattr(properties, "creator", None)
    return {
        "title": title if title.casefold() not in MEANINGLESS_TITLES else None,
        "author": one_line(str(author)) or None if author else None,
        "created": _aware(properties.created),
        "modified": _aware(properties.modified),
    }


def _aware(moment: Any) -> datetime | None:
    if not isinstance(moment, datetime):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
