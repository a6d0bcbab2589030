"""The lines of a PDF page in the order a person reads them, columns and tables included."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingest.parsers.pdf_words import Line, PageText, Word, line_of

MIN_COLUMN_LINES = 6
MIN_COLUMN_CHARACTERS = 18
"""Median length of a line in a column of prose; the cells of a table are shorter."""
MOST_CROSSING = 0.35
"""Lines across a gutter, such as headings of both columns, per line beside it."""
TOUCH = 2.0
"""Points by which a line may stand in the gutter."""
ALIGNED_GAP = 0.45
"""A gap of so many line heights separates cells where other rows have a cell's edge."""
CLOSE_GAP = 0.5
"""What follows within so many line heights at the same height is no other cell."""
_MARKER = re.compile(r"^(?:[•▪◦‣●○–—*-]|\d{1,3}[.)]|\d+\.\d+[:.)]?|[a-z][.)])$")
"""Of a list item: what stands beside it is its text, not a cell."""


def reading_order(page: PageText) -> list[Line]:
    """Return the lines of a page in the order a person reads them; table rows are joined."""
    segments = list(_cut_at_columns(page.segments, page.number, page.height))
    return _arranged(segments, 0.0, page.width, _end(segments))


def _arranged(segments: Sequence[Line], left: float, right: float, end: float) -> list[Line]:
    """Order a part of a page: by columns, which may have columns themselves, or by rows.

    Args:
        segments: what stands in it.
        left: where it begins.
        right: where it ends.
        end: where the longest line ends of the column that it is a part of.
    """
    gutter = _gutter(segments, left, right)
    if gutter is None:
        return [replace(line, column_right=end) for line in _joined_rows(segments)]
    before = [s for s in segments if s.right <= gutter + TOUCH]
    after = [s for s in segments if s.left >= gutter - TOUCH]
    ends = _end(before), _end(after)
    ordered: list[Line] = []
    for band in _bands(segments, gutter):
        if _crosses(band[0], gutter):
            ordered += [replace(line, column_right=end) for line in band]
            continue
        sides = (
            [s for s in band if s.right <= gutter + TOUCH],
            [s for s in band if s.right > gutter + TOUCH],
        )
        ordered += _arranged(sides[0], left, gutter, ends[0])
        ordered += _arranged(sides[1], gutter, right, ends[1])
    return ordered


def _end(segments: Sequence[Line]) -> float:
    return max((segment.right for segment in segments), default=0.0)


def _crosses(segment: Line, gutter: float) -> bool:
    return segment.left < gutter - TOUCH and segment.right > gutter + TOUCH


def _bands(segments: Sequence[Line], gutter: float) -> Iterator[list[Line]]:
    """Cut into bands, top to bottom: what spans both columns, and what stands in them."""
    band: list[Line] = []
    for segment in sorted(segments, key=lambda s: (s.top, s.left)):
        if _crosses(segment, gutter):
            if band:
                yield band
            yield [segment]
            band = []
        else:
            band.append(segment)
    if band:
        yield band


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


def _gutter(segments: Sequence[Line], left: float, right: float) -> float | None:
    """Find where a gap runs down between two columns of prose."""
    best: tuple[int, float] | None = None
    for step in range(15, 86):
        x = left + (right - left) * step / 100
        crossing = [s for s in segments if _crosses(s, x)]
        before = [s for s in segments if s.right <= x + TOUCH]
        after = [s for s in segments if s.left >= x - TOUCH]
        if min(len(before), len(after)) < MIN_COLUMN_LINES:
            continue
        if len(crossing) > MOST_CROSSING * (len(before) + len(after)):
            continue
        if best is not None and len(crossing) >= best[0]:
            continue
        if _prose(before) and _prose(after) and not _is_table(before, after):
            best = (len(crossing), x)
    return best[1] if best else None


def _is_table(before: Sequence[Line], after: Sequence[Line]) -> bool:
    """Tell the columns of a table, whose rows align and do not fill them, from prose."""
    fewer, more = sorted((before, after), key=len)
    tops = sorted(line.top for line in more)
    aligned = sum(any(abs(line.top - top) < 1.5 for top in tops) for line in fewer)
    return aligned > 0.7 * len(fewer) and min(_fill(before), _fill(after)) < 0.75


def _fill(segments: Sequence[Line]) -> float:
    """Return how far the lines fill their column: the median, 0 to 1."""
    start = min(segment.left for segment in segments)
    width = max(1.0, _end(segments) - start)
    reach = sorted((segment.right - start) / width for segment in segments)
    return reach[len(reach) // 2]


def _prose(segments: Sequence[Line]) -> bool:
    lengths = sorted(len(s.text) for s in segments)
    return lengths[len(lengths) // 2] >= MIN_COLUMN_CHARACTERS


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
