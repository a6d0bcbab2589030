"""Which sentences are quoted, which are read, and when the question is left open."""

import math
from collections.abc import Sequence

import pytest

from search.answer_settings import AnswerSettings
from search.answerers.base import Answer
from search.answerers.calibration import Calibration, Weights
from search.answerers.candidates import HOPELESS
from search.answerers.extractive import ExtractiveAnswerer
from search.domain import Chunk, Hit, Vector
from search.embedders.fake import FakeEmbedder
from search.pool import Pool
from tests.search.answerers.factory import pool, pool_from
from tests.search.stores.factory import document

BY_WORDS = Weights(intercept=0, cosine=0, coverage=10, rank=1)
SURE = Weights(intercept=0, cosine=0, coverage=0)
"""Always 0.5 sure."""
LEAVE = "Urlop zaległy wykorzystuje się do 30 września."
FORM = "Wniosek składa się na formularzu F-17."
QUERY = "do kiedy wykorzystuje się urlop zaległy"


class Counting(FakeEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def embed_queries(self, texts: Sequence[str]) -> Vector:
        self.read += texts
        return super().embed_queries(texts)


def answered(
    asked: Pool,
    embedder: FakeEmbedder | None = None,
    pick: Weights = BY_WORDS,
    trust: Weights = SURE,
    **settings: float,
) -> Answer:
    answerer = ExtractiveAnswerer(
        embedder or FakeEmbedder(),
        AnswerSettings.model_validate(settings),
        Calibration(pick, trust),
    )
    return answerer.answer(asked)


def test_the_sentence_with_the_question_s_words_is_quoted_to_the_letter() -> None:
    answer = answered(pool(QUERY, f"{FORM}\n{LEAVE}", FORM))
    assert answer.text == LEAVE
    [citation] = answer.citations
    start = len(FORM) + 1
    assert (citation.passage, citation.start, citation.end) == (0, start, start + len(LEAVE))
    assert citation.quote == LEAVE


def test_inflected_words_count() -> None:
    assert answered(pool("urlopy zaległe", f"{FORM} {LEAVE}")).text == LEAVE


def test_the_headings_above_a_sentence_count_for_it() -> None:
    # Neither sentence says what it is about; the better passage is not the first.
    texts = {"Delegacje": "Rozlicza się je do piątku.", "Urlop zaległy": "Można do 30 września."}
    hits = [
        Hit(document(f"{heading}.md"), Chunk(0, text, (heading,)), 1.0)
        for heading, text in texts.items()
    ]
    assert answered(pool_from("urlop zaległy", hits)).text == "Można do 30 września."


def test_meaning_decides_between_equal_words() -> None:
    by_meaning = Weights(intercept=0, cosine=50, coverage=10)
    # The stand-in model tells words by their first five letters, the stemmer by their stems.
    texts = f"{FORM} Wyliczenia kosztorysowe zawiera załącznik."
    answer = answered(pool("kosztorys", texts), pick=by_meaning)
    assert answer.text == "Wyliczenia kosztorysowe zawiera załącznik."


def test_the_better_passage_decides_between_equal_sentences() -> None:
    answer = answered(pool(QUERY, LEAVE, LEAVE), sentences=1)
    assert [cited.passage for cited in answer.citations] == [0]


@pytest.mark.parametrize(("sentences", "quoted"), [(1, 1), (2, 2), (3, 3)])
def test_sentences_as_good_as_the_best_are_quoted_too(sentences: int, quoted: int) -> None:
    others = [f"Urlop zaległy wykorzystuje się też do {day} maja." for day in (3, 4, 5)]
    answer = answered(pool(QUERY, " ".join([FORM, *others])), sentences=sentences)
    assert answer.text == " ".join(others[:quoted])
    assert [cited.quote for cited in answer.citations] == others[:quoted]


def test_sentences_that_are_worse_are_not() -> None:
    assert len(answered(pool(QUERY, f"{LEAVE} {FORM}"), sentences=3).citations) == 1


@pytest.mark.parametrize(("threshold", "answers"), [(0.4, True), (0.5, True), (0.51, False)])
def test_a_question_is_left_open_when_the_best_is_not_good_enough(
    threshold: float, answers: bool
) -> None:
    answer = answered(pool(QUERY, LEAVE), threshold=threshold)
    assert answer.confidence == 0.5
    assert answer.answered == answers
    assert answer.withheld == (None if answers else "not confident")
    assert bool(answer.text) == bool(answer.citations) == answers


def test_the_margin_to_the_runner_up_makes_it_sure() -> None:
    by_margin = Weights(intercept=0, cosine=0, coverage=0, margin=1)
    clear = answered(pool(QUERY, f"{LEAVE} {FORM}"), trust=by_margin).confidence
    tied = answered(pool(QUERY, f"{LEAVE} {LEAVE}"), trust=by_margin).confidence
    alone = answered(pool(QUERY, LEAVE), trust=by_margin).confidence
    assert tied == 0.5
    assert clear == alone == pytest.approx(1 / (1 + math.exp(-HOPELESS)))


def test_only_the_first_passages_are_read() -> None:
    asked = pool(QUERY, FORM, FORM, LEAVE)
    assert answered(asked, passages=2).text != LEAVE
    assert answered(asked, passages=3).text == LEAVE


def test_the_number_of_sentences_embedded_is_bounded() -> None:
    embedder = Counting()
    text = " ".join(f"Urlop zaległy wykorzystuje się w dniu {n} maja." for n in range(50))
    answered(pool(QUERY, text), embedder, candidates=7)
    assert len(embedder.read) == 7


def test_sentences_that_words_rule_out_are_not_embedded() -> None:
    embedder = Counting()
    answered(pool(QUERY, f"{LEAVE} {FORM} {FORM}"), embedder)
    assert [LEAVE in read for read in embedder.read] == [True]


def test_of_a_long_sentence_only_its_beginning_is_embedded_and_all_of_it_quoted() -> None:
    embedder = Counting()
    long = "Urlop zaległy " + "bardzo " * 100 + "się wykorzystuje."
    answer = answered(pool(QUERY, long), embedder)
    assert max(map(len, embedder.read)) < 300
    assert answer.text == long


@pytest.mark.parametrize("text", ["", " \n "])
def test_passages_without_text_hold_no_answer(text: str) -> None:
    answer = answered(pool(QUERY, text))
    assert (answer.text, answer.withheld, answer.confidence) == ("", "not confident", 0.0)
