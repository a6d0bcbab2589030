"""Word files: real heading styles, lists that start at 1, tables, a footer with page numbers."""

from io import BytesIO

from docx import Document as new_word_document
from docx.document import Document as WordDocument
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.text.paragraph import Paragraph as WordParagraph

from . import archive, markup

FOOTER = "Wolbrenta Maszyny Pakujące S.A."
TABLE_STYLE = "Light Grid Accent 1"


def render(document: markup.Document) -> bytes:
    """Make the bytes of a .docx file."""
    word = new_word_document()
    _set_properties(word, document)
    _set_page(word, document.language)
    for block in document.blocks:
        _add(word, block)
    saved = BytesIO()
    word.save(saved)
    return archive.normalise(saved.getvalue(), document.created)


def _set_properties(word: WordDocument, document: markup.Document) -> None:
    core = word.core_properties
    core.title = document.title
    core.author = document.author
    core.last_modified_by = document.author
    core.language = document.language
    core.created = document.created
    core.modified = document.created
    core.comments = ""


def _set_page(word: WordDocument, language: str) -> None:
    section = word.sections[0]
    section.page_width, section.page_height = Cm(21.0), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.5)
    font = word.styles["Normal"].font
    font.name, font.size = "Calibri", Pt(11)
    for lang in word.styles.element.iter(qn("w:lang")):
        lang.set(qn("w:val"), language)
    footer = section.footer.paragraphs[0]
    footer.add_run(f"{FOOTER}\t\t")
    _add_page_number(footer)


def _add_page_number(paragraph: WordParagraph) -> None:
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)


def _add(word: WordDocument, block: markup.Block) -> None:
    match block:
        case markup.Heading(level, text):
            word.add_heading(text, 0 if level == 1 else level - 1)
        case markup.Paragraph(text):
            _write(word.add_paragraph(), text)
        case markup.Items():
            _add_list(word, block)
        case markup.Table(rows):
            _add_table(word, rows)
        case markup.Break("page"):
            word.add_page_break()  # type: ignore[no-untyped-call]
        case _:
            raise ValueError(f"A Word file has no place for {block}.")


def _write(paragraph: WordParagraph, text: str) -> None:
    for piece, bold in markup.spans(text):
        paragraph.add_run(piece).bold = bold or None


def _add_list(word: WordDocument, block: markup.Items) -> None:
    style = "List Number" if block.numbered else "List Bullet"
    numbering = _restart_numbering(word) if block.numbered else None
    for item in block.items:
        paragraph = word.add_paragraph(style=style)
        _write(paragraph, item)
        if numbering is not None:
            properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
            properties.get_or_add_ilvl().val = 0
            properties.get_or_add_numId().val = numbering


def _restart_numbering(word: WordDocument) -> int:
    """Add a numbering that counts from 1 again; Word would go on from the list before."""
    numberings = word.part.numbering_part.numbering_definitions._numbering
    style = word.styles["List Number"].element.pPr.numPr.numId.val
    abstract = numberings.num_having_numId(style).abstractNumId.val
    number = numberings.add_num(abstract)
    number.add_lvlOverride(ilvl=0).add_startOverride(1)
    return int(number.numId)


def _add_table(word: WordDocument, rows: tuple[tuple[str, ...], ...]) -> None:
    table = word.add_table(rows=len(rows), cols=len(rows[0]), style=TABLE_STYLE)
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            _write(cell.paragraphs[0], text)
    word.add_paragraph()
