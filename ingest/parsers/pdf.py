"""PDF, through PDFium: text in reading order, without running headers and footers."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from statistics import median_low

from pypdfium2 import PdfDocument, PdfiumError

from ingest.parsers.base import DEFAULT_OPTIONS, Block, ParsedDocument, ParsingOptions
from ingest.parsers.pdf_layout import reading_order
from ingest.parsers.pdf_running import without_running_lines
from ingest.parsers.pdf_words import Line, page_text
from ingest.parsers.text import clean, continued, meaningful_title, one_line
from search.errors import (
    CorruptDocumentError,
    EmptyDocumentError,
    MissingToolError,
    ProtectedDocumentError,
)

HEADING_RATIO = 1.12
"""A line so much taller than the body text is a heading."""
MAX_HEADING = 120
_ITEM = re.compile(r"^(?:[•▪◦‣●○–—*-]|\d{1,3}[.)]|[a-z][.)]) +\S")
_PDF_DATE = re.compile(
    r"D:(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:([+-])(\d{2})'?(\d{2}))?"
)


def parse(path: Path, options: ParsingOptions = DEFAULT_OPTIONS) -> ParsedDocument:
    """Parse a PDF; a page without text is read by OCR."""
    try:
        document = PdfDocument(path)
    except PdfiumError as error:
        if "password" in str(error).lower():
            raise ProtectedDocumentError(
                "The PDF needs a password: save it without one, or exclude it."
            ) from error
        raise CorruptDocumentError(
            f"The PDF is malformed ({one_line(str(error))}): print it to PDF anew, or exclude it."
        ) from error
    try:
        pages = [page_text(document[number], number + 1) for number in range(len(document))]
        information = document.get_metadata_dict()
        blank = [page.number for page in pages if not page.segments]
        scanned, notes = _scanned(document, blank, options)
    except (PdfiumError, ValueError) as error:
        raise CorruptDocumentError(
            f"The PDF is malformed ({one_line(str(error))}): print it to PDF anew, or exclude it."
        ) from error
    finally:
        document.close()
    if len(blank) == len(pages) and not scanned:
        raise EmptyDocumentError(
            "No page of the PDF has text, and OCR found none: exclude it."
            if options.ocr
            else "No page of the PDF has text: it is probably a scan. Set SEMSEARCH_PARSING__OCR."
        )
    text = _blocks([reading_order(page) for page in without_running_lines(pages)])
    content = tuple(sorted([*text, *scanned], key=lambda block: block.page or 0))
    title = meaningful_title(information.get("Title"))
    return ParsedDocument(
        blocks=content,
        title=title or next((block.text for block in content if block.kind == "heading"), None),
        author=one_line(information.get("Author", "")) or None,
        created=_date(information.get("CreationDate", "")),
        modified=_date(information.get("ModDate", "")),
        pages=len(pages),
        notes=notes,
    )


def _scanned(
    document: PdfDocument, blank: Sequence[int], options: ParsingOptions
) -> tuple[list[Block], tuple[str, ...]]:
    """Read pages without text by OCR; a note says which could not be.

    Raises:
        MissingToolError: the whole document takes tesseract, which is not installed.
    """
    if not blank or not options.ocr:
        return [], ()
    from ingest.parsers.ocr import RESOLUTION, picture_blocks

    found: list[Block] = []
    for number in blank:
        page = document[number - 1]
        if next(iter(page.get_objects(max_depth=2)), None) is None:
            continue  # an empty page
        try:
            picture = page.render(scale=RESOLUTION / 72, grayscale=True).to_pil()
            found += picture_blocks(picture, number, options)
        except MissingToolError as error:
            if len(blank) == len(document):
                raise
            pages = ", ".join(map(str, blank))
            return [], (f"No text on page {pages}: {error}",)
    return found, ()


def _blocks(pages: Sequence[Sequence[Line]]) -> Iterator[Block]:
    """Join lines to paragraphs and tables, and tell headings by their size."""
    lines = [line for page in pages for line in page]
    if not lines:
        return
    body = median_low([line.size for line in lines for _ in range(max(1, len(line.text) // 20))])
    levels = _levels(lines, body)
    group: list[Line] = []
    for line in lines:
        if group and not _continues(group, line, body):
            yield _block(group, levels, body)
            group = []
        group.append(line)
    yield _block(group, levels, body)


def _levels(lines: Sequence[Line], body: float) -> dict[float, int]:
    """Rank the sizes of headings: the tallest is level 1."""
    sizes = sorted({line.size for line in lines if _is_heading(line, body)}, reverse=True)
    return {size: min(level, 6) for level, size in enumerate(sizes, 1)}


def _is_heading(line: Line, body: float) -> bool:
    if line.is_row or len(line.text) > MAX_HEADING or not any(c.isalpha() for c in line.text):
        return False
    if line.size >= body * HEADING_RATIO:
        return True
    return line.bold and len(line.text) <= 80 and line.text[-1] not in ".,;" and line.size >= body


def _continues(group: Sequence[Line], line: Line, body: float) -> bool:
    """Tell whether a line belongs to the block before it."""
    last = group[-1]
    if line.is_row or last.is_row:
        return line.is_row and last.is_row and line.page == last.page
    if _is_heading(line, body) or _is_heading(last, body):
        same = abs(line.size - last.size) < 0.5 and line.bold == last.bold
        both = _is_heading(line, body) and _is_heading(last, body)
        near = line.page == last.page and -line.size < line.top - last.bottom < line.size * 0.6
        return both and same and near
    if _ITEM.match(line.text):
        return False
    if line.page != last.page or line.top < last.top:  # the next page or column
        return last.text[-1] not in ".!?:;" and line.text[:1].islower()
    if line.top - last.bottom > body * 0.7:
        return False
    ends = last.text[-1] in ".!?:;"
    short = last.right < last.column_right - (last.column_right - last.left) * 0.25
    return not (ends and short)


def _block(group: Sequence[Line], levels: dict[float, int], body: float) -> Block:
    first = group[0]
    if first.is_row:
        return Block("table", "\n".join(line.text for line in group), page=first.page)
    text = first.text
    for line in group[1:]:
        text = continued(text, line.text)
    text = clean(text)
    if _is_heading(first, body) and len(text) <= 2 * MAX_HEADING:
        return Block("heading", text, level=levels[first.size], page=first.page)
    return Block("list" if _ITEM.match(text) else "text", text, page=first.page)


def _date(text: str) -> datetime | None:
    """Read a PDF date (ISO 32000-1, 7.9.4)."""
    match = _PDF_DATE.match(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    offset = timedelta(hours=int(match[8] or 0), minutes=int(match[9] or 0))
    zone = timezone(-offset if match[7] == "-" else offset) if match[7] else UTC
    try:
        return datetime(year, month or 1, day or 1, hour, minute, min(second, 59), tzinfo=zone)
    except ValueError:
        return None
