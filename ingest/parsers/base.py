"""What every parser returns, whatever the format."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

BlockKind = Literal["heading", "text", "list", "table", "code"]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a document in reading order."""

    kind: BlockKind
    text: str
    """Normalised text. A table has one line per row, cells joined with ` | `, header first."""
    level: int = 0
    """Depth of a heading from 1, of a list item from 0."""
    page: int | None = None
    """Page, slide or sheet, from 1."""


@dataclass(frozen=True, slots=True)
class ParsingOptions:
    """What parsers may use."""

    ocr: bool = True
    """Read scans and images with tesseract."""
    ocr_languages: str = "pol+eng+deu"
    """Those not installed are left out."""
    depth: int = 3
    """How deep attachments may nest."""
    progress: Callable[[], None] = lambda: None
    """Called after every page that took OCR: the clock of the file starts anew."""


DEFAULT_OPTIONS = ParsingOptions()


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A file as text: its blocks and what the file says of itself."""

    blocks: tuple[Block, ...]
    title: str | None = None
    author: str | None = None
    created: datetime | None = None
    modified: datetime | None = None
    pages: int | None = None
    tags: tuple[str, ...] = ()
    """Keywords that the file gives itself."""
    notes: tuple[str, ...] = ()
    """What could not be read of the file, one line each."""
    attachments: "tuple[Attachment, ...]" = ()
    """Files inside the file, each a document of its own."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside another, read with it: parsed, or the reason why not."""

    name: str
    """File name, unique among its siblings; no slashes."""
    size: int
    """In bytes."""
    content_hash: str
    """BLAKE2b-128 of its bytes, in hex."""
    document: ParsedDocument | None = None
    problem: str | None = None
    """Why there is no document."""
