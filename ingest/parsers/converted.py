"""Formats of older or other office programs (doc, ppt, xls, odp, ods), through LibreOffice.

A file whose content belies its extension, as exports often do, is parsed as what it is.
"""

import tempfile
from importlib import import_module
from pathlib import Path

from ingest.parsers.base import DEFAULT_OPTIONS, ParsedDocument, ParsingOptions
from ingest.parsers.office import OLE_MAGIC
from ingest.parsers.tools import LIBREOFFICE, run
from search.errors import CorruptDocumentError

TARGETS = {".doc": "docx", ".ppt": "pptx", ".odp": "pptx", ".xls": "xlsx", ".ods": "xlsx"}
OLD_SHEETS = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")
"""How the files of Excel 2 to 4 begin."""
PARSERS = {"docx": "word", "pptx": "slides", "xlsx": "workbook"}

_LOCKED = "".join(
    f'<item oor:path="/org.openoffice.Office.Common/Security/Scripting">'
    f'<prop oor:name="{name}" oor:op="fuse"><value>true</value></prop></item>'
    for name in ("BlockUntrustedRefererLinks", "DisableMacrosExecution", "DisableActiveContent")
)
LOCKED_DOWN = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<oor:items xmlns:oor="http://openoffice.org/2001/registry">'
    f"{_LOCKED}</oor:items>"
)
"""LibreOffice's settings: no macros, nothing fetched from where a document points."""


def parse(path: Path, options: ParsingOptions = DEFAULT_OPTIONS) -> ParsedDocument:
    """Parse a file by what it converts to, or by what it is."""
    target = TARGETS[path.suffix.lower()]
    with path.open("rb") as file:
        head = file.read(512).lstrip(b"\xef\xbb\xbf \r\n\t")
    if head.startswith(b"{\\rtf"):
        from ingest.parsers.pandoc import convert

        return convert(path.read_bytes(), "rtf")
    if head[:1] == b"<" and b"<?mso" not in head and _is_html(head):
        return _parsed(path, "web")
    if head.startswith(b"PK") and not path.suffix.lower().startswith(".od"):
        return _parsed(path, PARSERS[target])
    if not head.startswith((OLE_MAGIC, b"PK", *OLD_SHEETS)):
        if b"\0" in head or target == "pptx":
            raise CorruptDocumentError(
                f"This is no {path.suffix.lower()} file: save it again in its program, "
                "or exclude it."
            )
        return _parsed(path, "plain" if target == "docx" else "delimited")
    with tempfile.TemporaryDirectory(prefix="semsearch-") as folder:
        return _parsed(_converted(path, target, Path(folder)), PARSERS[target])


def _is_html(head: bytes) -> bool:
    return any(mark in head.lower() for mark in (b"<html", b"<!doctype html", b"<table", b"<meta"))


def _parsed(path: Path, parser: str) -> ParsedDocument:
    document: ParsedDocument = import_module(f"ingest.parsers.{parser}").parse(path)
    return document


def _converted(path: Path, target: str, folder: Path) -> Path:
    """Let LibreOffice convert a copy; it crashes now and then, so it gets a second chance."""
    copy = folder / f"input{path.suffix.lower()}"
    copy.write_bytes(path.read_bytes())
    try:
        return _convert(copy, target, folder / "first")
    except CorruptDocumentError:
        return _convert(copy, target, folder / "second")


def _convert(file: Path, target: str, folder: Path) -> Path:
    user = folder / "profile" / "user"
    user.mkdir(parents=True)
    (user / "registrymodifications.xcu").write_text(LOCKED_DOWN)
    run([
        LIBREOFFICE.required(), f"-env:UserInstallation={(folder / 'profile').as_uri()}",
        "--headless", "--norestore", "--nolockcheck",
        "--convert-to", target, "--outdir", str(folder), str(file),
    ])  # fmt: skip
    made = folder / f"{file.stem}.{target}"
    if not made.is_file():
        raise CorruptDocumentError(
            "LibreOffice cannot read the file: open and save it again in its program, "
            "or exclude it."
        )
    return made
