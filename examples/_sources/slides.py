"""PowerPoint files: a slide for each heading, with a list or a table, and speaker's notes."""

from io import BytesIO

from pptx import Presentation as new_presentation
from pptx.enum.lang import MSO_LANGUAGE_ID
from pptx.presentation import Presentation
from pptx.slide import Slide
from pptx.text.text import TextFrame
from pptx.util import Cm, Pt

from . import archive, markup

TITLE_SLIDE, TITLE_AND_CONTENT, TITLE_ONLY = 0, 1, 5
LANGUAGES = {
    "pl-PL": MSO_LANGUAGE_ID.POLISH,
    "en-GB": MSO_LANGUAGE_ID.ENGLISH_UK,
    "de-DE": MSO_LANGUAGE_ID.GERMAN,
}


def render(document: markup.Document) -> bytes:
    """Make the bytes of a .pptx file."""
    presentation = new_presentation()
    _set_properties(presentation, document)
    for blocks in _slides(document.blocks):
        _add_slide(presentation, blocks, LANGUAGES[document.language])
    saved = BytesIO()
    presentation.save(saved)
    return archive.normalise(saved.getvalue(), document.created)


def _set_properties(presentation: Presentation, document: markup.Document) -> None:
    core = presentation.core_properties
    core.title = document.title
    core.author = document.author
    core.last_modified_by = document.author
    core.language = document.language
    core.created = document.created
    core.modified = document.created


def _slides(blocks: tuple[markup.Block, ...]) -> list[list[markup.Block]]:
    """Cut the blocks before each heading."""
    slides: list[list[markup.Block]] = []
    for block in blocks:
        if isinstance(block, markup.Heading):
            slides.append([])
        slides[-1].append(block)
    return slides


def _add_slide(
    presentation: Presentation, blocks: list[markup.Block], language: MSO_LANGUAGE_ID
) -> None:
    heading = blocks[0]
    if not isinstance(heading, markup.Heading):
        raise ValueError(f"A slide starts with a heading, not with {heading}.")
    slide = presentation.slides.add_slide(presentation.slide_layouts[_layout(blocks)])
    if slide.shapes.title is not None:
        _write(slide.shapes.title.text_frame, [heading.text], language)
    for block in blocks[1:]:
        match block:
            case markup.Items(items):
                _write(_body(slide), list(items), language)
            case markup.Paragraph(text):
                _write(_body(slide), [text], language)
            case markup.Table(rows):
                _add_table(slide, rows, language)
            case markup.Notes(text):
                _write_notes(slide, text, language)
            case _:
                raise ValueError(f"A slide has no place for {block}.")


def _layout(blocks: list[markup.Block]) -> int:
    match blocks[0]:
        case markup.Heading(1):
            return TITLE_SLIDE
    return TITLE_ONLY if any(isinstance(b, markup.Table) for b in blocks) else TITLE_AND_CONTENT


def _body(slide: Slide) -> TextFrame:
    """Return the frame under the title: the layout's own, or a text box below the table."""
    for placeholder in slide.placeholders:
        if placeholder.placeholder_format.idx == 1:
            frame: TextFrame = placeholder.text_frame
            return frame
    frame = slide.shapes.add_textbox(Cm(1.5), Cm(15.5), Cm(22.4), Cm(2.5)).text_frame
    frame.word_wrap = True
    return frame


def _write(frame: TextFrame, lines: list[str], language: MSO_LANGUAGE_ID) -> None:
    for index, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()  # type: ignore[no-untyped-call]
        for piece, bold in markup.spans(line):
            run = paragraph.add_run()
            run.text = piece
            run.font.bold = bold or None
            run.font.language_id = language


def _write_notes(slide: Slide, text: str, language: MSO_LANGUAGE_ID) -> None:
    frame = slide.notes_slide.notes_text_frame
    if frame is not None:
        _write(frame, [text], language)


def _add_table(slide: Slide, rows: tuple[tuple[str, ...], ...], language: MSO_LANGUAGE_ID) -> None:
    frame = slide.shapes.add_table(
        len(rows), len(rows[0]), Cm(1.5), Cm(4.5), Cm(22.4), Cm(1.1 * len(rows))
    )
    for cells, texts in zip(frame.table.rows, rows, strict=True):
        for cell, text in zip(cells.cells, texts, strict=True):
            _write(cell.text_frame, [text], language)
            for run in cell.text_frame.paragraphs[0].runs:
                run.font.size = Pt(14)
