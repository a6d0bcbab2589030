"""PDF files: running header and footer, bookmarks, tables, and pages in two columns."""

from collections.abc import Iterable
from datetime import UTC
from pathlib import Path

import matplotlib
from fpdf import FPDF, FontFace
from fpdf.enums import XPos, YPos

from . import markup

COMPANY = "Wolbrenta Maszyny Pakujące S.A."
PAGE_OF = {
    "pl-PL": "Strona {} z {{nb}}",
    "en-GB": "Page {} of {{nb}}",
    "de-DE": "Seite {} von {{nb}}",
}
FONT = "DejaVu"
BODY_SIZE, SMALL_SIZE = 10.5, 8
HEADING_SIZES = {1: 20, 2: 14, 3: 11.5}
LINE = 5.6
BULLET = "•"


class Paper(FPDF):
    """An A4 document with a header and a footer that tell where one is."""

    def __init__(self, document: markup.Document) -> None:
        """Set the fonts, the metadata and the margins."""
        super().__init__(format="A4")
        self._title = document.title
        self._page_of = PAGE_OF[document.language]
        fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        self.add_font(FONT, "", fonts / "DejaVuSans.ttf")
        self.add_font(FONT, "B", fonts / "DejaVuSans-Bold.ttf")
        self.set_title(document.title)
        self.set_author(document.author)
        self.set_lang(document.language)
        self.set_creation_date(document.created.replace(tzinfo=UTC))
        self.set_margins(22, 24, 22)
        self.set_auto_page_break(True, margin=22)

    def header(self) -> None:
        """Write the company and the title above the page."""
        self.set_y(12)
        self.set_font(FONT, "", SMALL_SIZE)
        self.cell(0, 5, COMPANY)
        self.set_x(self.l_margin)
        self.cell(0, 5, self._title, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.line(self.l_margin, 18, self.w - self.r_margin, 18)
        self.set_y(self.t_margin)

    def footer(self) -> None:
        """Write the page number below the page."""
        self.set_y(-15)
        self.set_font(FONT, "", SMALL_SIZE)
        self.cell(0, 5, self._page_of.format(self.page_no()), align="C")


def render(document: markup.Document) -> bytes:
    """Make the bytes of a .pdf file."""
    paper = Paper(document)
    paper.add_page()
    blocks = iter(document.blocks)
    for block in blocks:
        if block == markup.Break("columns"):
            _add_columns(paper, _until_columns_end(blocks))
        else:
            _add(paper, block)
    return bytes(paper.output())


def _until_columns_end(blocks: Iterable[markup.Block]) -> list[markup.Block]:
    taken = []
    for block in blocks:
        if block == markup.Break("/columns"):
            break
        taken.append(block)
    return taken


def _add(paper: Paper, block: markup.Block) -> None:
    match block:
        case markup.Heading():
            _add_heading(paper, block)
        case markup.Paragraph(text):
            _write(paper, text)
            paper.ln(2.5)
        case markup.Items(items, numbered):
            for number, item in enumerate(items, start=1):
                _write_item(paper, f"{number}." if numbered else BULLET, item)
            paper.ln(2.5)
        case markup.Table(rows):
            _add_table(paper, rows)
        case markup.Break("page"):
            paper.add_page()
        case _:
            raise ValueError(f"A PDF page has no place for {block}.")


def _add_heading(paper: Paper, heading: markup.Heading) -> None:
    size = HEADING_SIZES[heading.level]
    if paper.will_page_break(4 * LINE):
        paper.add_page()
    paper.ln(2)
    paper.set_font(FONT, "B", size)
    paper.start_section(heading.text, level=heading.level - 1)
    paper.multi_cell(0, size * 0.52, heading.text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.ln(2)


def _write(paper: Paper, text: str) -> None:
    paper.set_font(FONT, "", BODY_SIZE)
    paper.multi_cell(0, LINE, text, align="L", markdown=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _write_item(paper: Paper, mark: str, text: str) -> None:
    paper.set_font(FONT, "", BODY_SIZE)
    if paper.will_page_break(2 * LINE):
        paper.add_page()
        paper.set_font(FONT, "", BODY_SIZE)
    paper.set_x(paper.l_margin + 3)
    paper.cell(7, LINE, mark)
    paper.multi_cell(0, LINE, text, align="L", markdown=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _add_table(paper: Paper, rows: tuple[tuple[str, ...], ...]) -> None:
    paper.set_font(FONT, "", 9)
    with paper.table(
        text_align="LEFT",
        line_height=5,
        padding=1,
        col_widths=_column_widths(rows),
        headings_style=FontFace(emphasis="BOLD", fill_color=(220, 230, 241)),
    ) as table:
        for texts in rows:
            row = table.row()
            for text in texts:
                row.cell(markup.plain(text))
    paper.ln(4)


def _column_widths(rows: tuple[tuple[str, ...], ...]) -> tuple[int, ...]:
    """Share the page's width by the longest text of each column, within reason."""
    columns = zip(*rows, strict=True)
    return tuple(min(45, max(10, *(len(text) for text in column))) for column in columns)


def _add_columns(paper: Paper, blocks: list[markup.Block]) -> None:
    with paper.text_columns(ncols=2, gutter=9, text_align="L", line_height=1.3) as columns:
        for block in blocks:
            match block:
                case markup.Heading(level, text):
                    paper.set_font(FONT, "B", HEADING_SIZES[level])
                    lines = [text]
                case markup.Paragraph(text):
                    paper.set_font(FONT, "", BODY_SIZE)
                    lines = [text]
                case markup.Items(items):
                    paper.set_font(FONT, "", BODY_SIZE)
                    lines = [f"{BULLET} {item}" for item in items]
                case _:
                    raise ValueError(f"Columns have no place for {block}.")
            for line in lines:
                with columns.paragraph(bottom_margin=2.5) as paragraph:
                    paragraph.write(markup.plain(line))
