"""From a file to text: one module a family of formats, loaded when a file asks for it.

Every such module has `parse(path) -> ParsedDocument` and raises `ParseError` for a file
that it cannot read; messages leave the path to the caller.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from ingest.parsers.base import ParsedDocument
from search.errors import EmptyDocumentError, UnsupportedFormatError

PARSERS = {
    ".csv": "delimited",
    ".docx": "word",
    ".eml": "mail",
    ".htm": "web",
    ".html": "web",
    ".markdown": "markdown",
    ".md": "markdown",
    ".pdf": "pdf",
    ".pptx": "slides",
    ".text": "plain",
    ".tsv": "delimited",
    ".txt": "plain",
    ".xlsx": "workbook",
}
"""File name extension -> module of this package."""


def is_supported(path: Path) -> bool:
    """Tell whether there is a parser for a file of this name."""
    return path.suffix.lower() in PARSERS


def parse(path: Path) -> ParsedDocument:
    """Turn a file into text.

    Args:
        path: of a file; its extension decides on the parser.

    Raises:
        UnsupportedFormatError: there is no parser for its extension.
        EmptyDocumentError: it holds no text.
        ProtectedDocumentError: it needs a password.
        CorruptDocumentError: it is malformed.
    """
    name = PARSERS.get(path.suffix.lower())
    if name is None:
        raise UnsupportedFormatError(f"Files of type {path.suffix or 'unknown'} are not indexed.")
    if path.stat().st_size == 0:
        raise EmptyDocumentError("The file is empty (0 bytes).")
    parser: Callable[[Path], ParsedDocument] = import_module(f"{__name__}.{name}").parse
    document = parser(path)
    if not any(block.text for block in document.blocks):
        raise EmptyDocumentError("The file holds no text.")
    return document
