"""Which words begin as typed, whatever their case and diacritics."""

import unicodedata

import pytest

from search.lexical.completion import completion, prefixes, typed_words


@pytest.mark.parametrize(
    ("typed", "text", "marked"),
    [
        ("zaleg", "Zaległy urlop", ["Zaleg"]),
        ("zalegl", "Zaległy urlop", ["Zaległ"]),
        ("ZALEGŁ", "zaległy urlop", ["zaległ"]),
        ("url zal", "Zaległy urlop", ["Zal", "url"]),
        ("f 17", "Formularz F-17", ["F", "17"]),
        ("stras", "Straße", ["Straß"]),
        ("strasse 5", "Straße 5a", ["Straße", "5"]),
        ("zada", unicodedata.normalize("NFD", "na żądanie"), ["żąda"]),
    ],
)
def test_marks(typed: str, text: str, marked: list[str]) -> None:
    found = completion(typed_words(typed), text)
    assert found is not None
    shown = [unicodedata.normalize("NFC", text[start:end]) for start, end in found]
    assert shown == marked


def test_every_word_typed_must_begin_one() -> None:
    assert completion(typed_words("zal xyz"), "Zaległy urlop") is None
    assert completion(typed_words("legły"), "Zaległy urlop") is None


def test_beginnings_are_folded_short_and_listed_once() -> None:
    assert prefixes("Żar", "za") == ["z", "za", "zar"]
    assert max(len(prefix) for prefix in prefixes("a" * 100)) == 16
    assert prefixes("", "…") == []
