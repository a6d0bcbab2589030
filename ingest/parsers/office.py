"""What the Office formats share: properties, and how their packages fail to open."""

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree

from ingest.parsers.base import Block, ParsedDocument
from ingest.parsers.text import meaningful_title, one_line
from search.errors import CorruptDocumentError, ProtectedDocumentError, SemsearchError

OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
LIBRARIES = frozenset({"python-docx", "openpyxl", "apache poi", "phpoffice", "unknown creator"})
"""Authors that are programs; the dates beside them are those of their templates."""
_CORE_PART = "docprops/core.xml"


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
        raise CorruptDocumentError(
            f"The file is not a {kind}: its package cannot be opened. "
            "Save it again in its program, or exclude it."
        )
    try:
        yield
    except SemsearchError:
        raise
    except Exception as error:
        raise CorruptDocumentError(
            f"The {kind} is malformed ({type(error).__name__}: {one_line(str(error))[:200]}): "
            "save it again in its program, or exclude it."
        ) from error


@dataclass(frozen=True, slots=True)
class CoreProperties:
    """What an Office package says of itself; the libraries fill gaps with today's date."""

    title: str | None = None
    author: str | None = None
    created: datetime | None = None
    modified: datetime | None = None


def core_properties(path: Path) -> CoreProperties:
    """Read title, author and dates from a package; a part missing or malformed gives none."""
    with zipfile.ZipFile(path) as package:
        part = next((n for n in package.namelist() if n.lower() == _CORE_PART), None)
        data = package.read(part) if part else b""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    root = etree.fromstring(data, parser) if data.strip() else None
    if root is None:
        return CoreProperties()
    texts = {
        etree.QName(element).localname: one_line("".join(element.itertext()))
        for element in root.iterchildren(tag=etree.Element)
    }
    author = texts.get("creator") or texts.get("lastModifiedBy")
    if author and author.casefold() in LIBRARIES:
        return CoreProperties(title=meaningful_title(texts.get("title")))
    return CoreProperties(
        title=meaningful_title(texts.get("title")),
        author=author or None,
        created=_moment(texts.get("created")),
        modified=_moment(texts.get("modified")),
    )


def assembled(
    blocks: Sequence[Block], properties: CoreProperties, pages: int | None
) -> ParsedDocument:
    """Put blocks and properties together; the first heading stands in for a missing title."""
    return ParsedDocument(
        blocks=tuple(blocks),
        title=properties.title or first_heading(blocks),
        author=properties.author,
        created=properties.created,
        modified=properties.modified,
        pages=pages,
    )


def first_heading(blocks: Sequence[Block]) -> str | None:
    """Return the text of the first heading."""
    return next((block.text for block in blocks if block.kind == "heading"), None)


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
