"""The lines of a PDF page in the order a person reads them, columns included."""

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pypdfium2.raw as pdfium
from pypdfium2 import PdfPage

from ingest.parsers.text import one_line

COLUMN_GAP = 1.6
"""A gap wider than so many line heights separates columns or table cells."""
MIN_COLUMN_LINES = 6
MIN_COLUMN_CHARACTERS = 18
"""Median length of a line in a column of prose; the cells of a table are shorter."""
BOLD_WEIGHT = 600
_HYPHENS = "\x02\ufffe\xad"
"""What PDFium returns for a hyphen at the end of a line."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, or of a table, on a page; lengths in points from the top left."""

    text: str
    page: int
    left: float
    right: float
    top: float
    bottom: float
    size: float
    bold: bool
    column_right: float = 0.0
    """Where the lines of its column end."""
    is_row: bool = False
    """Several cells with gaps between them, joined with ` | `."""


def page_lines(page: PdfPage, number: int) -> list[Line]:
    """Return the lines of a page in reading order.

    Args:
        page: an open page.
        number: from 1.
    """
    width, height = page.get_size()
    textpage = page.get_textpage()
    try:
        segments = list(_segments(textpage, number, height))
    finally:
        textpage.close()
    segments = [s for s in segments if s.right > 0 and s.left < width]
    gutter = _gutter(segments, width)
    ordered = _in_columns(segments, gutter) if gutter else _joined_rows(segments)
    return _with_column_ends(ordered, gutter)


def _segments(textpage: Any, number: int, height: float) -> Iterator[Line]:
    """Yield stretches of text without a wide gap, in the order of the page's content."""
    raw = textpage.raw
    characters: list[tuple[str, int]] = []
    for index in range(textpage.count_chars()):
        character = chr(pdfium.FPDFText_GetUnicode(raw, index))
        if character in "\r\n":
            yield from _cut(raw, characters, number, height)
            characters = []
        else:
            characters.append((character, index))
            if character in _HYPHENS:
                yield from _cut(raw, characters, number, height)
                characters = []
    yield from _cut(raw, characters, number, height)


def _cut(
    raw: Any, characters: Sequence[tuple[str, int]], number: int, height: float
) -> Iterator[Line]:
    """Cut one line of content where words stand far apart or jump to another height."""
    words: list[list[tuple[str, int]]] = [[]]
    for character, index in characters:
        if character.isspace():
            words.append([])
        else:
            words[-1].append((character, index))
    group: list[str] = []
    box: _Box | None = None
    for word in words:
        if not word:
            continue
        span = _box(raw, word[0][1]).union(_box(raw, word[-1][1]))
        text = "".join("-" if c in _HYPHENS else c for c, _ in word)
        if box is not None and span.apart(box):
            yield _line(group, box, number, height)
            group, box = [], None
        group.append(text)
        box = span if box is None else box.union(span)
    if box is not None:
        yield _line(group, box, number, height)


@dataclass(frozen=True, slots=True)
class _Box:
    """A box in the page's own coordinates, from the bottom left."""

    left: float
    right: float
    bottom: float
    top: float
    bold: bool

    def union(self, other: "_Box") -> "_Box":
        return _Box(
            min(self.left, other.left), max(self.right, other.right),
            min(self.bottom, other.bottom), max(self.top, other.top), self.bold,
        )  # fmt: skip

    def apart(self, before: "_Box") -> bool:
        """Tell whether this box does not follow the one before on the same line."""
        size = max(1.0, before.top - before.bottom)
        overlap = min(self.top, before.top) - max(self.bottom, before.bottom)
        gap = self.left - before.right
        return gap > COLUMN_GAP * size or gap < -2 * size or overlap < 0.3 * size


def _box(raw: Any, index: int) -> _Box:
    loose = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(raw, index, ctypes.byref(loose))
    bold = pdfium.FPDFText_GetFontWeight(raw, index) >= BOLD_WEIGHT or _bold_font(raw, index)
    return _Box(loose.left, loose.right, loose.bottom, loose.top, bold)


