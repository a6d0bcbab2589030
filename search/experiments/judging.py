"""From answers to figures by name, and from those of many answers to what only many show."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields

import numpy as np

from search.answerers.base import Answer
from search.experiments import answers
from search.experiments.answers import Judgement, risk_coverage
from search.experiments.questions import Question
from search.experiments.records import Measurement
from search.experiments.statistics import ALPHA, Interval
from search.pool import Pool

_RESAMPLES = 500


def judge(answer: Answer, pool: Pool, question: Question, language: str) -> Mapping[str, float]:
    """Measure an answer; what cannot be told of it is left out.

    Args:
        answer: by any answerer.
        pool: that it was made from; its citations count in it.
        question: with its references.
        language: of the question, ISO 639-1.
    """
    answerable = question.judged if question.answerable is None else question.answerable
    relevant = question.relevant.keys()
    made = answers.judge(answer, pool, question.references, answerable, relevant, language)
    return {name: float(value) for name, value in asdict(made).items() if value is not None}


def risk_coverage_interval(lines: Sequence[Measurement], seed: int = 0) -> Interval | None:
    """Return the area under the risk–coverage curve of logged answers; the less the better.

    The 95 % interval is of a bootstrap over the queries.

    Returns:
        None where no answer has a reference.
    """
    judgements = [
        Judgement(**{field.name: line.figures.get(field.name) for field in fields(Judgement)})
        for line in lines
    ]
    confidences = [line.confidence for line in lines]
    area = risk_coverage(judgements, confidences)
    if area is None:
        return None
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(_RESAMPLES):
        places = rng.integers(0, len(lines), len(lines))
        resampled = risk_coverage(
            [judgements[place] for place in places], [confidences[place] for place in places]
        )
        drawn.append(area if resampled is None else resampled)
    low, high = np.quantile(drawn, [ALPHA / 2, 1 - ALPHA / 2])
    return Interval(area, float(low), float(high))
