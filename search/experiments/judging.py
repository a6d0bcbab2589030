"""From an answer to its figures, by name."""

from collections.abc import Mapping
from dataclasses import asdict

from search.answerers.base import Answer
from search.experiments.questions import Question
from search.pool import Pool


def judge(answer: Answer, pool: Pool, question: Question, language: str) -> Mapping[str, float]:
    """Measure an answer; what cannot be told of it is left out.

    Args:
        answer: by any answerer.
        pool: that it was made from; its citations count in it.
        question: with its references.
        language: of the question, ISO 639-1.
    """
    from search.experiments.answers import judge as judged

    answerable = question.judged if question.answerable is None else question.answerable
    made = judged(answer, pool, question.references, answerable, question.relevant.keys(), language)
    return {name: float(value) for name, value in asdict(made).items() if value is not None}
