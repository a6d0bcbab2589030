"""Terms: stems of the language, folded; codes whole and in parts."""

import pytest

from search.lexical.analyzer import exact_term, fold, stem, terms, tokens


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Zażółć GĘŚLĄ jaźń", "zazolc gesla jazn"), ("Straße", "strasse"), ("Ærø", "aero")],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("pl", ["urlop", "urlopu", "urlopy", "urlopem", "urlopami"]),
        ("pl", ["zaległy", "zaległego", "zaległe"]),
        ("pl", ["pracownik", "pracownika", "pracownikowi", "pracowników"]),
        ("en", ["invoice", "invoices", "invoiced"]),
        ("de", ["Rechnung", "Rechnungen"]),
    ],
)
def test_forms_of_a_word_share_a_stem(language: str, forms: list[str]) -> None:
    assert len({stem(form, language) for form in forms}) == 1


def test_an_unknown_language_keeps_words() -> None:
    assert terms("Urlopy zaległe", "und") == ["urlopy", "zalegle"]


def exact(text: str, query: bool = False) -> set[str]:
    return {token.exact for token in tokens(text, query=query) if token.exact}


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("formularz F-17.", "F-17"),
        ("formularz F-17", "f17"),
        ("formularz F-17", "formularz f 17"),
        ("według ISO 9001:2015", "iso 9001"),
        ("norma PN-EN 50110-1", "pn-en 50110-1"),
        ("norma PN-EN 50110-1", "50110-1"),
        ("napisz do anna.nowak@firma.example.", "Anna.Nowak@firma.example"),
        ("część PB-220/4", "pb 220/4"),
        ("faktura 20240117", "20240117"),
        ("procedura IT-SEC-07", "it-sec-07"),
    ],
)
def test_a_code_is_found_however_it_is_typed(written: str, typed: str) -> None:
    assert exact(written) & exact(typed, query=True)


@pytest.mark.parametrize(("one", "other"), [("F-17", "F-170"), ("F-17", "E-17"), ("1-17", "117")])
def test_codes_stay_apart(one: str, other: str) -> None:
    assert not exact(one) & exact(other)


@pytest.mark.parametrize("text", ["26 dni", "w 2023 roku", "Europa", "pół-żartem", "3 a 4"])
def test_ordinary_words_and_quantities_are_no_codes(text: str) -> None:
    assert not exact(text)


def test_parts_of_a_code_stay_findable() -> None:
    assert terms("PB-220/4", "pl") == [exact_term("pb220-4"), "pb", "220", "4"]


def test_decomposed_text_gives_the_same_terms() -> None:
    assert terms("za\u017co\u0301\u0142c\u0301", "pl") == terms("zażółć", "pl")


def test_nothing_gives_no_terms() -> None:
    assert terms("  …  ", "pl") == []
