import pytest

from ingest.parsers.text import clean, continued, decode, meaningful_title, one_line

POLISH = [
    "Zażółć gęślą jaźń",
    "Łódź",
    "ŚCIEŻKA ŹRÓDŁA",
    "mąka",
    "Umowa najmu – załącznik nr 3",
    "Ślęża",
]


@pytest.mark.parametrize("text", POLISH)
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1250", "iso-8859-2", "cp852"]
)
def test_polish_in_every_encoding(text: str, encoding: str) -> None:
    if encoding in ("iso-8859-2", "cp852"):
        text = text.replace("–", "-")
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_encodings_without_a_mark(encoding: str) -> None:
    text = "Regulamin pracy zdalnej obowiązuje od czerwca."
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Schöne Grüße aus Köln, Straße 5", "cp1252"),
        ("L'été était très chaud, ça va", "cp1252"),
        ("Příliš žluťoučký kůň úpěl", "cp1250"),
        ("Příliš žluťoučký kůň úpěl", "iso-8859-2"),
    ],
)
def test_neighbours_of_polish(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_any_bytes_decode() -> None:
    assert decode(b"") == ""
    assert isinstance(decode(bytes(range(256)) * 3), str)
    assert isinstance(decode(b"\xff\xfe\x00"), str)


def test_clean_normalises() -> None:
    assert clean("z\u0301le") == "źle"  # composed (NFC)
    assert clean("mięk\u00adki\u00a0dywiz\u200b") == "miękki dywiz"
    assert clean("ﬁrma ﬂoty") == "firma floty"
    assert clean("a\x07b\x0cc\r\nd \t e") == "ab\nc\nd e"


def test_one_line_joins_lines() -> None:
    assert one_line("  dwa\n  wiersze ") == "dwa wiersze"


@pytest.mark.parametrize(
    ("declared", "title"),
    [
        ("Regulamin  urlopów", "Regulamin urlopów"),
        ("Microsoft Word - Umowa najmu", "Umowa najmu"),
        ("Microsoft Word - umowa.doc", None),
        ("PowerPoint Presentation", None),
        ("Prezentacja programu PowerPoint", None),
        ("Dokument1", None),
        ("raport_v2.docx", None),
        ("Untitled spreadsheet", None),
        ("Bez tytułu 1", None),
        ("", None),
        (None, None),
    ],
)
def test_titles_that_programs_make_up(declared: str | None, title: str | None) -> None:
    assert meaningful_title(declared) == title


@pytest.mark.parametrize(
    ("text", "line", "joined"),
    [
        ("przestrze-", "gania zasad", "przestrzegania zasad"),
        ("Łódź-", "Widzew", "Łódź-Widzew"),
        ("Material-", "und Fertigungsfehler", "Material- und Fertigungsfehler"),
        ("PN-EN 50110-", "1", "PN-EN 50110-1"),
        ("raz w roku -", "w październiku", "raz w roku - w październiku"),
        ("", "początek", "początek"),
    ],
)
def test_lines_of_a_paragraph_are_joined(text: str, line: str, joined: str) -> None:
    assert continued(text, line) == joined
