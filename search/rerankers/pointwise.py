"""A language model grades each passage for itself."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from search.deadline import NEVER, Deadline
from search.llms.base import LLM, NO_USAGE, Prompt
from search.llms.prompts import about_passages
from search.pool import Pool
from search.rerank_settings import RerankSettings
from search.rerankers.base import Reranking
from search.rerankers.wordings import wording_for


class GradeOut(BaseModel):
    """What the model is forced to write."""

    model_config = ConfigDict(extra="forbid")

    relevance: Literal[0, 1, 2, 3] = Field(
        description="3 answers the query fully, 2 in part, 1 is on its subject, 0 is not."
    )


class PointwiseReranker:
    """See the module; passages of the same grade keep the retriever's order."""

    def __init__(self, llm: LLM, settings: RerankSettings, name: str | None = None) -> None:
        """Wrap a model.

        Args:
            llm: the model.
            settings: how much of a passage it is given.
            name: of the arm; by the model's when None.
        """
        self._llm = llm
        self._settings = settings
        self._name = name

    @property
    def name(self) -> str:
        """Return the name of the arm, e.g. `pointwise:smollm2`."""
        return self._name or f"pointwise:{self._llm.spec.name}"

    def rerank(self, pool: Pool, deadline: Deadline = NEVER) -> Reranking:
        """Grade every passage of a pool; one that got no grade has the mean of the others.

        Raises:
            DeadlineError: the deadline passed before all were graded.
            ModelError: the model cannot be loaded, reached or run.
        """
        grades: list[int | None] = []
        usage = NO_USAGE
        for hit in pool.hits:
            deadline.check("grade the passages")
            written = self._llm.complete(self._prompt(pool, hit.chunk.text), deadline)
            usage += written.usage
            grades.append(read_grade(written.text))
        given = [grade for grade in grades if grade is not None]
        mean = sum(given) / len(given) if given else 0.0
        scores = tuple(mean if grade is None else float(grade) for grade in grades)
        refused = len(grades) - len(given)
        return Reranking(scores, usage, {"refused": refused} if refused else {})

    def _prompt(self, pool: Pool, text: str) -> Prompt:
        wording = wording_for(pool)
        budget = self._settings.passage_characters
        return Prompt(
            about_passages(wording.grading, wording.query, pool.query, [text], budget),
            schema=GradeOut.model_json_schema(),
            max_tokens=32,
        )


def read_grade(written: str) -> int | None:
    """Return the grade that a model wrote, if it is one."""
    try:
        return GradeOut.model_validate_json(written).relevance
    except ValidationError:
        return None
