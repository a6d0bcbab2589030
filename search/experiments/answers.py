"""How good an answer is: against references, against the passages cited, and as an abstention.

No model judges. Words are compared by their stems, so that an answer need not be inflected as
the reference is (`w Toruniu`, `Toruń`).
"""

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from search.answerers.base import Answer
from search.lexical.analyzer import stem, tokens
from search.pool import Pool

ARTICLES = {
    "en": frozenset({"a", "an", "the"}),
    "de": frozenset({"der", "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einem"}),
}
"""Words that make no difference between two answers, as in SQuAD's own evaluation."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is measured of one answer, from 0 to 1; None where a measure does not apply."""

    exact_match: float | None
    """With the best reference. As in SQuAD 2.0, not answering is right where nothing answers
    the question, and wrong where something does; None where the references are not known."""
    token_f1: float | None
    """Likewise, of the words shared with the reference."""
    token_recall: float | None
    """Likewise, the share of the reference's words: it says whether a quoted sentence holds the
    answer, but grows with the length of what is quoted."""
    citation_precision: float | None
    """The share of citations that are of relevant documents; 0 without citations, None where
    nothing was answered or no document is relevant."""
    citation_recall: float | None
    """The share of the relevant documents that are cited; None where there are none."""
    verbatim_quotes: float | None
    """The share of quotes that stand in their passage to the letter; 0 without citations, None
    where nothing was answered."""
    false_answer: float | None
    """Answered what cannot be answered; None where it can be."""
    false_refusal: float | None
    """Did not answer what can be answered; None where it cannot be."""

    @property
    def answered(self) -> bool:
        """Tell whether there was an answer."""
        return self.false_answer == 1 or self.false_refusal == 0


def judge(
    answer: Answer,
    pool: Pool,
    references: Sequence[str],
    answerable: bool,
    relevant: Collection[str],
    language: str,
) -> Judgement:
    """Measure an answer.

    Args:
        answer: by any answerer.
        pool: that it was made from; its citations count in it.
        references: right answers, any of which will do.
        answerable: whether the documents answer the question.
        relevant: paths of the documents that do.
        language: whose stems and articles the comparison knows, ISO 639-1.
    """
    match = f1 = recall = None
    if not answerable:
        match = f1 = recall = float(not answer.answered)
    elif references:
        text = answer.text if answer.answered else ""
        match = max(exact_match(text, reference, language) for reference in references)
        f1 = max(token_f1(text, reference, language) for reference in references)
        recall = max(token_recall(text, reference, language) for reference in references)
    return Judgement(
        exact_match=match,
        token_f1=f1,
        token_recall=recall,
        citation_precision=_citation_precision(answer, pool, relevant),
        citation_recall=_citation_recall(answer, pool, relevant),
        verbatim_quotes=_verbatim_quotes(answer, pool),
        false_answer=None if answerable else float(answer.answered),
        false_refusal=float(not answer.answered) if answerable else None,
    )


def exact_match(text: str, reference: str, language: str) -> float:
    """Tell whether two answers are the same words, inflection, case and punctuation aside."""
    return float(_words(text, language) == _words(reference, language))


def token_f1(text: str, reference: str, language: str) -> float:
    """Return the harmonic mean of precision and recall of an answer's words.

    As in SQuAD (Rajpurkar et al. 2016), with stems in place of words.
    """
    ours, theirs = _words(text, language), _words(reference, language)
    shared = _shared(ours, theirs)
    return 2 * shared / (len(ours) + len(theirs)) if shared else float(ours == theirs)


def token_recall(text: str, reference: str, language: str) -> float:
    """Return the share of the reference's words that an answer holds."""
    ours, theirs = _words(text, language), _words(reference, language)
    return _shared(ours, theirs) / len(theirs) if theirs else float(ours == theirs)


def risk_coverage(
    judgements: Sequence[Judgement], confidences: Sequence[float | None]
) -> float | None:
    """Return the area under the risk–coverage curve; the less the better.

    El-Yaniv & Wiener 2010: the mean, over all coverages, of the risk among the most confident
    answers. The risk of an answer is 1 − token F1. What was not answered comes last, at risk 1,
    so that nothing is gained by answering less. Equally confident answers count by the mean
    over all their orders.

    Args:
        judgements: of answers to different questions; those without references are left out.
        confidences: of the same answers; those without one come after all others.

    Returns:
        From 0 to 1; None where no answer has a reference.
    """
    risks: dict[float, list[float]] = {}
    for judgement, confidence in zip(judgements, confidences, strict=True):
        if judgement.token_f1 is None:
            continue
        if not judgement.answered:
            risks.setdefault(-2.0, []).append(1.0)
        else:
            place = -1.0 if confidence is None else confidence
            risks.setdefault(place, []).append(1 - judgement.token_f1)
    area = total = 0.0
    covered = 0
    for place in sorted(risks, reverse=True):
        mean = sum(risks[place]) / len(risks[place])
        for _ in risks[place]:
            covered += 1
            total += mean
            area += total / covered
    return area / covered if covered else None


def _citation_precision(answer: Answer, pool: Pool, relevant: Collection[str]) -> float | None:
    if not answer.answered or not relevant:
        return None
    return _mean(path in relevant for path in _cited(answer, pool))


def _citation_recall(answer: Answer, pool: Pool, relevant: Collection[str]) -> float | None:
    if not relevant:
        return None
    cited = set(_cited(answer, pool)) if answer.answered else set()
    return len(cited & set(relevant)) / len(set(relevant))


def _verbatim_quotes(answer: Answer, pool: Pool) -> float | None:
    if not answer.answered:
        return None
    return _mean(
        0 <= cited.passage < len(pool.hits)
        and 0 <= cited.start < cited.end
        and pool.hits[cited.passage].chunk.text[cited.start : cited.end] == cited.quote
        for cited in answer.citations
    )


def _cited(answer: Answer, pool: Pool) -> list[str | None]:
    """Return the path of each cited passage; None for one that is not in the pool."""
    return [
        pool.hits[cited.passage].document.path if 0 <= cited.passage < len(pool.hits) else None
        for cited in answer.citations
    ]


def _mean(values: Iterable[bool]) -> float:
    """Return the share that is true; 0 of nothing."""
    counted = [float(value) for value in values]
    return sum(counted) / len(counted) if counted else 0.0


def _shared(ours: Sequence[str], theirs: Sequence[str]) -> int:
    return (Counter(ours) & Counter(theirs)).total()


def _words(text: str, language: str) -> list[str]:
    text = unicodedata.normalize("NFC", text)
    words = (text[token.start : token.end] for token in tokens(text) if not token.exact)
    articles = ARTICLES.get(language, frozenset())
    return [stem(word, language) for word in words if word.casefold() not in articles]
