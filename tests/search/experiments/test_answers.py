"""Measures of answers, on cases worked out by hand."""

from dataclasses import asdict

import pytest

from search.answerers.base import Answer, Citation
from search.experiments.answers import (
    Judgement,
    exact_match,
    judge,
    risk_coverage,
    token_f1,
    token_recall,
)
from tests.search.answerers.factory import pool

POOL = pool("do kiedy urlop", "Urlop do 30 września.", "Remanent do 5 stycznia.")
SILENT = Answer("", withheld="not confident")


def cited(*quotes: tuple[int, int, int, str]) -> Answer:
    return Answer("do 30 września", tuple(Citation(*quote) for quote in quotes))


def judged(answer: Answer, answerable: bool = True, *relevant: str) -> Judgement:
    references = ["30 września", "końca września"] if answerable else []
    return judge(answer, POOL, references, answerable, relevant, "pl")


@pytest.mark.parametrize(
    ("text", "reference", "language", "match", "f1", "recall"),
    [
        # Inflection, case and punctuation make no difference.
        ("W Toruniu.", "w Toruń", "pl", 1, 1, 1),
        ("The holidays", "a holiday", "en", 1, 1, 1),
        ("Die Wartungen", "Wartung", "de", 1, 1, 1),
        # 2 of 4 words are the reference's 2: 2 * 2 / (4 + 2).
        ("najpóźniej do 30 września", "30 września", "pl", 0, 4 / 6, 1),
        # A word said twice is shared once: 2 * 1 / (2 + 1).
        ("września września", "września", "pl", 0, 2 / 3, 1),
        # A code counts by its parts, not twice.
        ("F-17", "formularz F-17", "pl", 0, 4 / 5, 2 / 3),
        ("nic", "30 września", "pl", 0, 0, 0),
        ("", "30 września", "pl", 0, 0, 0),
        ("…", "—", "pl", 1, 1, 1),
    ],
)
def test_words_are_compared_by_stems(
    text: str, reference: str, language: str, match: float, f1: float, recall: float
) -> None:
    assert exact_match(text, reference, language) == match
    assert token_f1(text, reference, language) == pytest.approx(f1)
    assert token_recall(text, reference, language) == pytest.approx(recall)


def test_the_best_reference_counts() -> None:
    made = judged(Answer("do końca września"))
    assert made.token_f1 == pytest.approx(2 * 2 / (3 + 2))
    assert made.exact_match == 0
    assert judged(Answer("30 września")).exact_match == 1


def test_silence_is_right_where_nothing_answers() -> None:
    made = judged(SILENT, False)
    assert (made.exact_match, made.token_f1, made.token_recall) == (1, 1, 1)
    assert (made.false_answer, made.false_refusal) == (0, None)
    assert not made.answered


def test_silence_is_wrong_where_something_does() -> None:
    made = judged(SILENT)
    assert (made.exact_match, made.token_f1, made.token_recall) == (0, 0, 0)
    assert (made.false_answer, made.false_refusal) == (None, 1)
    assert not made.answered


def test_an_answer_to_what_has_none_is_false() -> None:
    made = judged(cited((0, 6, 20, "do 30 września")), False)
    assert (made.exact_match, made.token_f1, made.false_answer) == (0, 0, 1)
    assert made.answered


def test_without_references_words_are_not_compared() -> None:
    made = judge(Answer("30 września"), POOL, [], True, ["0.md"], "pl")
    assert (made.exact_match, made.token_f1, made.token_recall) == (None, None, None)
    assert made.false_refusal == 0


def test_citations_are_of_relevant_documents() -> None:
    answer = cited((0, 6, 20, "do 30 września"), (1, 0, 8, "Remanent"), (0, 0, 5, "Urlop"))
    made = judged(answer, True, "0.md", "elsewhere.md")
    assert made.citation_precision == pytest.approx(2 / 3)
    assert made.citation_recall == pytest.approx(1 / 2)
    assert made.verbatim_quotes == 1


def test_quotes_that_do_not_stand_there_are_counted() -> None:
    answer = cited((0, 6, 20, "do 30 września"), (0, 0, 5, "Zwrot"), (7, 0, 5, "Urlop"))
    made = judged(answer, True, "0.md")
    assert made.verbatim_quotes == pytest.approx(1 / 3)
    assert made.citation_precision == pytest.approx(2 / 3)


def test_a_reply_that_cites_nothing_gains_nothing_by_it() -> None:
    made = judged(cited(), True, "0.md")
    assert (made.citation_precision, made.citation_recall, made.verbatim_quotes) == (0, 0, 0)


def test_what_was_not_answered_cites_nothing() -> None:
    made = judged(SILENT, True, "0.md")
    assert (made.citation_precision, made.citation_recall, made.verbatim_quotes) == (None, 0, None)
    assert judged(SILENT, False).citation_recall is None


def test_every_figure_is_a_number_from_0_to_1_or_missing() -> None:
    for answer in (SILENT, cited((0, 6, 20, "do 30 września"))):
        for answerable in (True, False):
            figures = asdict(judged(answer, answerable, *(["0.md"] if answerable else [])))
            assert all(value is None or 0 <= value <= 1 for value in figures.values())


RIGHT = judged(Answer("30 września"))
WRONG = judged(Answer("nic"))
REFUSED = judged(SILENT)


@pytest.mark.parametrize(
    ("judgements", "confidences", "area"),
    [
        # Risks in the order of confidence: 0, 1 -> means 0, 1/2.
        ([WRONG, RIGHT], [0.2, 0.9], (0 + 1 / 2) / 2),
        ([WRONG, RIGHT], [0.9, 0.2], (1 + 1 / 2) / 2),
        # Tied: both orders, (0 + 1/2) / 2 and (1 + 1/2) / 2, in the mean.
        ([WRONG, RIGHT], [0.5, 0.5], 1 / 2),
        ([WRONG, RIGHT], [None, None], 1 / 2),
        # What was not answered comes last, whatever its confidence.
        ([REFUSED, RIGHT], [0.9, 0.1], (0 + 1 / 2) / 2),
        ([REFUSED, judged(SILENT, False)], [0.9, 0.1], 1),
        ([RIGHT, RIGHT, WRONG], [0.9, 0.8, 0.1], (0 + 0 + 1 / 3) / 3),
    ],
)
def test_confidence_is_worth_what_it_puts_first(
    judgements: list[Judgement], confidences: list[float | None], area: float
) -> None:
    assert risk_coverage(judgements, confidences) == pytest.approx(area)


def test_without_references_there_is_no_risk() -> None:
    unknown = judge(Answer("30 września"), POOL, [], True, [], "pl")
    assert risk_coverage([unknown], [1.0]) is None
    assert risk_coverage([RIGHT, unknown], [1.0, 1.0]) == 0
