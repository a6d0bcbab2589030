"""Text of pictures, through tesseract, which runs on this machine."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby

from PIL import Image

from ingest.parsers.base import Block, ParsingOptions
from ingest.parsers.plain import ITEM, plain_blocks
from ingest.parsers.text import continued
from ingest.parsers.tools import TESSERACT, run
from search.errors import MissingToolError

RESOLUTION = 300
"""Dots per inch that tesseract is made for."""
LEGIBLE_WIDTH = 1000
"""A narrower picture is enlarged."""
CREDIBLE = 60.0
"""Tesseract's confidence, 0 to 100, over the letters of a paragraph. Drawings and scripts that
it was not asked to read give 15 to 55, print gives 85 to 97 (corpus of unstructured)."""
COLUMN_GAP = 2.0
"""Line heights between two words of a line that stand in different columns."""
FULL = 0.85
"""A line that reaches so far into its paragraph's width goes on in the next."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as tesseract found it; lengths in pixels."""

    paragraph: tuple[str, str]
    line: str
    left: int
    width: int
    height: int
    confidence: float
    text: str

    @property
    def right(self) -> int:
        """Return where it ends."""
        return self.left + self.width


def read_picture(picture: Image.Image, options: ParsingOptions) -> str:
    """Return the legible text of a picture, its paragraphs parted by blank lines.

    Raises:
        MissingToolError: tesseract, or every language asked for, is not installed.
        CorruptDocumentError: tesseract failed.
    """
    program = TESSERACT.required()
    languages = _installed(program, options.ocr_languages)
    if not languages:
        raise MissingToolError(
            f"tesseract has none of the languages {options.ocr_languages}: {TESSERACT.install}",
            TESSERACT.name,
        )
    picture = picture.convert("L")
    if picture.width < LEGIBLE_WIDTH:
        picture = picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    picture.save(data, "PNG", dpi=(RESOLUTION, RESOLUTION))
    command = [program, "stdin", "stdout", "-l", languages, "--dpi", str(RESOLUTION), "tsv"]
    table = run(command, data.getvalue()).decode("utf-8", "replace")
    options.progress()
    paragraphs = groupby(_words(table), lambda word: word.paragraph)
    return "\n\n".join(_paragraph(list(words)) for _, words in paragraphs)


def _words(table: str) -> Iterator[Word]:
    for row in csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        text = (row["text"] or "").strip()
        if row["level"] == "5" and text:
            yield Word(
                (row["block_num"], row["par_num"]), row["line_num"], int(row["left"]),
                int(row["width"]), int(row["height"]), float(row["conf"]), text,
            )  # fmt: skip


def _paragraph(words: list[Word]) -> str:
    """Join the lines of a paragraph that fill its width; empty if it is not credible."""
    letters = sum(len(word.text) for word in words)
    if sum(word.confidence * len(word.text) for word in words) < CREDIBLE * letters:
        return ""
    left, right = min(word.left for word in words), max(word.right for word in words)
    lines: list[str] = []
    full = False
    for _, group in groupby(words, lambda word: word.line):
        row = list(group)
        text = _line(row)
        in_columns = "\t" in text
        if full and not in_columns and not ITEM.match(text):
            lines[-1] = continued(lines[-1], text)
        else:
            lines.append(text)
        full = not in_columns and row[-1].right - left > FULL * (right - left)
    return "\n".join(lines)


def _line(words: Iterable[Word]) -> str:
    """Join words by spaces, columns by tabs."""
    text, end = "", 0
    for word in words:
        gap = "\t" if word.left - end > COLUMN_GAP * word.height else " "
        text += gap + word.text if text else word.text
        end = word.right
    return text


def picture_blocks(
    picture: Image.Image, page: int | None, options: ParsingOptions
) -> Iterator[Block]:
    """Yield the blocks of a picture; specks that tesseract took for letters are dropped."""
    for block in plain_blocks(read_picture(picture, options)):
        if sum(character.isalnum() for character in block.text) >= 2:
            yield replace(block, page=page)


@lru_cache(maxsize=4)
def _installed(program: str, wanted: str) -> str:
    """Return those of the languages wanted that tesseract has, joined as it takes them."""
    listed = run([program, "--list-langs"]).decode("utf-8", "replace").split()
    return "+".join(language for language in wanted.split("+") if language in listed)
