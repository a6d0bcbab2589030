"""Answers with the sentences that fit best, to the letter; the default. Nothing is generated.

A sentence is picked by the words it shares with the question, those of its headings included,
by its meaning, and by the rank of its passage. When not even the best one can be trusted, the
question is left open.
"""

from collections.abc import Iterator
from dataclasses import replace

from search.answer_settings import AnswerSettings
from search.answerers.base import Answer, Citation
from search.answerers.calibration import MULTILINGUAL_E5_SMALL, Calibration
from search.answerers.candidates import HOPELESS, Candidate, by_meaning, candidates
from search.deadline import NEVER, Deadline
from search.embedders.base import Embedder
from search.pool import Pool

CLOSE = 0.5
"""Log-odds: a sentence so close behind the best is quoted, too."""


class ExtractiveAnswerer:
    """Quotes one to three sentences; safe to share between threads as its embedder is."""

    name = "extractive"

    def __init__(
        self,
        embedder: Embedder,
        settings: AnswerSettings,
        calibration: Calibration = MULTILINGUAL_E5_SMALL,
    ) -> None:
        """Load nothing yet.

        Args:
            embedder: of the index.
            settings: how many sentences, and how sure it must be.
            calibration: learned for that embedder.
        """
        self._embedder = embedder
        self._settings = settings
        self._calibration = calibration

    def answer(self, pool: Pool, deadline: Deadline = NEVER) -> Answer:
        """Answer the query of a pool.

        Raises:
            DeadlineError: the deadline passed before there was an answer.
            ModelError: the embedding model cannot be loaded or run.
        """
        if not pool.hits:
            return Answer("", withheld="no passages")
        deadline.check("read the passages found")
        ranked = self.ranked(pool)
        if not ranked:
            return Answer("", withheld="not confident", confidence=0.0)
        confidence = self._calibration.trust.probability(ranked[0].evidence)
        if confidence < self._settings.threshold:
            return Answer("", withheld="not confident", confidence=confidence)
        score = self._calibration.pick.score
        least = score(ranked[0].evidence) - CLOSE
        close = [each for each in ranked if score(each.evidence) >= least]
        quoted = close[: self._settings.sentences]
        quoted.sort(key=lambda each: (each.passage, each.start))
        citations = tuple(
            Citation(each.passage, each.start, each.end, each.text) for each in quoted
        )
        return Answer(" ".join(each.text for each in quoted), citations, confidence)

    def stream(self, pool: Pool, deadline: Deadline = NEVER) -> Iterator[str | Answer]:
        """Yield the answer's text at once, and then the answer.

        Raises:
            DeadlineError: the deadline passed before there was an answer.
            ModelError: the embedding model cannot be loaded or run.
        """
        answer = self.answer(pool, deadline)
        if answer.answered:
            yield answer.text
        yield answer

    def ranked(self, pool: Pool) -> list[Candidate]:
        """Return the sentences that may hold the answer, best first; the first has its margin."""
        pick, settings = self._calibration.pick, self._settings
        found = candidates(pool, settings.passages, settings.candidates, pick)
        if not found:
            return []
        read = by_meaning(pool.query, found, self._embedder)
        best, *others = sorted(read, key=lambda each: -pick.score(each.evidence))
        score = pick.score(best.evidence)
        margin = score - pick.score(others[0].evidence) if others else HOPELESS
        return [replace(best, evidence=replace(best.evidence, margin=margin)), *others]
