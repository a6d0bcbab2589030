"""What an experiment compares: arms, and the controls that always run beside them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from search.answerers.base import Answer, Answerer, Citation
from search.deadline import NEVER, Deadline
from search.experiments.questions import Question
from search.pool import Pool
from search.rerankers.base import Reranker, Reranking

Family = Literal["ranking", "answers"]
Role = Literal["baseline", "candidate", "null", "oracle"]


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to treat a pool: reorder it, answer from it, or both."""

    name: str
    reranker: Reranker | None = None
    answerer: Answerer | None = None
    role: Role = "candidate"

    @property
    def family(self) -> Family:
        """Return what the arm is measured by, and so with which arms it is compared."""
        return "answers" if self.answerer else "ranking"


OFF = Arm("off", role="baseline")
"""The retriever's order as it is."""


class GradedReranker:
    """Scores passages by the grades of their documents, which are told beforehand.

    With all of them it is the oracle: the most that could be gained from a pool. With none it
    is the null control: it scores all passages alike, and nothing may be gained by it.
    """

    def __init__(self, name: str, grades: Mapping[str, Mapping[str, int]]) -> None:
        self._name = name
        self._grades = grades

    @property
    def name(self) -> str:
        """Return the name of the arm."""
        return self._name

    def rerank(self, pool: Pool, deadline: Deadline = NEVER) -> Reranking:
        """Score the passages; a query that is not known gets equal scores."""
        grades = self._grades.get(pool.query, {})
        return Reranking(tuple(float(grades.get(hit.document.path, 0)) for hit in pool.hits))


class ReferenceAnswerer:
    """Answers with a reference that stands in a passage of a right document, or not at all."""

    name = "oracle"

    def __init__(self, questions: Sequence[Question]) -> None:
        self._known = {question.text: question for question in questions}

    def answer(self, pool: Pool, deadline: Deadline = NEVER) -> Answer:
        """Return the first reference that the pool can support."""
        question = self._known.get(pool.query)
        if question is None or question.answerable is False:
            return Answer("", withheld="unanswerable", confidence=0.0)
        for reference in question.references:
            for place, hit in enumerate(pool.hits):
                if question.relevant and hit.document.path not in question.relevant:
                    continue
                start = hit.chunk.text.casefold().find(reference.casefold())
                end = start + len(reference)
                quote = hit.chunk.text[start:end]
                if start >= 0 and quote.casefold() == reference.casefold():
                    return Answer(quote, (Citation(place, start, end, quote),), confidence=1.0)
        return Answer("", withheld="unsupported", confidence=0.0)

    def stream(self, pool: Pool, deadline: Deadline = NEVER) -> Iterator[str | Answer]:
        """Yield the answer."""
        yield self.answer(pool, deadline)


def with_controls(
    arms: Sequence[Arm], questions: Sequence[Question], null_answerer: Answerer | None = None
) -> list[Arm]:
    """Return the arms with their baseline and both controls, each once.

    Rankings are compared with `off`. Answers are compared with the first answering arm that is
    named, or with the constant answer where there is only one.

    Args:
        arms: the candidates; `off` may be among them.
        questions: what the oracles know.
        null_answerer: the constant answer; needed where arms answer.
    """
    candidates = [arm for arm in arms if arm.name != OFF.name]
    ranking = [arm for arm in candidates if arm.family == "ranking"]
    answering = [arm for arm in candidates if arm.family == "answers"]
    grades: dict[str, dict[str, int]] = {}
    for question in questions:
        grades.setdefault(question.text, {}).update(question.relevant)
    all_arms = [OFF]
    if ranking or not answering:
        null = Arm("null", GradedReranker("null", {}), role="null")
        oracle = Arm("oracle", GradedReranker("oracle", grades), role="oracle")
        all_arms += [null, oracle, *ranking]
    if answering and null_answerer:
        first, *rest = answering
        several = bool(rest)
        all_arms += [
            Arm("answer:null", answerer=null_answerer, role="null" if several else "baseline"),
            Arm("answer:oracle", answerer=ReferenceAnswerer(questions), role="oracle"),
            Arm(first.name, first.reranker, first.answerer, "baseline" if several else "candidate"),
            *rest,
        ]
    return list({arm.name: arm for arm in reversed(all_arms)}.values())[::-1]
