"""Learns from a dataset which sentences hold answers, and how far to trust the pick.

A dataset is cut in two: `learn` from one half, `measure` on the other.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from search.answer_settings import AnswerSettings
from search.answerers.base import Answerer
from search.answerers.calibration import (
    MULTILINGUAL_E5_SMALL,
    Calibration,
    Weights,
    fit,
)
from search.answerers.candidates import Candidate
from search.answerers.extractive import ExtractiveAnswerer
from search.embedders.base import Embedder
from search.experiments.answers import judge, risk_coverage, token_recall
from search.pool import Pool

PICKED_BY = ("cosine", "coverage", "rank")
TRUSTED_BY = ("cosine", "coverage", "passage_cosine", "margin")


@dataclass(frozen=True, slots=True)
class Known:
    """A question whose answer is known, with what was retrieved for it."""

    pool: Pool
    references: tuple[str, ...]
    answerable: bool
    relevant: frozenset[str]
    """Paths of the documents that answer it."""
    language: str


@dataclass(frozen=True, slots=True)
class AnswerFigures:
    """How an answerer does on known questions; means over those each applies to."""

    questions: int
    token_f1: float
    token_recall: float
    false_answer: float
    false_refusal: float
    risk_coverage: float


def halves(known: Sequence[Known], seed: int = 0) -> tuple[list[Known], list[Known]]:
    """Cut questions in two at random; the same seed cuts the same."""
    order = list(known)
    random.Random(seed).shuffle(order)
    return order[: len(order) // 2], order[len(order) // 2 :]


def learn(
    known: Sequence[Known],
    embedder: Embedder,
    settings: AnswerSettings,
    start: Calibration = MULTILINGUAL_E5_SMALL,
) -> Calibration:
    """Learn which sentences hold the answer, and then how far to trust the one picked.

    Args:
        known: questions, some of which nothing answers.
        embedder: whose cosines are learned from.
        settings: how many passages and sentences are read.
        start: decides which sentences are read at all.

    Raises:
        InputError: all questions, or none, can be answered by a sentence.
        ModelError: the embedding model cannot be loaded or run.
    """
    answerer = ExtractiveAnswerer(embedder, settings, start)
    read = [(each, answerer.ranked(each.pool)) for each in known]
    sentences = [(found.evidence, holds(each, found)) for each, ranked in read for found in ranked]
    pick = fit(sentences, PICKED_BY)
    answerer = ExtractiveAnswerer(embedder, settings, Calibration(pick, start.trust))
    best = [(each, ranked[0]) for each in known if (ranked := answerer.ranked(each.pool))]
    trust = fit([(found.evidence, holds(each, found)) for each, found in best], TRUSTED_BY)
    return Calibration(_rounded(pick), _rounded(trust))


def holds(each: Known, found: Candidate) -> bool:
    """Tell whether a sentence of a relevant document has all words of a reference."""
    path = each.pool.hits[found.passage].document.path
    return (
        each.answerable
        and path in each.relevant
        and any(
            token_recall(found.text, reference, each.language) == 1 for reference in each.references
        )
    )


def measure(known: Sequence[Known], answerer: Answerer) -> AnswerFigures:
    """Ask an answerer known questions.

    Raises:
        ModelError: its model cannot be loaded or run.
    """
    judged, confidences = [], []
    for each in known:
        answer = answerer.answer(each.pool)
        confidences.append(answer.confidence)
        judged.append(
            judge(answer, each.pool, each.references, each.answerable, each.relevant, each.language)
        )
    return AnswerFigures(
        questions=len(known),
        token_f1=_mean([each.token_f1 for each in judged]),
        token_recall=_mean([each.token_recall for each in judged]),
        false_answer=_mean([each.false_answer for each in judged]),
        false_refusal=_mean([each.false_refusal for each in judged]),
        risk_coverage=risk_coverage(judged, confidences) or 0.0,
    )


def _mean(figures: Sequence[float | None]) -> float:
    known = [figure for figure in figures if figure is not None]
    return fmean(known) if known else 0.0


def _rounded(weights: Weights) -> Weights:
    """Keep what means something, so that coefficients can be read."""
    return Weights(**{name: round(value, 3) for name, value in asdict(weights).items()})
