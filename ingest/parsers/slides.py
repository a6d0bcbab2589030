"""PowerPoint presentations (.pptx): a slide is a page, its title a heading, notes included."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pptx import Presentation

from ingest.parsers.base import DEFAULT_OPTIONS, Block, ParsedDocument, ParsingOptions
from ingest.parsers.elements import join_rows
from ingest.parsers.office import assembled, core_properties, opening
from ingest.parsers.text import clean, one_line


def parse(path: Path, options: ParsingOptions = DEFAULT_OPTIONS) -> ParsedDocument:
    """Parse a presentation."""
    with opening(path, "PowerPoint presentation"):
        presentation = Presentation(str(path))
        content = tuple(
            block
            for number, slide in enumerate(presentation.slides, 1)
            for block in _slide(slide, number)
        )
        return assembled(content, core_properties(path), len(presentation.slides))


def _slide(slide: Any, number: int) -> Iterator[Block]:
    title = slide.shapes.title
    if title is not None and one_line(title.text_frame.text):
        yield Block("heading", one_line(title.text_frame.text), level=1, page=number)
    for shape in _in_reading_order(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            yield from _shape(shape, number)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = clean(slide.notes_slide.notes_text_frame.text)
        if notes:
            yield Block("text", notes, page=number)


def _in_reading_order(shapes: Any) -> list[Any]:
    """Sort shapes from top to bottom, then left to right; groups are opened."""
    flat: list[Any] = []
    for shape in shapes:
        flat.extend(_in_reading_order(shape.shapes) if hasattr(shape, "shapes") else [shape])
    return sorted(flat, key=lambda shape: (shape.top or 0, shape.left or 0))


def _shape(shape: Any, page: int) -> Iterator[Block]:
    if getattr(shape, "has_table", False) and shape.has_table:
        rows = ([one_line(cell.text) for cell in row.cells] for row in shape.table.rows)
        if table := join_rows(rows):
            yield Block("table", table, page=page)
    elif shape.has_text_frame:
        for paragraph in shape.text_frame.paragraphs:
            text = one_line("".join(run.text for run in paragraph.runs) or paragraph.text)
            if text:
                yield Block("list", text, level=paragraph.level, page=page)
