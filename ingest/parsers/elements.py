"""From `unstructured`'s elements to blocks."""

from collections.abc import Iterable, Iterator
from typing import Any

from lxml import html

from ingest.parsers.base import Block
from ingest.parsers.text import clean, one_line

DROPPED = {"Header", "Footer", "PageBreak", "PageNumber", "Image", "FormKeysValues"}
CODE = {"CodeSnippet"}


def blocks(elements: Iterable[Any], first_depth: int = 1) -> Iterator[Block]:
    """Translate elements in their order; running headers and footers are dropped.

    Args:
        elements: of any partitioner.
        first_depth: of an outermost list item, which the partitioners count differently.
    """
    for element in elements:
        kind = type(element).__name__
        metadata = element.metadata
        page = metadata.page_number
        if kind in DROPPED:
            continue
        if kind == "Table":
            text = table_text(metadata.text_as_html) if metadata.text_as_html else ""
            text = text or clean(element.text)
            if text:
                yield Block("table", text, page=page)
            continue
        text = clean(element.text) if kind in CODE else one_line(element.text)
        if not text:
            continue
        if kind == "Title":
            yield Block("heading", text, level=(metadata.category_depth or 0) + 1, page=page)
        elif kind == "ListItem":
            depth = max(0, (metadata.category_depth or first_depth) - first_depth)
            yield Block("list", text, level=depth, page=page)
        else:
            yield Block("code" if kind in CODE else "text", text, page=page)


def table_text(markup: str) -> str:
    """Turn an HTML table into one line per row, cells joined with ` | `."""
    root = html.fromstring(markup)
    rows = []
    for row in root.iter("tr"):
        cells = [one_line(" ".join(cell.itertext())) for cell in row.iter("td", "th")]
        rows.append(cells)
    return join_rows(rows)


def join_rows(rows: Iterable[list[str]]) -> str:
    """Join cells and rows; rows without any text are dropped, and so are empty last cells."""
    lines = []
    for cells in rows:
        while cells and not cells[-1]:
            cells = cells[:-1]
        if any(cells):
            lines.append(" | ".join(cells))
    return "\n".join(lines)
