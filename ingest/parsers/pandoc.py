"""What pandoc reads best (odt, rtf, epub, rst, org), through HTML.

Pandoc comes with the wheel `pypandoc-binary`. It runs sandboxed: no file but its input, so
that an include directive discloses nothing.
"""

import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pypandoc
from lxml import etree

from ingest.parsers.base import DEFAULT_OPTIONS, ParsedDocument, ParsingOptions
from ingest.parsers.markup import markup_blocks
from ingest.parsers.office import first_heading
from ingest.parsers.text import decode, meaningful_title, one_line
from ingest.parsers.tools import run
from ingest.parsers.web import head_of, tree

TEXT = {".rst": "rst", ".org": "org"}
BINARY = {".odt": "odt", ".rtf": "rtf", ".epub": "epub"}
HEAP = "-M1500m"
"""Pandoc's own limit on its memory."""
BULLETS = " •·–-*"

_ROW_END = re.compile(rb"\\row(?![a-z])")
"""Rows of an RTF table may share one definition; pandoc takes such for a single row."""
_ESCAPED = re.compile(rb"\\u(-?\d+) ?(?:\\'[0-9a-fA-F]{2}|\?)?|\\'([89a-fA-F][0-9a-fA-F])")
"""A Unicode character of an RTF with its replacement, or a byte of its code page."""
_CODE_PAGE = re.compile(rb"\\ansicpg(\d+)")
CENTRAL_EUROPEAN = rb"\fcharset238"


def parse(path: Path, options: ParsingOptions = DEFAULT_OPTIONS) -> ParsedDocument:
    """Parse a file that pandoc reads; its extension says which format it is."""
    suffix = path.suffix.lower()
    data = path.read_bytes()
    if suffix in TEXT:
        data = decode(data).encode()
    document = convert(data, (TEXT | BINARY)[suffix])
    return _with_metadata(document, data) if suffix == ".odt" else document


def convert(data: bytes, form: str) -> ParsedDocument:
    """Convert and parse.

    Args:
        data: of the file.
        form: what pandoc calls its format.
    """
    command = [
        pypandoc.get_pandoc_path(), "+RTS", HEAP, "-RTS",
        "--sandbox", "--standalone", "--wrap=none", "--from", form, "--to", "html",
    ]  # fmt: skip
    if form == "rtf":
        data = _ROW_END.sub(rb"\\row\\trowd", _in_unicode(data))
    soup = tree(run(command, data).decode("utf-8", "replace"))
    head = head_of(soup)
    for unwanted in soup.select("header#title-block-header, nav, a.footnote-back, .epub-cover"):
        unwanted.decompose()
    content = tuple(block for block in markup_blocks(soup) if block.text.strip(BULLETS))
    return ParsedDocument(
        blocks=content,
        title=meaningful_title(one_line(head.title or "")) or first_heading(content),
        author=head.author,
        modified=head.modified,
    )


def _in_unicode(rtf: bytes) -> bytes:
    r"""Write the letters of an RTF so that pandoc reads them.

    It takes every code page for the Western one, and loses the letter after `\u347?`.
    """
    declared = _CODE_PAGE.search(rtf)
    page = f"cp{int(declared[1])}" if declared else "cp1252"
    if page == "cp1252" and CENTRAL_EUROPEAN in rtf:
        page = "cp1250"
    try:
        letters = [bytes([code]).decode(page, "replace") for code in range(256)]
    except LookupError:
        return rtf

    def letter(match: "re.Match[bytes]") -> bytes:
        code = int(match[1]) if match[1] else ord(letters[int(match[2], 16)])
        return b"{\\uc0\\u%d }" % code

    return _ESCAPED.sub(letter, rtf)


def _with_metadata(document: ParsedDocument, data: bytes) -> ParsedDocument:
    """Add what an OpenDocument file says of itself, which pandoc does not read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            root = etree.fromstring(package.read("meta.xml"), parser)
    except (zipfile.BadZipFile, KeyError, etree.XMLSyntaxError):
        return document
    found = {
        etree.QName(element).localname: one_line(element.text or "")
        for element in root.iter()
        if isinstance(element.tag, str)
    }
    return replace(
        document,
        title=meaningful_title(found.get("title")) or document.title,
        author=found.get("initial-creator") or found.get("creator") or document.author,
        created=_date(found.get("creation-date")),
        modified=_date(found.get("date")) or document.modified,
    )


def _date(text: str | None) -> datetime | None:
    try:
        date = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
