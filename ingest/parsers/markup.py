"""From HTML to blocks: a walk over the tree that loses no text.

`unstructured`'s HTML partitioner passes over text beside elements that it does not know.
"""

import re
from collections.abc import Iterator

from bs4.element import CData, NavigableString, Tag

from ingest.parsers.base import Block
from ingest.parsers.elements import join_rows
from ingest.parsers.plain import plain_blocks
from ingest.parsers.text import clean, one_line

HEADINGS = {f"h{level}": level for level in range(1, 7)}
BREAKING = {
    *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details"),
    *("dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header"),
    *("hgroup", "hr", "legend", "main", "p", "section", "summary", "tbody", "td", "tfoot", "th"),
    *("thead", "tr"),
}
"""Elements that begin and end a paragraph."""
SKIPPED = frozenset(
    ("button", "head", "math", "noscript", "script", "select", "style", "svg", "template")
)
MAX_SPAN = 100
LONG_PRE = 3000
"""A longer preformatted text without `code` is a plain-text document."""
_PERMALINK = re.compile(r"\s*[¶#]$")


def markup_blocks(root: Tag) -> tuple[Block, ...]:
    """Return the blocks of an HTML tree in reading order."""
    walk = _Walk()
    walk.children(root)
    walk.flush()
    return tuple(walk.blocks)


class _Walk:
    """Gathers inline text and turns it into a block wherever an element breaks the line."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._inline: list[str] = []
        self._depth = 0
        self._in_item = False
        self._number = ""

    def children(self, parent: Tag) -> None:
        for child in parent.children:
            if isinstance(child, Tag):
                self._element(child)
            elif type(child) in (NavigableString, CData):
                self._inline.append(re.sub(r"\s+", " ", str(child)))

    def flush(self) -> None:
        """End the paragraph."""
        text = "".join(self._inline)
        self._inline = []
        for paragraph in re.split(r"\n\s*\n", text):
            lines = [line for part in paragraph.split("\n") if (line := one_line(part))]
            if not lines:
                continue
            if self._in_item:
                lines[0] = f"{self._number}{lines[0]}"
                self._number = ""
                self.blocks.append(Block("list", "\n".join(lines), level=max(0, self._depth - 1)))
            else:
                self.blocks.append(Block("text", "\n".join(lines)))

    def _element(self, element: Tag) -> None:
        name = element.name.lower()
        if name in SKIPPED:
            return
        if name == "br":
            self._inline.append("\n")
        elif name in HEADINGS:
            self.flush()
            if text := _PERMALINK.sub("", one_line(element.get_text(" " if element.br else ""))):
                self.blocks.append(Block("heading", text, level=HEADINGS[name]))
        elif name == "pre":
            self.flush()
            self.blocks.extend(_preformatted(element))
        elif name == "table":
            self._table(element)
        elif name in ("ul", "ol", "menu"):
            self._list(element)
        elif name in BREAKING:
            self.flush()
            self.children(element)
            self.flush()
        else:
            self.children(element)

    def _table(self, element: Tag) -> None:
        self.flush()
        for caption in element.find_all("caption"):
            self.children(caption)
            self.flush()
        if text := join_rows(_rows(element)):
            self.blocks.append(Block("table", text))

    def _list(self, element: Tag) -> None:
        self.flush()
        outer = self._in_item, self._number
        self._depth += 1
        number = int(start) if (start := str(element.get("start", ""))).isdigit() else 1
        for child in element.children:
            if isinstance(child, Tag) and child.name == "li":
                self._in_item = True
                self._number = f"{number}. " if element.name == "ol" else ""
                number += 1
                self.children(child)
                self.flush()
            elif isinstance(child, Tag):
                self._element(child)
            elif type(child) is NavigableString:
                self._inline.append(re.sub(r"\s+", " ", str(child)))
        self.flush()
        self._depth -= 1
        self._in_item, self._number = outer


def _preformatted(element: Tag) -> Iterator[Block]:
    text = element.get_text()
    if element.code is None and len(text) > LONG_PRE:
        yield from plain_blocks(text)
    elif code := "\n".join(_indented(line) for line in text.split("\n")).strip("\n"):
        yield Block("code", code)


def _indented(line: str) -> str:
    """Clean a line of code; its indentation stays."""
    line = line.rstrip().expandtabs(4)
    return " " * (len(line) - len(line.lstrip())) + clean(line)


def _rows(table: Tag) -> Iterator[list[str]]:
    """Yield rows of cells; one that spans rows is repeated, so that each row is complete."""
    reaching: dict[int, tuple[int, str]] = {}  # column -> rows left, text
    for row in table.find_all("tr"):
        cells: list[str] = []
        next_reaching: dict[int, tuple[int, str]] = {}
        for cell in [*row.find_all(["td", "th"]), None]:
            while len(cells) in reaching:
                left, text = reaching[len(cells)]
                if left > 1:
                    next_reaching[len(cells)] = (left - 1, text)
                cells.append(text)
            if cell is None:
                break
            text = one_line(cell.get_text(" "))
            if (rows := _span(cell, "rowspan")) > 1:
                next_reaching[len(cells)] = (rows - 1, text)
            cells += [text, *[""] * (_span(cell, "colspan") - 1)]
        reaching = next_reaching
        yield cells


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name, ""))
    return min(int(value), MAX_SPAN) if value.isdigit() and int(value) else 1
