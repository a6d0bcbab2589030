from pathlib import Path

import pytest

from ingest.parsers import parse
from search.errors import CorruptDocumentError
from tests.ingest.parsers.files import blocks_of, text_file


def test_records_are_lines(tmp_path: Path) -> None:
    text = """<?xml version="1.0"?><!-- not this --><czesci xmlns="urn:x">
      <czesc><numer_katalogowy>F-17</numer_katalogowy><cena>12,50</cena><opis/></czesc>
      <czesc><numer_katalogowy>F-18</numer_katalogowy></czesc></czesci>"""
    assert blocks_of(text_file(tmp_path / "a.xml", text)) == [
        ("text", "numer katalogowy: F-17\ncena: 12,50"),
        ("text", "numer katalogowy: F-18"),
    ]


def test_prose_keeps_its_order(tmp_path: Path) -> None:
    text = (
        "<doc><title>Regulamin</title><date>2025-01-02</date>"
        "<p>Pierwszy <b>ważny</b> akapit.</p><section><title>Urlop</title><p>Drugi.</p></section>"
        "</doc>"
    )
    path = text_file(tmp_path / "a.xml", text)
    assert blocks_of(path) == [
        ("heading1", "Regulamin"),
        ("text", "date: 2025-01-02"),
        ("text", "Pierwszy ważny akapit."),
        ("heading2", "Urlop"),
        ("text", "Drugi."),
    ]
    assert parse(path).title == "Regulamin"


def test_declared_encoding(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="iso-8859-2"?><a><p>Zażółć gęślą</p></a>'
    assert blocks_of(text_file(tmp_path / "a.xml", text, "iso-8859-2")) == [
        ("text", "Zażółć gęślą")
    ]


@pytest.mark.parametrize("text", ["<a><b></a>", "no markup", "<a>" * 100_000])
def test_malformed(tmp_path: Path, text: str) -> None:
    with pytest.raises(CorruptDocumentError, match="XML is malformed"):
        parse(text_file(tmp_path / "a.xml", text))
