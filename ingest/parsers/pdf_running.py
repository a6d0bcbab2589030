"""Running headers, footers and page numbers of a PDF: found by their recurrence, dropped."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingest.parsers.pdf_words import Line, PageText

EDGE_ROWS = 2
"""Rows at the top and bottom of a page that may be a running header or footer."""
SHARE = 0.4
"""Of the pages that a line must recur on: left and right pages may have their own."""
CELLS_OF_A_TABLE = 3
_PAGE_NUMBER = re.compile(
    r"^[-–—| ]*(?:(?:strona|str\.|page|seite|s\.|p\.) *)?\d{1,4}"
    r"(?: *(?:/|z|of|von) *\d{1,4})?[-–—| ]*$",
    re.IGNORECASE,
)

Row = list[Line]
Kind = tuple[str, str]
"""The edge of the page and the text, digits aside."""


def without_running_lines(pages: Sequence[PageText]) -> list[PageText]:
    """Drop page numbers, and text that recurs at the same edge of many pages.

    Pages that are copies of one another count once, so that nothing is dropped because a
    whole page recurs. The header of a table that goes on over pages stays on the first.
    """
    distinct = {tuple(s.text for s in page.segments): page for page in pages}
    seen: Counter[Kind] = Counter()
    for page in distinct.values():
        seen.update({_kind(edge, s) for edge, row in _edges(page) for s in row})
    needed = max(2, math.ceil(len(distinct) * SHARE))
    running = {kind for kind, count in seen.items() if count >= needed and _says_something(kind)}
    kept_once: set[Kind] = set()
    return [_cleaned(page, running, kept_once) for page in pages]


def _cleaned(page: PageText, running: set[Kind], kept_once: set[Kind]) -> PageText:
    dropped: set[int] = set()
    outer_dropped = {"top": True, "bottom": True}
    for edge, row in _edges(page):
        found = [s for s in row if _kind(edge, s) in running]
        if len(row) >= CELLS_OF_A_TABLE:
            fresh = {_kind(edge, s) for s in found} - kept_once
            kept_once |= fresh
            found = [s for s in found if _kind(edge, s) not in fresh]
        rest = [s for s in row if s not in found]
        if len(rest) == 1 and _PAGE_NUMBER.match(rest[0].text):
            found, rest = row, []
        if outer_dropped[edge] or len(row) == 1:
            dropped |= {id(s) for s in found}
        outer_dropped[edge] = outer_dropped[edge] and not rest
    return replace(page, segments=tuple(s for s in page.segments if id(s) not in dropped))


def _edges(page: PageText) -> Iterator[tuple[str, Row]]:
    """Yield the rows at the top and bottom of a page, outermost first."""
    rows: list[Row] = []
    for segment in sorted(page.segments, key=lambda s: s.top):
        middle = (segment.top + segment.bottom) / 2
        if rows and rows[-1][0].top <= middle <= rows[-1][0].bottom:
            rows[-1].append(segment)
        else:
            rows.append([segment])
    top = rows[:EDGE_ROWS]
    bottom = rows[len(top) :][-EDGE_ROWS:]
    yield from (("top", row) for row in top)
    yield from (("bottom", row) for row in reversed(bottom))


def _kind(edge: str, segment: Line) -> Kind:
    return edge, re.sub(r"\d+", "#", segment.text)


def _says_something(kind: Kind) -> bool:
    """Tell words from the bare numbers that end the pages of a long table."""
    return sum(c.isalpha() for c in kind[1]) >= 3
