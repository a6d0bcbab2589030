"""Pictures and scans, through tesseract, where it is installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image

from ingest.parsers import ocr, parse
from ingest.parsers.base import ParsingOptions
from ingest.parsers.tools import TESSERACT
from search.errors import (
    CorruptDocumentError,
    EmptyDocumentError,
    MissingToolError,
    TooLargeError,
    UnsupportedFormatError,
)
from tests.ingest.parsers.files import blocks_of
from tests.ingest.parsers.samples import font_file, needs, picture

PROSE = (
    "Pracownik zachowuje prawo do zaległego urlopu wypoczynkowego, który na-\n"
    "leży wykorzystać do 30 września. Źródło: regulamin, część ósma."
)
JOINED = (
    "Pracownik zachowuje prawo do zaległego urlopu wypoczynkowego, który należy "
    "wykorzystać do 30 września. Źródło: regulamin, część ósma."
)
TABLE = (
    "Nazwa               Cena            Ilość\n"
    "Śruba M6           12,50             400\n"
    "Nakrętka            3,20             900"
)


@pytest.fixture(autouse=True)
def _tesseract(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("ocr"):
        needs(TESSERACT.path(), "tesseract")
    yield


@pytest.mark.ocr
def test_lines_of_a_paragraph_are_joined(tmp_path: Path) -> None:
    picture(PROSE).save(tmp_path / "a.png")
    assert blocks_of(tmp_path / "a.png") == [("text", JOINED)]


@pytest.mark.ocr
def test_columns_are_kept(tmp_path: Path) -> None:
    picture(TABLE).save(tmp_path / "a.png")
    assert blocks_of(tmp_path / "a.png") == [
        ("table", "Nazwa | Cena | Ilość\nŚruba M6 | 12,50 | 400\nNakrętka | 3,20 | 900")
    ]


@pytest.mark.ocr
def test_pages_of_a_tiff(tmp_path: Path) -> None:
    first, second = picture("Strona pierwsza umowy"), picture("Strona druga umowy")
    first.save(tmp_path / "a.tiff", save_all=True, append_images=[second])
    document = parse(tmp_path / "a.tiff")
    assert [(b.page, b.text) for b in document.blocks] == [
        (1, "Strona pierwsza umowy"), (2, "Strona druga umowy"),
    ]  # fmt: skip
    assert document.pages == 2


@pytest.mark.ocr
def test_only_pages_without_text_are_read_by_ocr(tmp_path: Path) -> None:
    picture("Zeskanowany aneks do umowy").save(tmp_path / "scan.png")
    pdf = FPDF()
    pdf.add_font("DejaVu", fname=font_file())
    pdf.set_font("DejaVu", size=12)
    pdf.add_page()
    pdf.cell(text="Pierwsza strona ma tekst.")
    pdf.add_page()
    pdf.image(str(tmp_path / "scan.png"), w=180)
    pdf.add_page()
    pdf.output(str(tmp_path / "a.pdf"))
    pages: list[None] = []
    document = parse(tmp_path / "a.pdf", ParsingOptions(progress=lambda: pages.append(None)))
    assert [(b.page, b.text) for b in document.blocks] == [
        (1, "Pierwsza strona ma tekst."), (2, "Zeskanowany aneks do umowy"),
    ]  # fmt: skip
    assert len(pages) == 1, "the empty page takes no OCR"
    assert document.notes == ()


@pytest.mark.ocr
def test_what_is_no_text_is_not_invented(tmp_path: Path) -> None:
    noise = Image.effect_noise((800, 600), 120)
    noise.save(tmp_path / "a.png")
    with pytest.raises(EmptyDocumentError, match="no legible text"):
        parse(tmp_path / "a.png")


def scan(folder: Path) -> Path:
    picture("Umowa").save(folder / "a.pdf")
    return folder / "a.pdf"


def test_ocr_switched_off(tmp_path: Path) -> None:
    picture("Umowa").save(tmp_path / "a.png")
    with pytest.raises(UnsupportedFormatError, match="SEMSEARCH_PARSING__OCR"):
        parse(tmp_path / "a.png", ParsingOptions(ocr=False))
    with pytest.raises(EmptyDocumentError, match="SEMSEARCH_PARSING__OCR"):
        parse(scan(tmp_path), ParsingOptions(ocr=False))


def test_without_tesseract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    picture("Umowa").save(tmp_path / "a.png")
    for path in (tmp_path / "a.png", scan(tmp_path)):
        with pytest.raises(MissingToolError, match="apt install tesseract-ocr") as raised:
            parse(path)
        assert raised.value.tool == "tesseract"


def test_a_page_that_takes_tesseract_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    picture("Umowa").save(tmp_path / "scan.png")
    pdf = FPDF()
    pdf.set_font("Helvetica", size=12)
    pdf.add_page()
    pdf.cell(text="Text of page one.")
    pdf.add_page()
    pdf.image(str(tmp_path / "scan.png"), w=180)
    pdf.output(str(tmp_path / "a.pdf"))
    document = parse(tmp_path / "a.pdf")
    assert [b.text for b in document.blocks] == ["Text of page one."]
    [note] = document.notes
    assert "page 2" in note
    assert "apt install" in note


@pytest.mark.ocr
def test_a_language_that_is_not_installed(tmp_path: Path) -> None:
    picture("Contract of lease").save(tmp_path / "a.png")
    found = parse(tmp_path / "a.png", ParsingOptions(ocr_languages="tlh+eng"))
    assert found.blocks[0].text == "Contract of lease"
    with pytest.raises(MissingToolError, match="none of the languages tlh"):
        parse(tmp_path / "a.png", ParsingOptions(ocr_languages="tlh"))


def test_pixel_bombs_and_damaged_pictures(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "a.png")
    with pytest.raises(TooLargeError, match="pixels"):
        parse(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    with pytest.raises(CorruptDocumentError):
        parse(tmp_path / "b.jpg")


def test_confidence_below_which_nothing_is_believed() -> None:
    def words(confidence: float) -> list[ocr.Word]:
        return [ocr.Word(("1", "1"), "1", 0, 100, 20, confidence, "umowa")]

    assert ocr._paragraph(words(ocr.CREDIBLE)) == "umowa"
    assert ocr._paragraph(words(ocr.CREDIBLE - 1)) == ""
