"""What is asked of a language model, and what is kept of its reply."""

from collections.abc import Generator
from contextlib import closing
from typing import Any, cast

import pytest

from search.answer_settings import AnswerSettings
from search.answerers.base import Answer
from search.answerers.llm import LlmAnswerer
from search.llms.base import Usage
from search.llms.fake import FakeLlm
from tests.search.answerers.factory import pool
from tests.search.llms.scripted import reply

FIRST = "Urlop zaległy wykorzystuje się do 30 września."
SECOND = "Delegacje rozlicza się w ciągu 14 dni."
QUERY = "do kiedy trzeba wykorzystać urlop zaległy?"
POOL = pool(QUERY, FIRST, SECOND)
GOOD = (1, "wykorzystuje się do 30 września", "Wykorzystuje się go do 30 września.")


def answered(written: str, **settings: Any) -> Answer:
    return LlmAnswerer(FakeLlm(written), AnswerSettings(**settings)).answer(POOL)


def test_claims_become_the_answer_with_citations_at_their_place() -> None:
    answer = answered(reply(GOOD, (2, "rozlicza się w ciągu 14 dni", "Rozlicza się w 14 dni.")))
    assert answer.text == "Wykorzystuje się go do 30 września. Rozlicza się w 14 dni."
    assert [(c.passage, c.start, c.end) for c in answer.citations] == [(0, 14, 45), (1, 10, 37)]
    assert (answer.withheld, dict(answer.events)) == (None, {})
    assert answer.usage == Usage(100, 10)


@pytest.mark.parametrize(
    "claim",
    [
        (3, GOOD[1], GOOD[2]),
        (2, GOOD[1], GOOD[2]),
        (1, "wykorzystuje się do 31 września", "Do 31 września."),
        (1, GOOD[1], "Wykorzystuje się go do 31 września."),
        (1, GOOD[1], "Zadzwoń do dyrektora finansowego."),
        (1, "", GOOD[2]),
        (1, GOOD[1], " "),
    ],
)
def test_a_claim_that_does_not_hold_is_dropped(claim: tuple[int, str, str]) -> None:
    kept = answered(reply(claim, (1, GOOD[1], "Do 30 września.")))
    assert kept.text == "Do 30 września."
    assert dict(kept.events) == {"claims_dropped": 1}
    alone = answered(reply(claim))
    assert (alone.text, alone.citations, alone.withheld) == ("", (), "unsupported")
    assert dict(alone.events) == {"claims_dropped": 1}


def test_a_claim_may_stand_by_any_of_its_citations() -> None:
    answer = answered(reply((2, GOOD[1], GOOD[2]), GOOD))
    assert (answer.text, dict(answer.events)) == (GOOD[2], {})


@pytest.mark.parametrize(
    "written",
    [
        "",
        "The answer is 42.",
        '{"answerable": true}',
        '{"answerable": true, "claims": [{"passage": 1',
        reply(GOOD) + "}",
        reply(GOOD).replace('"passage": 1', '"passage": 0'),
        reply(GOOD).replace("{", '{"system": "x",', 1),
        reply(GOOD, GOOD, GOOD, GOOD, GOOD),
    ],
)
def test_what_is_no_reply_is_withheld_and_counted(written: str) -> None:
    answer = answered(written)
    assert (answer.text, answer.withheld) == ("", "unsupported")
    assert dict(answer.events) == {"invalid_output": 1}


def test_the_model_may_say_that_there_is_no_answer() -> None:
    for written in (reply(answerable=False), reply(GOOD, answerable=False)):
        answer = answered(written)
        assert (answer.text, answer.citations, answer.withheld) == ("", (), "unanswerable")
    assert answered(reply()).withheld == "unsupported"


def test_nothing_found_does_not_reach_the_model() -> None:
    llm = FakeLlm(reply(GOOD))
    answerer = LlmAnswerer(llm, AnswerSettings())
    assert answerer.answer(pool(QUERY)).withheld == "no passages"
    assert [made for made in answerer.stream(pool(QUERY))] == [answerer.answer(pool(QUERY))]
    assert llm.prompts == []


@pytest.mark.parametrize(
    ("query", "passages", "asked"),
    [
        (QUERY, "pl", "Pytanie: do kiedy"),
        ("when does the remaining leave expire?", "pl", "Question: when does"),
        ("bis wann muss der Urlaub genommen werden?", "pl", "Frage: bis wann"),
        ("quand expirent les congés restants?", "pl", "Question: quand"),
        ("F-17", "de", "Frage: F-17"),
    ],
)
def test_the_prompt_is_in_the_language_of_the_question(
    query: str, passages: str, asked: str
) -> None:
    llm = FakeLlm(reply(GOOD))
    LlmAnswerer(llm, AnswerSettings()).answer(pool(query, FIRST, language=passages))
    [prompt] = llm.prompts
    assert asked in prompt.messages[1].content
    assert (prompt.temperature, prompt.seed) == (0, 0)


def test_passages_are_numbered_and_no_others_can_be_cited() -> None:
    llm = FakeLlm(reply(GOOD))
    LlmAnswerer(llm, AnswerSettings(passages=2, max_tokens=99)).answer(
        pool(QUERY, FIRST, SECOND, "Trzeci.")
    )
    [prompt] = llm.prompts
    asked = prompt.messages[1].content
    assert f'<passage number="1">\n{FIRST}\n</passage>' in asked
    assert f'<passage number="2">\n{SECOND}\n</passage>' in asked
    assert "Trzeci." not in asked
    schema = cast(Any, prompt.schema)
    assert schema["$defs"]["ClaimOut"]["properties"]["passage"]["maximum"] == 2
    assert prompt.max_tokens == 99


def test_the_draft_is_streamed_and_the_answer_checked() -> None:
    llm = FakeLlm(reply((1, GOOD[1], "Zadzwoń do dyrektora."), GOOD))
    *draft, answer = LlmAnswerer(llm, AnswerSettings()).stream(POOL)
    assert len(draft) > 5
    assert "".join(cast(list[str], draft)) == f"Zadzwoń do dyrektora. {GOOD[2]}"
    assert isinstance(answer, Answer)
    assert answer.text == GOOD[2]


def test_closing_the_stream_stops_the_model() -> None:
    llm = FakeLlm(reply(GOOD))
    stream = cast(Generator[str | Answer], LlmAnswerer(llm, AnswerSettings()).stream(POOL))
    with closing(stream):
        assert isinstance(next(stream), str)
        written = llm.pieces
    assert llm.closed
    assert llm.pieces == written < len(reply(GOOD)) / 3
