"""The stretch of a passage that is shown."""

from search.lexical.highlight import best_window, matching_spans

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
