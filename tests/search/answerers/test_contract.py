"""What every answerer keeps to."""

import time
from collections.abc import Callable

import pytest

from search.answer_settings import AnswerSettings
from search.answerers.base import Answer, Answerer
from search.answerers.extractive import ExtractiveAnswerer
from search.answerers.llm import LlmAnswerer
from search.answerers.null import NullAnswerer
from search.deadline import Deadline
from search.errors import DeadlineError
from search.llms.fake import FakeLlm
from search.pool import Pool
from tests.search.answerers.factory import EMBEDDER, pool
from tests.search.llms.scripted import reply

SETTINGS = AnswerSettings()
QUOTE = "wykorzystuje się do 30 września"
POOL = pool(
    "do kiedy wykorzystuje się urlop zaległy?",
    "Urlop zaległy wykorzystuje się do 30 września. Wniosek składa się u przełożonego.",
    "Delegacje rozlicza się w dwa tygodnie.",
)

ANSWERERS: dict[str, Callable[[], Answerer]] = {
    "null": NullAnswerer,
    "extractive": lambda: ExtractiveAnswerer(EMBEDDER, SETTINGS),
    "llm": lambda: LlmAnswerer(
        FakeLlm(reply((1, QUOTE, "Urlop zaległy wykorzystuje się do 30 września."))), SETTINGS
    ),
}


@pytest.fixture(params=ANSWERERS)
def answerer(request: pytest.FixtureRequest) -> Answerer:
    return ANSWERERS[request.param]()


def test_it_has_a_name(answerer: Answerer) -> None:
    assert answerer.name in ("null", "extractive", "llm:fake")


def test_it_answers_and_cites_to_the_letter(answerer: Answerer) -> None:
    answer = answerer.answer(POOL)
    assert answer.answered
    assert answer.text
    assert bool(answer.citations) == (answerer.name != "null")
    for citation in answer.citations:
        text = POOL.hits[citation.passage].chunk.text
        assert text[citation.start : citation.end] == citation.quote
        assert citation.passage == 0


def test_nothing_found_is_nothing_answered(answerer: Answerer) -> None:
    for made in (answerer.answer(Pool("urlop", (), ())), *answerer.stream(Pool("urlop", (), ()))):
        assert isinstance(made, Answer)
        assert (made.text, made.citations, made.withheld) == ("", (), "no passages")


def test_what_is_withheld_has_no_text(answerer: Answerer) -> None:
    answer = answerer.answer(pool("kurs franka szwajcarskiego", "Sala jest na parterze."))
    assert answer.answered == bool(answer.text)
    if not answer.answered:
        assert answer.withheld in ("not confident", "unanswerable", "unsupported")
        assert answer.citations == ()


def test_the_stream_ends_with_the_answer(answerer: Answerer) -> None:
    *draft, answer = answerer.stream(POOL)
    assert answer == answerer.answer(POOL)
    assert isinstance(answer, Answer)
    assert "".join(piece for piece in draft if isinstance(piece, str)) == answer.text


def test_the_same_question_gets_the_same_answer(answerer: Answerer) -> None:
    assert answerer.answer(POOL) == answerer.answer(POOL)


def test_confidence_is_a_share_or_unknown(answerer: Answerer) -> None:
    confidence = answerer.answer(POOL).confidence
    assert confidence is None or 0 <= confidence <= 1


def test_after_the_deadline_nothing_is_answered(answerer: Answerer) -> None:
    over = Deadline(time.monotonic() - 1)
    if answerer.name == "null":
        assert answerer.answer(POOL, over).answered  # it has no work to break off
        return
    with pytest.raises(DeadlineError):
        answerer.answer(POOL, over)
    with pytest.raises(DeadlineError):
        list(answerer.stream(POOL, over))


def test_the_pool_is_as_it_was(answerer: Answerer) -> None:
    before = (POOL.query, POOL.hits, POOL.signals)
    answerer.answer(POOL)
    assert (POOL.query, POOL.hits, POOL.signals) == before
