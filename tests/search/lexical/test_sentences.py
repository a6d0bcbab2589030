import pytest

from search.lexical.sentences import sentence_spans, sentences


@pytest.mark.parametrize(
    "text",
    [
        "Patrz art. 5 ust. 2 pkt 3 ustawy z dnia 26 czerwca 1974 r. Kodeks pracy.",
        "Biuro przy ul. Mickiewicza jest czynne do godz. 15.",
        "Dotyczy to m.in. Torunia, tzn. Zakładu nr 2.",
        "Kilka krajów, np. Niemcy i Czechy, ma inne stawki.",
        "Das gilt z.B. Montags und bzgl. Überstunden.",
        "Ask Mr. Ashworth, i.e. Ben.",
        "Umowę podpisał J. Kowalski w imieniu Spółki.",
        "Sekretariat przyjmuje do 20. dnia miesiąca.",
    ],
)
def test_abbreviations_initials_and_ordinals_end_nothing(text: str) -> None:
    assert sentences(text) == [text]


def test_full_stops_question_and_exclamation_marks_end_sentences() -> None:
    assert sentences("Kto płaci? Spółka płaci! Zawsze. I „tak ma być.” Koniec…") == [
        "Kto płaci?", "Spółka płaci!", "Zawsze.", "I „tak ma być.”", "Koniec…",
    ]  # fmt: skip


def test_line_breaks_end_sentences() -> None:
    assert sentences("Pierwszy wiersz\nDrugi wiersz") == ["Pierwszy wiersz", "Drugi wiersz"]


def test_nothing() -> None:
    assert sentences(" \n ") == []


def test_spans_are_those_of_the_sentences() -> None:
    text = "  Jeden. Dwa!\n\n  Trzy (np. cztery) \n"
    assert sentence_spans(text) == [(2, 8), (9, 13), (17, 34)]
    assert [text[start:end] for start, end in sentence_spans(text)] == sentences(text)
    assert sentence_spans(" \n ") == []
