"""Plain text: paragraphs between blank lines, headings by how they are set off."""

import re
from collections.abc import Iterator
from pathlib import Path

from ingest.parsers.base import Block, ParsedDocument
from ingest.parsers.text import clean, decode, one_line

MAX_HEADING = 90
_UNDERLINE = re.compile(r"^([=\-~*#_])\1{2,}$")
_NUMBERED = re.compile(r"^(\d{1,2}(?:\.\d{1,2})*)[.)]? +\S|^§ *\d+")
_ITEM = re.compile(r"^(?:[-*•–]|\d{1,3}[.)]|[a-z][.)]) +\S")


def parse(path: Path) -> ParsedDocument:
    """Parse a text file."""
    content = tuple(plain_blocks(decode(path.read_bytes())))
    title = next((b.text for b in content[:1] if b.kind == "heading"), None)
    return ParsedDocument(blocks=content, title=title)


def plain_blocks(text: str) -> Iterator[Block]:
    """Find headings, list items and paragraphs in plain text."""
    for paragraph in re.split(r"\n\s*\n", clean(text)):
        lines = [line.strip() for line in paragraph.split("\n") if line.strip()]
        yield from _paragraph([line for line in lines if line])


def _paragraph(lines: list[str]) -> Iterator[Block]:
    if len(lines) >= 2 and _UNDERLINE.match(lines[1]) and len(lines[0]) <= MAX_HEADING:
        yield Block("heading", one_line(lines[0]), level=1 if lines[1][0] == "=" else 2)
        lines = lines[2:]
    elif lines and _is_heading(lines[0], alone=len(lines) == 1):
        yield Block("heading", one_line(lines[0]), level=_level(lines[0]))
        lines = lines[1:]
    lines = [line for line in lines if not _UNDERLINE.match(line)]
    group: list[str] = []
    for line in lines:
        if _ITEM.match(line):
            yield from _text(group)
            group = [line]
        else:
            group.append(line)
    yield from _text(group)


def _text(lines: list[str]) -> Iterator[Block]:
    if lines:
        kind = "list" if _ITEM.match(lines[0]) else "text"
        yield Block("list" if kind == "list" else "text", "\n".join(lines))


def _is_heading(line: str, alone: bool) -> bool:
    """Tell a heading: a line in capitals, or a short numbered line that stands alone."""
    if len(line) > MAX_HEADING or line[-1] in ".,;:?!":
        return False
    letters = [c for c in line if c.isalpha()]
    if len(letters) >= 4 and all(c.isupper() for c in letters):
        return True
    return alone and bool(_NUMBERED.match(line))


def _level(line: str) -> int:
    number = _NUMBERED.match(line)
    if number and number[1]:
        return 2 + number[1].count(".")
    return 2 if number else 1
