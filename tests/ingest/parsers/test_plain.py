from pathlib import Path

from ingest.parsers import parse
from tests.ingest.parsers.files import blocks_of, text_file

MINUTES = """PROTOKÓŁ Z NARADY
=================

Toruń, 12 marca 2025 r.
Obecni: wszyscy

1. Umowa z dostawcą
Zarząd postanowił przedłużyć umowę o kolejne dwa lata, pod warunkiem że do-
stawca utrzyma ceny z ubiegłego roku i skróci czas dostawy.

- pierwszy punkt, który jest tak długi, że trzeba go było złamać na dwa
  wiersze
- drugi punkt

Kurs        Termin       Cena
BHP         3 marca      120 zł
SEP         5 marca      780 zł
"""


def test_structure_of_a_text(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.txt", MINUTES)
    assert blocks_of(path) == [
        ("heading1", "PROTOKÓŁ Z NARADY"),
        ("text", "Toruń, 12 marca 2025 r.\nObecni: wszyscy"),
        ("heading2", "1. Umowa z dostawcą"),
        (
            "text",
            "Zarząd postanowił przedłużyć umowę o kolejne dwa lata, pod warunkiem że dostawca "
            "utrzyma ceny z ubiegłego roku i skróci czas dostawy.",
        ),
        ("list", "- pierwszy punkt, który jest tak długi, że trzeba go było złamać na dwa wiersze"),
        ("list", "- drugi punkt"),
        ("table", "Kurs | Termin | Cena\nBHP | 3 marca | 120 zł\nSEP | 5 marca | 780 zł"),
    ]
    assert parse(path).title == "PROTOKÓŁ Z NARADY"


def test_legacy_encoding_and_line_ends(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.text", "Zażółć\r\n\r\ngęślą jaźń", "iso-8859-2")
    assert blocks_of(path) == [("text", "Zażółć"), ("text", "gęślą jaźń")]


def test_sentence_that_begins_with_a_number_is_no_heading(tmp_path: Path) -> None:
    path = text_file(tmp_path / "a.txt", "2. Zadzwoń do działu kadr i podaj numer wniosku.\n")
    assert blocks_of(path) == [("list", "2. Zadzwoń do działu kadr i podaj numer wniosku.")]
