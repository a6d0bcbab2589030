"""From a file to text: one module a family of formats, loaded when a file asks for it.

Every such module has `parse(path, options) -> ParsedDocument` and raises `ParseError` for a file
that it cannot read; messages leave the path to the caller.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from ingest.parsers.base import DEFAULT_OPTIONS, ParsedDocument, ParsingOptions
from search.errors import (
    CorruptDocumentError,
    EmptyDocumentError,
    SemsearchError,
    UnsupportedFormatError,
)

PARSERS = {
    ".bmp": "image",
    ".csv": "delimited",
    ".doc": "converted",
    ".docx": "word",
    ".eml": "mail",
    ".epub": "pandoc",
    ".htm": "web",
    ".html": "web",
    ".jpeg": "image",
    ".jpg": "image",
    ".json": "structured",
    ".jsonl": "structured",
    ".markdown": "markdown",
    ".md": "markdown",
    ".msg": "outlook",
    ".ndjson": "structured",
    ".odp": "converted",
    ".ods": "converted",
    ".odt": "pandoc",
    ".org": "pandoc",
    ".pdf": "pdf",
    ".png": "image",
    ".ppt": "converted",
    ".pptx": "slides",
    ".rst": "pandoc",
    ".rtf": "pandoc",
    ".text": "plain",
    ".tif": "image",
    ".tiff": "image",
    ".tsv": "delimited",
    ".txt": "plain",
    ".xhtml": "web",
    ".xls": "converted",
    ".xlsx": "workbook",
    ".xml": "xml",
}
"""File name extension -> module of this package."""


Parser = Callable[[Path, ParsingOptions], ParsedDocument]


def supported_extensions() -> frozenset[str]:
    """Return the file name extensions that `parse` takes, lower-case with their dot."""
    return frozenset(PARSERS)


def is_supported(path: Path) -> bool:
    """Tell whether there is a parser for a file of this name."""
    return path.suffix.lower() in PARSERS


def parse(path: Path, options: ParsingOptions = DEFAULT_OPTIONS) -> ParsedDocument:
    """Turn a file into text.

    Args:
        path: of a file; its extension decides on the parser.
        options: what the parser may use.

    Raises:
        UnsupportedFormatError: there is no parser for its extension.
        EmptyDocumentError: it holds no text.
        MissingToolError: its format takes a program that is not installed.
        ProtectedDocumentError: it needs a password.
        CorruptDocumentError: it is malformed.
    """
    name = PARSERS.get(path.suffix.lower())
    if name is None:
        raise UnsupportedFormatError(
            f"There is no parser for files of type {path.suffix or 'unknown'}: "
            "convert the file to PDF, or exclude it."
        )
    if path.stat().st_size == 0:
        raise EmptyDocumentError("The file is empty (0 bytes): exclude it, or copy it again.")
    parser: Parser = import_module(f"{__name__}.{name}").parse
    try:
        document = parser(path, options)
    except (SemsearchError, OSError, MemoryError):
        raise
    except Exception as error:  # whatever a library raises on input that it did not expect
        reason = " ".join(str(error).split())[:200]
        raise CorruptDocumentError(
            f"The file is malformed ({type(error).__name__}: {reason}): "
            "open and save it again in its program, or exclude it."
        ) from error
    if not document.attachments and not any(block.text for block in document.blocks):
        raise EmptyDocumentError("The file holds no text: exclude it.")
    return document
