"""Word documents (.docx), through `unstructured`; headings are checked against their styles."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx

from ingest.parsers.base import Block, ParsedDocument
from ingest.parsers.elements import blocks
from ingest.parsers.office import core_properties, opening
from ingest.parsers.tamed import with_unstructured
from ingest.parsers.text import one_line

MAX_GUESSED_HEADING = 80
_HEADING_STYLE = re.compile(r"heading \d|title|subtitle|nagłówek|tytuł|überschrift", re.IGNORECASE)


def parse(path: Path) -> ParsedDocument:
    """Parse a Word document."""
    with opening(path, "Word document"):
        document = docx.Document(str(path))
        styled = _styled_headings(document)
        elements = with_unstructured("docx").partition_docx(filename=str(path))
        content = tuple(_checked(block, styled) for block in blocks(elements))
        properties = core_properties(document.core_properties)
    properties["title"] = properties["title"] or next(
        (block.text for block in content if block.kind == "heading"), None
    )
    pages = [block.page for block in content if block.page]
    return ParsedDocument(blocks=content, pages=max(pages, default=None), **properties)


def _styled_headings(document: Any) -> set[str]:
    """Return the texts of the paragraphs that have a heading style."""
    return {
        one_line(paragraph.text)
        for paragraph in document.paragraphs
        if paragraph.style is not None and _HEADING_STYLE.match(paragraph.style.name or "")
    }


def _checked(block: Block, styled: set[str]) -> Block:
    """Keep a heading that is one by its style; the library guesses others from their wording.

    In a document without any heading style the guess stands for short lines that do not
    end like a sentence.
    """
    if block.kind != "heading" or block.text in styled:
        return block
    guess = not styled and len(block.text) <= MAX_GUESSED_HEADING and block.text[-1] not in ".,;:!?"
    return block if guess else replace(block, kind="text", level=0)