def _bold_font(raw: Any, index: int) -> bool:
    """Tell by the font's name, which says more than its weight in subset fonts."""
    buffer = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(raw, index, buffer, len(buffer), ctypes.byref(flags))
    return b"bold" in buffer.value.lower()


def _line(words: Sequence[str], box: _Box, number: int, height: float) -> Line:
    return Line(
        text=one_line(" ".join(words)),
        page=number,
        left=box.left,
        right=box.right,
        top=height - box.top,
        bottom=height - box.bottom,
        size=round((box.top - box.bottom) * 2) / 2,
        bold=box.bold,
    )


def _gutter(segments: Sequence[Line], width: float) -> float | None:
    """Find where a gap runs down the page between two columns of prose."""
    best: tuple[int, float] | None = None
    for step in range(35, 66):
        x = width * step / 100
        crossing = [s for s in segments if s.left < x - 2 and s.right > x + 2]
        left = [s for s in segments if s.right <= x + 2]
        right = [s for s in segments if s.left >= x - 2]
        if min(len(left), len(right)) < MIN_COLUMN_LINES or not _prose(left) or not _prose(right):
            continue
        if len(crossing) <= 0.35 * (len(left) + len(right)) and (
            best is None or len(crossing) < best[0]
        ):
            best = (len(crossing), x)
    return best[1] if best else None


def _prose(segments: Sequence[Line]) -> bool:
    lengths = sorted(len(s.text) for s in segments)
    return lengths[len(lengths) // 2] >= MIN_COLUMN_CHARACTERS


def _in_columns(segments: Sequence[Line], gutter: float) -> list[Line]:
    """Order by bands: what spans both columns, then the left column, then the right one."""
    ordered: list[Line] = []
    left: list[Line] = []
    right: list[Line] = []
    for segment in sorted(segments, key=lambda s: (s.top, s.left)):
        if segment.left < gutter - 2 and segment.right > gutter + 2:
            ordered += _joined_rows(left) + _joined_rows(right) + [segment]
            left, right = [], []
        elif segment.right <= gutter + 2:
            left.append(segment)
        else:
            right.append(segment)
    return ordered + _joined_rows(left) + _joined_rows(right)


def _joined_rows(segments: Sequence[Line]) -> list[Line]:
    """Join segments at the same height, which are the cells of a row."""
    joined: list[Line] = []
    for segment in _merged_cells([s for s in segments if s.text]):
        last = joined[-1] if joined else None
        if last is not None and _same_height(last, segment) and segment.left >= last.right - 1:
            joined[-1] = replace(
                last,
                text=f"{last.text} | {segment.text}",
                right=segment.right,
                bottom=max(last.bottom, segment.bottom),
                is_row=True,
            )
        else:
            joined.append(segment)
    return joined


def _merged_cells(segments: Sequence[Line]) -> list[Line]:
    """Join the lines of a table cell: one under the other, with something beside them."""
    beside = [
        any(
            min(one.bottom, other.bottom) - max(one.top, other.top) > 0.2 * one.size
            and (other.left > one.right or other.right < one.left)
            for other in segments
        )
        for one in segments
    ]
    merged: list[Line] = []
    in_table = False
    for segment, tabular in zip(segments, beside, strict=True):
        last = merged[-1] if merged else None
        if (
            last is not None
            and tabular
            and in_table
            and abs(segment.left - last.left) < 2
            and -1 < segment.top - last.bottom < 0.5 * segment.size
        ):
            merged[-1] = replace(
                last,
                text=f"{last.text} {segment.text}",
                right=max(last.right, segment.right),
                bottom=segment.bottom,
            )
        else:
            merged.append(segment)
        in_table = tabular
    return merged


def _same_height(one: Line, other: Line) -> bool:
    overlap = min(one.bottom, other.bottom) - max(one.top, other.top)
    return overlap > 0.5 * min(one.bottom - one.top, other.bottom - other.top)


def _with_column_ends(lines: Sequence[Line], gutter: float | None) -> list[Line]:
    def column(line: Line) -> int:
        return int(gutter is not None and line.left >= gutter - 2)

    ends = {side: max((s.right for s in lines if column(s) == side), default=0) for side in (0, 1)}
    return [replace(line, column_right=ends[column(line)]) for line in lines]
