"""The stretches of text on a PDF page, with their places and fonts."""

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium
from pypdfium2 import PdfPage

from ingest.parsers.text import one_line

COLUMN_GAP = 1.6
"""A gap wider than so many line heights separates columns or table cells."""
BOLD_WEIGHT = 600
_HYPHENS = "\x02\ufffe\xad"
"""What PDFium returns for a hyphen at the end of a line."""
_TEX_LIGATURE = re.compile(r"(?<=\w)↵(?=\w)")
"""How fonts of TeX without a map to Unicode give the letters `ff`."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its box in the page's own coordinates, from the bottom left."""

    text: str
    left: float
    right: float
    bottom: float
    top: float
    size: float = 0.0
    bold: bool = False
    angle: int = 0
    """Quarter turns of the text."""

    def apart(self, line: Sequence["Word"]) -> bool:
        """Tell whether this word does not follow the words before on the same line."""
        bottom, top = min(w.bottom for w in line), max(w.top for w in line)
        height = max(1.0, top - bottom)
        overlap = min(self.top, top) - max(self.bottom, bottom)
        gap = self.left - max(w.right for w in line)
        return gap > COLUMN_GAP * height or gap < -2 * height or overlap < 0.3 * height


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
    """Of its font."""
    bold: bool
    words: tuple[Word, ...] = ()
    column_right: float = 0.0
    """Where the lines of its column end."""
    is_row: bool = False
    """Several cells with gaps between them, joined with ` | `."""


@dataclass(frozen=True, slots=True)
class PageText:
    """The stretches of text on a page, as they come in its content."""

    number: int
    width: float
    height: float
    segments: tuple[Line, ...]


def page_text(page: PdfPage, number: int) -> PageText:
    """Return the stretches of text on a page: lines of prose, or cells of a table.

    Args:
        page: an open page.
        number: from 1.
    """
    width, height = page.get_size()
    textpage = page.get_textpage()
    try:
        lines = list(_content_lines(textpage))
    finally:
        textpage.close()
    upright = Counter(word.angle for words in lines for word in words).most_common(1)
    segments = [
        line_of(segment, number, height)
        for words in lines
        for segment in _cut([word for word in words if word.angle == upright[0][0]])
    ]
    on_page = [s for s in segments if s.text and s.right > 0 and s.left < width]
    return PageText(number, width, height, tuple(on_page))


def _content_lines(textpage: Any) -> Iterator[list[Word]]:
    """Yield the words of each line of content."""
    raw = textpage.raw
    words: list[Word] = []
    letters: list[tuple[str, int]] = []

    def end_word() -> None:
        if letters:
            words.append(_word(raw, letters))
            letters.clear()

    for index in range(textpage.count_chars()):
        character = chr(pdfium.FPDFText_GetUnicode(raw, index))
        if not character.isspace():
            letters.append((character, index))
        if character.isspace() or character in _HYPHENS:
            end_word()
        if (character in "\r\n" or character in _HYPHENS) and words:
            yield words
            words = []
    end_word()
    if words:
        yield words


def _word(raw: Any, letters: Sequence[tuple[str, int]]) -> Word:
    first, last = _box(raw, letters[0][1]), _box(raw, letters[-1][1])
    index = letters[0][1]
    matrix = pdfium.FS_MATRIX()
    scale = 1.0
    if pdfium.FPDFText_GetMatrix(raw, index, ctypes.byref(matrix)):
        scale = math.hypot(matrix.c, matrix.d) or 1.0
    weight = pdfium.FPDFText_GetFontWeight(raw, index)
    return Word(
        text="".join("-" if c in _HYPHENS else c for c, _ in letters),
        left=min(first.left, last.left),
        right=max(first.right, last.right),
        bottom=min(first.bottom, last.bottom),
        top=max(first.top, last.top),
        size=pdfium.FPDFText_GetFontSize(raw, index) * scale,
        bold=weight >= BOLD_WEIGHT or _bold_font(raw, index),
        angle=round(pdfium.FPDFText_GetCharAngle(raw, index) / (math.pi / 2)) % 4,
    )


def _box(raw: Any, index: int) -> Any:
    loose = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(raw, index, ctypes.byref(loose))
    return loose


def _bold_font(raw: Any, index: int) -> bool:
    """Tell by the font's name, which says more than its weight in subset fonts."""
    buffer = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(raw, index, buffer, len(buffer), ctypes.byref(flags))
    return b"bold" in buffer.value.lower()


def _cut(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Cut a line of content where words stand far apart or jump to another height."""
    segment: list[Word] = []
    for word in words:
        if segment and word.apart(segment):
            yield segment
            segment = []
        segment.append(word)
    if segment:
        yield segment


def line_of(words: Sequence[Word], number: int, height: float) -> Line:
    """Make a line of words on a page of this number and height."""
    sizes: Counter[float] = Counter()
    for word in words:
        sizes[round(word.size * 2) / 2] += len(word.text)
    return Line(
        text=one_line(_TEX_LIGATURE.sub("ff", " ".join(word.text for word in words))),
        page=number,
        left=min(word.left for word in words),
        right=max(word.right for word in words),
        top=height - max(word.top for word in words),
        bottom=height - min(word.bottom for word in words),
        size=sizes.most_common(1)[0][0],
        bold=sum(word.bold for word in words) * 2 > len(words),
        words=tuple(words),
    )
