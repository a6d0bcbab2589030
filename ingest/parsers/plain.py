"""Plain text: paragraphs between blank lines, headings by how they are set off."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

from ingest.parsers.base import DEFAULT_OPTIONS, Block, ParsedDocument, ParsingOptions
from ingest.parsers.text import clean, continued, decode, one_line

MAX_HEADING = 90
WRAPPED = 55
"""Prose whose longest line is shorter has not been wrapped: its line breaks are meant."""
_UNDERLINE = re.compile(r"^([=\-~*#_])\1{2,}$")
_NUMBERED = re.compile(r"^(\d{1,2}(?:\.\d{1,2})*)[.)]? +\S|^§ *\d+")
ITEM = re.compile(r"^(?:[-*•–]|\d{1,3}[.)]|[a-z][.)]) +\S")
_GAP = re.compile(r"(?<=\S)(?: {2,}|\t+)(?=\S)")
"""What separates columns."""


def parse(path: Path, options: ParsingOptions = DEFAULT_OPTIONS) -> ParsedDocument:
    """Parse a text file."""
    content = tuple(plain_blocks(decode(path.read_bytes())))
    title = next((b.text for b in content[:1] if b.kind == "heading"), None)
    return ParsedDocument(blocks=content, title=title)


def plain_blocks(text: str) -> Iterator[Block]:
    """Find headings, list items, tables and paragraphs in plain text."""
    lines = re.split(r"\r\n|[\r\n\f\x85\u2028\u2029]", text)
    paragraph: list[str] = []
    for line in [*lines, ""]:
        columns = " | ".join(_GAP.split(line.strip()))
        if tidy := one_line(columns):
            paragraph.append(tidy if " | " in columns else clean(line))
        else:
            yield from _paragraph(paragraph)
            paragraph = []


def _paragraph(lines: list[str]) -> Iterator[Block]:
    if len(lines) >= 2 and _UNDERLINE.match(lines[1]) and len(lines[0]) <= MAX_HEADING:
        yield Block("heading", _joined(lines[:1]), level=1 if lines[1][0] == "=" else 2)
        lines = lines[2:]
    elif lines and _is_heading(lines):
        yield Block("heading", _joined(lines[:1]), level=_level(lines[0]))
        lines = lines[1:]
    lines = [line for line in lines if not _UNDERLINE.match(line)]
    rows = sum(" | " in line for line in lines)
    if rows >= 2 and rows * 2 > len(lines):
        yield Block("table", "\n".join(_rows(lines)))
        return
    wrapped = max(map(len, lines), default=0) >= WRAPPED
    group: list[str] = []
    for line in lines:
        if ITEM.match(line):
            yield from _text(group, wrapped)
            group = [line]
        else:
            group.append(line)
    yield from _text(group, wrapped)


def _text(lines: list[str], wrapped: bool) -> Iterator[Block]:
    if lines:
        is_item = bool(ITEM.match(lines[0]))
        full = max(map(len, lines)) * 0.6 if wrapped or is_item else math.inf
        parts: list[list[str]] = [[]]
        for line in lines:
            parts[-1].append(line)
            if len(line) < full:  # broken before it was full: the break is meant
                parts.append([])
        text = "\n".join(_joined(part) for part in parts if part)
        yield Block("list" if is_item else "text", text)


def _joined(lines: list[str]) -> str:
    """Join lines of prose, in which wide gaps are not columns; a hyphenated word is mended."""
    text = ""
    for line in lines:
        text = continued(text, line.replace(" | ", " "))
    return text


def _rows(lines: list[str]) -> Iterator[str]:
    """Join a line without columns to the row above it, which it continues."""
    row = ""
    for line in lines:
        if row and " | " not in line:
            row += f" {line}"
            continue
        if row:
            yield row
        row = line
    yield row


def _is_heading(lines: list[str]) -> bool:
    """Tell a heading: a line in capitals, or a short numbered one that was not filled up."""
    first = lines[0]
    if len(first) > MAX_HEADING or first[-1] in ".,;:?!" or " | " in first:
        return False
    letters = [c for c in first if c.isalpha()]
    if len(letters) >= 4 and all(c.isupper() for c in letters):
        return True
    if not _NUMBERED.match(first) or not letters:
        return False
    if len(lines) == 1:
        return True
    longest = max(map(len, lines[1:]))
    return longest >= WRAPPED and len(first) < longest * 0.6 and not ITEM.match(lines[1])


def _level(line: str) -> int:
    number = _NUMBERED.match(line)
    if number and number[1]:
        return 2 + number[1].count(".")
    return 2 if number else 1
