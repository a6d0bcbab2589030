"""CSV and TSV: one table, its delimiter found by looking."""

import csv
import io
from pathlib import Path
from typing import Literal

from ingest.parsers.base import DEFAULT_OPTIONS, Block, ParsedDocument, ParsingOptions
from ingest.parsers.elements import join_rows
from ingest.parsers.text import decode, one_line
from search.errors import CorruptDocumentError

DELIMITERS = ",;\t|"
SAMPLE = 64 * 1024
FIELD_LIMIT = 2**24


def parse(path: Path, options: ParsingOptions = DEFAULT_OPTIONS) -> ParsedDocument:
    """Parse a file of delimited values."""
    text = decode(path.read_bytes()).replace("\0", "")
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(text[:SAMPLE])
    csv.field_size_limit(FIELD_LIMIT)
    # An odd quote, as in 24" screens, would swallow the lines up to the next one.
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if text.count('"') % 2 == 0 else csv.QUOTE_NONE
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
    try:
        table = join_rows([one_line(cell) for cell in row] for row in rows)
    except csv.Error as error:
        raise CorruptDocumentError(
            f"The delimited values are malformed ({error}): export the file again."
        ) from error
    return ParsedDocument(blocks=(Block("table", table),) if table else ())


def _delimiter(sample: str) -> str:
    """Return the delimiter that cuts most lines into the same number of fields."""
    lines = [line for line in sample.splitlines() if line.strip()][:50]

    def regularity(delimiter: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        usual = max(set(counts), key=counts.count, default=1)
        return (counts.count(usual) if usual > 1 else 0, usual)

    return max(DELIMITERS, key=regularity)
