"""The stretch of a passage that is shown."""

from search.lexical.highlight import best_window, matching_spans, within

TEXT = "początek " * 30 + "urlop zaległy jest tutaj " + "koniec " * 30


def test_a_short_text_is_shown_whole() -> None:
    assert best_window("krótki tekst", [(0, 6)], 100) == (0, 12)


def test_the_window_holds_the_marked_words_and_cuts_between_words() -> None:
    spans = matching_spans("urlop zaległy", TEXT, "pl")
    start, end = best_window(TEXT, spans, 80)
    shown = TEXT[start:end]
    assert "urlop zaległy" in shown
    assert len(shown) <= 80
    assert TEXT[start - 1] == " " and TEXT[end] == " "


def test_without_marks_the_beginning_is_shown() -> None:
    start, end = best_window(TEXT, [], 50)
    assert start == 0
    assert TEXT[end] == " " and end <= 50


def test_a_mark_longer_than_the_window_is_shown_from_its_beginning() -> None:
    text = "Wstęp do tematu. " * 20 + "To zdanie " + "ciągnie się " * 30 + "do końca."
    first = text.index("To zdanie")
    start, end = best_window(text, [(first, len(text))], 100)
    assert start <= first < end - 50
    assert within([(first, len(text))], start, end) == [(first, end)]


def test_marks_are_cut_at_the_window() -> None:
    assert within([(0, 3), (4, 8), (8, 12), (20, 30)], 2, 10) == [(2, 3), (4, 8), (8, 10)]
