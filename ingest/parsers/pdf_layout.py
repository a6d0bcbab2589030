"""The lines of a PDF page in the order a person reads them, columns and tables included."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingest.parsers.pdf_words import Line, PageText, Word, line_of

MIN_COLUMN_LINES = 6
MIN_COLUMN_CHARACTERS = 18
"""Median length of a line in a column of prose; the cells of a table are shorter."""
ALIGNED_GAP = 0.45
"""A gap of so many line heights separates cells where other rows have a cell's edge."""
CLOSE_GAP = 0.5
"""What follows within so many line heights at the same height is no other cell."""
_MARKER = re.compile(r"^(?:[•▪◦‣●○–—*-]|\d{1,3}[.)]|\d+\.\d+[:.)]?|[a-z][.)])$")
"""Of a list item: what stands beside it is its text, not a cell."""


def reading_order(page: PageText) -> list[Line]:
    """Return the lines of a page in the order a person reads them; table rows are joined."""
    segments = list(_cut_at_columns(page.segments, page.number, page.height))
    gutter = _gutter(segments, page.width)
    ordered = _in_columns(segments, gutter) if gutter else _joined_rows(segments)
    return _with_column_ends(ordered, gutter)


def _cut_at_columns(segments: Sequence[Line], number: int, height: float) -> Iterator[Line]:
    """Cut cells that nearly touch, at the edges that the rows around them have in common."""
    rows: list[list[Line]] = []
    for segment in sorted(segments, key=lambda s: (s.top, s.left)):
        if rows and _same_height(rows[-1][-1], segment):
            rows[-1].append(segment)
        else:
            rows.append([segment])
    edges = [(cell.top, cell.left) for row in rows for cell in sorted(row, key=_left)[1:]]
    for segment in segments:
        tall = segment.bottom - segment.top
        near = [left for top, left in edges if abs(top - segment.top) < 8 * tall]
        parts: list[list[Word]] = []
        for word in segment.words:
            gap = word.left - parts[-1][-1].right if parts else 0.0
            shared = sum(abs(left - word.left) < 1.5 for left in near)
            if not parts or (gap > ALIGNED_GAP * tall and shared >= 2):
                parts.append([])
            parts[-1].append(word)
        if len(parts) == 1:
            yield segment
        else:
            yield from (line_of(part, number, height) for part in parts)


def _left(line: Line) -> float:
    return line.left


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
                text=f"{last.text}{_between(last, segment)}{segment.text}",
                right=segment.right,
                bottom=max(last.bottom, segment.bottom),
                is_row=last.is_row or _between(last, segment) == " | ",
            )
        else:
            joined.append(segment)
    return joined


def _between(one: Line, other: Line) -> str:
    """Return what joins two stretches: nothing before a superscript, a bar between cells."""
    gap = other.left - one.right
    if _MARKER.match(one.text):
        return " "
    height = max(one.bottom - one.top, other.bottom - other.top)
    if gap < 0.12 * height:
        return ""
    return " " if gap < CLOSE_GAP * height else " | "


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
