from datetime import UTC, datetime
from pathlib import Path

import matplotlib
import pytest
from fpdf import FPDF

from ingest.parsers import parse
from search.errors import CorruptDocumentError, EmptyDocumentError, ProtectedDocumentError
from tests.ingest.parsers.files import blocks_of

FONTS = Path(matplotlib.get_data_path()) / "fonts/ttf"
LOREM = "Pracownik składa wniosek o urlop na formularzu przez portal pracowniczy firmy."


class Pdf(FPDF):
    """A4 pages in DejaVu, which has Polish letters."""

    def __init__(self, header: str = "", footer: str = "") -> None:
        super().__init__()
        self._texts = header, footer
        self.add_font("DejaVu", "", str(FONTS / "DejaVuSans.ttf"))
        self.add_font("DejaVu", "B", str(FONTS / "DejaVuSans-Bold.ttf"))

    def header(self) -> None:
        self._edge(8, self._texts[0])

    def footer(self) -> None:
        self._edge(-12, self._texts[1])

    def _edge(self, height: float, text: str) -> None:
        if text:
            self.set_font("DejaVu", "", 8)
            self.set_y(height)
            self.cell(0, 5, text.format(page=self.page_no()))
            self.ln(10)

    def write_text(self, text: str, size: float = 11, bold: bool = False) -> None:
        self.set_font("DejaVu", "B" if bold else "", size)
        self.multi_cell(0, size / 2, text, align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(4)


def saved(pdf: FPDF, path: Path) -> Path:
    pdf.output(str(path))
    return path


def test_headings_paragraphs_lists_and_pages(tmp_path: Path) -> None:
    pdf = Pdf()
    pdf.add_page()
    pdf.write_text("Regulamin urlopów", 20, bold=True)
    pdf.write_text("1. Wymiar", 14, bold=True)
    pdf.write_text(" ".join([LOREM] * 4))
    pdf.write_text("• pierwszy punkt")
    pdf.write_text("• drugi punkt")
    pdf.add_page()
    pdf.write_text("2. Planowanie", 14, bold=True)
    pdf.write_text("Plan powstaje w styczniu.")
    pdf.set_title("Microsoft Word - Regulamin")
    pdf.set_author("Kadry")
    pdf.set_creation_date(datetime(2025, 2, 1, 12, 0, tzinfo=UTC))
    path = saved(pdf, tmp_path / "a.pdf")
    assert blocks_of(path) == [
        ("heading1", "Regulamin urlopów"),
        ("heading2", "1. Wymiar"),
        ("text", " ".join([LOREM] * 4)),
        ("list", "• pierwszy punkt"),
        ("list", "• drugi punkt"),
        ("heading2", "2. Planowanie"),
        ("text", "Plan powstaje w styczniu."),
    ]
    parsed = parse(path)
    assert [block.page for block in parsed.blocks] == [1, 1, 1, 1, 1, 2, 2]
    assert (parsed.title, parsed.author, parsed.pages) == ("Regulamin", "Kadry", 2)
    assert parsed.created == datetime(2025, 2, 1, 12, 0, tzinfo=UTC)


def test_running_headers_footers_and_page_numbers_are_dropped(tmp_path: Path) -> None:
    pdf = Pdf(header="Firma S.A. – poufne", footer="Strona {page} z 3")
    for number in ("pierwsza", "druga", "trzecia"):
        pdf.add_page()
        pdf.write_text(f"To jest treść: {number}.")
    assert [text for _, text in blocks_of(saved(pdf, tmp_path / "a.pdf"))] == [
        "To jest treść: pierwsza.", "To jest treść: druga.", "To jest treść: trzecia.",
    ]  # fmt: skip


def test_copies_of_one_page_lose_nothing(tmp_path: Path) -> None:
    pdf = Pdf()
    for _ in range(2):
        pdf.add_page()
        pdf.write_text("Dzień dobry.")
        pdf.write_text("Z poważaniem.")
    texts = [text for _, text in blocks_of(saved(pdf, tmp_path / "a.pdf"))]
    assert texts == ["Dzień dobry.", "Z poważaniem."] * 2


def test_paragraph_goes_on_over_a_page_break(tmp_path: Path) -> None:
    pdf = Pdf(footer="{page}")
    pdf.add_page()
    pdf.write_text("Zdanie, które zaczyna się na pierwszej stronie i")
    pdf.add_page()
    pdf.write_text("kończy na drugiej.")
    path = saved(pdf, tmp_path / "a.pdf")
    (block,) = parse(path).blocks
    assert block.text == "Zdanie, które zaczyna się na pierwszej stronie i kończy na drugiej."
    assert block.page == 1


def test_hyphenation_is_undone_and_compounds_stay(tmp_path: Path) -> None:
    pdf = Pdf()
    pdf.add_page()
    pdf.write_text("Przedsiębiorca zobowiązuje się do przestrze-\ngania zasad BHP.\n")
    pdf.write_text("Zakład Łódź-\nWidzew jest czynny.")
    assert [text for _, text in blocks_of(saved(pdf, tmp_path / "a.pdf"))] == [
        "Przedsiębiorca zobowiązuje się do przestrzegania zasad BHP.",
        "Zakład Łódź-Widzew jest czynny.",
    ]


def test_two_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    pdf = Pdf()
    pdf.add_page()
    pdf.write_text("Gazetka zakładowa", 20, bold=True)
    top = pdf.get_y()
    for place, name in ((10, "Lewa"), (110, "Prawa")):
        pdf.set_xy(place, top)
        pdf.set_font("DejaVu", "", 10)
        pdf.multi_cell(85, 5, f"{name} kolumna. " + " ".join([LOREM] * 5), align="L")
    kinds = blocks_of(saved(pdf, tmp_path / "a.pdf"))
    assert kinds == [
        ("heading1", "Gazetka zakładowa"),
        ("text", "Lewa kolumna. " + " ".join([LOREM] * 5)),
        ("text", "Prawa kolumna. " + " ".join([LOREM] * 5)),
    ]


def test_table_rows_stay_rows(tmp_path: Path) -> None:
    pdf = Pdf()
    pdf.add_page()
    pdf.write_text("Stawki diet.")
    pdf.set_font("DejaVu", "", 10)
    with pdf.table(col_widths=(40, 30, 70)) as table:
        for cells in (
            ("Kraj", "Dieta", "Uwagi"),
            ("Niemcy", "49 EUR", "w czasie targów inny limit"),
            ("Włochy", "53 EUR", "–"),
        ):
            table.row(cells)
    assert blocks_of(saved(pdf, tmp_path / "a.pdf")) == [
        ("text", "Stawki diet."),
        (
            "table",
            "Kraj | Dieta | Uwagi\nNiemcy | 49 EUR | w czasie targów inny limit\n"
            "Włochy | 53 EUR | –",
        ),
    ]


def test_password(tmp_path: Path) -> None:
    pdf = Pdf()
    pdf.set_encryption(owner_password="a", user_password="b")
    pdf.add_page()
    pdf.write_text("tajne")
    with pytest.raises(ProtectedDocumentError, match="needs a password"):
        parse(saved(pdf, tmp_path / "a.pdf"))


def test_no_text(tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.rect(10, 10, 50, 50)
    with pytest.raises(EmptyDocumentError, match="No page of the PDF has text"):
        parse(saved(pdf, tmp_path / "a.pdf"))


def test_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\nnothing of the kind")
    with pytest.raises(CorruptDocumentError, match="malformed"):
        parse(tmp_path / "a.pdf")
