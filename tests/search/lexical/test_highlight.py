"""Marked words: inflection, missing diacritics, codes."""

from itertools import pairwise

import pytest

from search.lexical.highlight import matching_spans


@pytest.mark.parametrize(
    ("query", "text", "language", "marked"),
    [
        ("urlopy zaległe", "Prawo do urlopu zaległego.", "pl", ["urlopu", "zaległego"]),
        ("urlopy zalegle", "Prawo do urlopu zaległego.", "pl", ["urlopu", "zaległego"]),
        ("formularz f17", "Wypełnij formularz F-17.", "pl", ["formularz", "F-17"]),
        ("invoices", "The invoice is due.", "en", ["invoice"]),
        ("do", "Do biura", "pl", []),
    ],
)
def test_words_met(query: str, text: str, language: str, marked: list[str]) -> None:
    assert [text[start:end] for start, end in matching_spans(query, text, language)] == marked


def test_spans_do_not_overlap() -> None:
    spans = matching_spans("iso 9001", "Norma ISO 9001 i ISO 9001-2", "pl")
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
