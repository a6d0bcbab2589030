"""Word documents (.docx), through `unstructured`; headings are checked against their styles."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import docx

from ingest.parsers.base import DEFAULT_OPTIONS, Block, ParsedDocument, ParsingOptions
from ingest.parsers.elements import blocks
from ingest.parsers.office import assembled, core_properties, opening
from ingest.parsers.tamed import with_unstructured
from ingest.parsers.text import one_line
from ingest.parsers.word_markup import simplify, table_text

MAX_GUESSED_HEADING = 80
_HEADING_STYLE = re.compile(r"heading \d|title|subtitle|nagłówek|tytuł|überschrift", re.IGNORECASE)
_CLAUSE = re.compile(r"(§|art\.|artykuł|rozdział|dział|część|załącznik)\s*(nr )?\w{1,5}\.?", re.I)
"""A paragraph of a contract or a statute that has nothing but its number."""


def parse(path: Path, options: ParsingOptions = DEFAULT_OPTIONS) -> ParsedDocument:
    """Parse a Word document."""
    with opening(path, "Word document"):
        document = docx.Document(str(path))
        simplify(document)
        headings = _Headings.of(document)
        tables = [table_text(table) for table in document.tables]
        plain = io.BytesIO()
        document.save(plain)
        plain.seek(0)
        elements = with_unstructured("docx").partition_docx(file=plain)
        content = [headings.checked(block) for block in _with_tables(elements, tables)]
        pages = max((block.page for block in content if block.page), default=None)
        return assembled(content, core_properties(path), pages)


def _with_tables(elements: list[Any], tables: list[str]) -> Iterator[Block]:
    """Yield blocks with the tables as we have read them; a framed text is no table."""
    count = sum(type(element).__name__ == "Table" for element in elements)
    ours = iter(tables) if count == len(tables) else None
    for element in elements:
        if type(element).__name__ != "Table" or ours is None:
            yield from blocks([element], first_depth=0)
        elif text := next(ours):
            kind = "table" if " | " in text else "text"
            yield Block("table" if kind == "table" else "text", text, page=_page(element))


def _page(element: Any) -> int | None:
    page = element.metadata.page_number
    return int(page) if page else None


@dataclass(frozen=True, slots=True)
class _Headings:
    """What marks headings in one document."""

    styled: frozenset[str]
    """Texts of the paragraphs that have a heading style."""
    bold: frozenset[str]
    """Texts of the short paragraphs that are bold throughout."""

    @classmethod
    def of(cls, document: Any) -> "_Headings":
        styled, bold = set(), set()
        for paragraph in document.paragraphs:
            text = one_line(paragraph.text)
            if paragraph.style is not None and _HEADING_STYLE.match(paragraph.style.name or ""):
                styled.add(text)
            elif text and len(text) <= MAX_GUESSED_HEADING and text[-1] not in ".,;:!?":
                runs = [run for run in paragraph.runs if run.text.strip()]
                if runs and all(run.bold for run in runs):
                    bold.add(text)
        return cls(frozenset(styled), frozenset(bold))

    def checked(self, block: Block) -> Block:
        """Keep a heading that is one by its style; the library guesses others from wording.

        A document without any heading style is judged by what its writer did instead:
        bold lines and lone clause numbers.
        """
        if block.kind == "heading":
            unnumbered = block.text.partition(" ")[2]
            if block.text in self.styled or unnumbered in self.styled:
                return block
            block = replace(block, kind="text", level=0)
        if not self.styled and block.kind == "text" and self._set_off(block.text):
            return replace(block, kind="heading", level=1 if block.text.isupper() else 2)
        return block

    def _set_off(self, text: str) -> bool:
        return text in self.bold or bool(_CLAUSE.fullmatch(text))
