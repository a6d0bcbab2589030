"""A small file of every format, made on the spot by the programs that own the formats."""

import json
import subprocess
from email.message import EmailMessage
from pathlib import Path

import docx
import matplotlib
import openpyxl
import pypandoc
import pytest
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont
from pptx import Presentation

from ingest.parsers import PARSERS
from ingest.parsers.converted import TARGETS
from ingest.parsers.tools import LIBREOFFICE, TESSERACT
from tests.conftest import SHARED

CORPUS = SHARED / "corpus" / "unstructured-example-docs"
SENTENCE = "Zażółć gęślą jaźń: urlop zaległy do 30 września."
ALIASES = {
    ".htm": ".html", ".xhtml": ".html", ".markdown": ".md", ".text": ".txt",
    ".jpeg": ".jpg", ".tif": ".tiff", ".jsonl": ".ndjson",
}  # fmt: skip
PICTURES = frozenset({".png", ".jpg", ".tiff", ".bmp"})
TEXTS = {
    ".csv": f"a;b\n1;{SENTENCE}\n",
    ".html": f"<h1>Tytuł</h1><p>{SENTENCE}",
    ".json": json.dumps({"title": "Tytuł", "text": SENTENCE}),
    ".md": f"# Tytuł\n\n{SENTENCE}\n",
    ".ndjson": json.dumps({"text": SENTENCE}) + "\n" + json.dumps({"text": "drugi"}) + "\n",
    ".org": f"* Tytuł\n\n{SENTENCE}\n",
    ".rst": f"Tytuł\n=====\n\n{SENTENCE}\n",
    ".tsv": f"a\tb\n1\t{SENTENCE}\n",
    ".txt": f"{SENTENCE}\n",
    ".xml": f"<note><title>Tytuł</title><body>{SENTENCE}</body></note>",
}
PANDOC = frozenset({".odt", ".rtf", ".epub"})
FORMATS = [
    pytest.param(extension, marks=[pytest.mark.slow] if extension in TARGETS else [])
    for extension in sorted(PARSERS)
]


def make(folder: Path, extension: str) -> Path:
    """Write a small file that holds `SENTENCE`; skips where its program is not installed."""
    path = folder / f"a{extension}"
    kind = ALIASES.get(extension, extension)
    if kind in TEXTS:
        path.write_text(TEXTS[kind], encoding="utf-8")
    elif kind in PANDOC:
        to = ["--to", kind[1:], "--standalone", "--metadata", "title=Tytuł", "--output", str(path)]
        command = [pypandoc.get_pandoc_path(), "--from", "markdown", *to]
        subprocess.run(command, input=TEXTS[".md"].encode(), check=True)
    elif kind in TARGETS:
        office(path)
    elif kind in PICTURES:
        needs(TESSERACT.path(), "tesseract")
        picture(SENTENCE).save(path)
    elif kind == ".msg":
        needs(CORPUS.is_dir(), "shared/corpus")
        path.write_bytes((CORPUS / "fake-email.msg").read_bytes())
    elif kind == ".eml":
        mail = EmailMessage()
        mail["From"], mail["Subject"] = "a@b.example", "Temat"
        mail.set_content(SENTENCE)
        path.write_bytes(mail.as_bytes())
    elif kind == ".docx":
        document = docx.Document()
        document.add_heading("Tytuł", 1)
        document.add_paragraph(SENTENCE)
        document.save(str(path))
    elif kind == ".pptx":
        show = Presentation()
        slide = show.slides.add_slide(show.slide_layouts[0])
        slide.shapes.title.text = SENTENCE
        show.save(str(path))
    elif kind == ".xlsx":
        book = openpyxl.Workbook()
        assert book.active is not None
        book.active["A1"] = SENTENCE
        book.save(path)
    elif kind == ".pdf":
        pdf = FPDF()
        pdf.add_page()
        pdf.add_font("DejaVu", fname=font_file())
        pdf.set_font("DejaVu", size=12)
        pdf.cell(text=SENTENCE)
        pdf.output(str(path))
    else:
        raise AssertionError(f"add a small {extension} file here")
    return path


def office(path: Path) -> Path:
    """Let LibreOffice write a file of an old or other format."""
    program = LIBREOFFICE.path()
    needs(program, "LibreOffice")
    assert program is not None
    new = make(path.parent, f".{TARGETS[path.suffix]}")
    profile = (path.parent / "profile").as_uri()
    subprocess.run(
        [program, f"-env:UserInstallation={profile}", "--headless",
         "--convert-to", path.suffix[1:], "--outdir", str(path.parent), str(new)],
        check=True, capture_output=True,
    )  # fmt: skip
    return path


def needs(there: object, what: str) -> None:
    if not there:
        pytest.skip(f"{what} is not here")


def font_file() -> Path:
    """Return a font with the letters of every European language."""
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


def picture(text: str, size: tuple[int, int] = (1654, 500)) -> Image.Image:
    """Print a text on white paper, 200 dots per inch."""
    paper = Image.new("L", size, 255)
    font = ImageFont.truetype(str(font_file()), 34)
    ImageDraw.Draw(paper).multiline_text((80, 80), text, fill=0, font=font, spacing=14)
    return paper
