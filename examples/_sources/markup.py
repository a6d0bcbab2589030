"""The Markdown dialect that the binary files are written in, and its parser.

A source starts with `key: value` lines between two `---`: title, author, language (such as
pl-PL) and created (an ISO date). After it come blocks, with an empty line between them:

    ## Heading                  a heading; in slides a new slide, in workbooks a new sheet
    - item  /  1. item          a list; one line an item
    | a | b |                   a table; the second line is the usual |---|---|
    > text                      a speaker's note (slides)
    <!-- page -->               a page break
    <!-- columns -->            from here two columns, until <!-- /columns -->

All else is a paragraph. `**bold**` is the only markup inside a line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

BOLD = re.compile(r"\*\*(.+?)\*\*")
NUMBERED = re.compile(r"\d+\. ")


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the document's title."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Items:
    """A bulleted or numbered list."""

    items: tuple[str, ...]
    numbered: bool


@dataclass(frozen=True)
class Table:
    """A table whose first row is its header."""

    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Notes:
    """What the speaker says and the slide does not show."""

    text: str


@dataclass(frozen=True)
class Break:
    """A change of layout."""

    kind: Literal["page", "columns", "/columns"]


Block = Heading | Paragraph | Items | Table | Notes | Break


@dataclass(frozen=True)
class Document:
    """A parsed source: its core properties and its blocks."""

    title: str
    author: str
    language: str
    created: datetime
    blocks: tuple[Block, ...]


def parse(source: Path) -> Document:
    """Parse one source file.

    Raises:
        ValueError: if the front matter lacks a key or a block is malformed.
    """
    _, front, body = source.read_text(encoding="utf-8").split("---\n", 2)
    keys = dict(line.split(": ", 1) for line in front.splitlines())
    try:
        return Document(
            title=keys["title"],
            author=keys["author"],
            language=keys["language"],
            created=datetime.fromisoformat(keys["created"]),
            blocks=tuple(_block(chunk, source) for chunk in re.split(r"\n{2,}", body.strip())),
        )
    except KeyError as missing:
        raise ValueError(f"{source}: the front matter has no {missing}. Add it.") from missing


def spans(text: str) -> Iterator[tuple[str, bool]]:
    """Split a line into `(text, is bold)` pieces."""
    for index, piece in enumerate(BOLD.split(text)):
        if piece:
            yield piece, index % 2 == 1


def plain(text: str) -> str:
    """Return a line without its markup."""
    return BOLD.sub(r"\1", text)


def _block(chunk: str, source: Path) -> Block:
    lines = chunk.splitlines()
    first = lines[0]
    if first.startswith("#"):
        marks, text = first.split(" ", 1)
        return Heading(len(marks), text)
    if first.startswith("|"):
        return _table(lines, source)
    if first.startswith("> "):
        return Notes(" ".join(line.removeprefix("> ") for line in lines))
    if first.startswith("- "):
        return Items(tuple(line.removeprefix("- ") for line in lines), numbered=False)
    if NUMBERED.match(first):
        return Items(tuple(NUMBERED.sub("", line, count=1) for line in lines), numbered=True)
    if first.startswith("<!--"):
        return _break(first, source)
    return Paragraph(" ".join(lines))


def _break(line: str, source: Path) -> Break:
    match line.strip("<!-> "):
        case "page":
            return Break("page")
        case "columns":
            return Break("columns")
        case "/columns":
            return Break("/columns")
    raise ValueError(f"{source}: {line} is no layout. Use page, columns or /columns.")


def _table(lines: list[str], source: Path) -> Table:
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    del rows[1]
    if len({len(row) for row in rows}) != 1:
        raise ValueError(f"{source}: the rows under {lines[0]} differ in their cells.")
    return Table(tuple(rows))
