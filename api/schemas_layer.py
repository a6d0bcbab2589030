"""What the LLM layer did for a search, as it is told over HTTP."""

from pydantic import BaseModel, Field

from search.answerers.base import Citation
from search.answering import Answered
from search.domain import Hit, Reranked


class RerankOut(BaseModel):
    """How the reranking went."""

    arm: str = Field(description="The reranker's name.")
    passages: int = Field(description="How many it was given: the first of the retriever's.")
    degraded: str | None = Field(
        description="`rerank_timeout` or `rerank_failed` where the retriever's order stayed."
    )
    events: dict[str, int] = Field(
        description="What happened on the way, counted, e.g. `cached`, `repaired`, `skipped`."
    )
    prompt_tokens: int
    completion_tokens: int

    @classmethod
    def of(cls, reranked: Reranked) -> "RerankOut":
        """Lay it out."""
        return cls(
            arm=reranked.arm,
            passages=reranked.passages,
            degraded=reranked.degraded,
            events=dict(reranked.events),
            prompt_tokens=reranked.prompt_tokens,
            completion_tokens=reranked.completion_tokens,
        )


class CitationOut(BaseModel):
    """Where a claim of the answer stands, to the letter."""

    document_id: str
    chunk: int = Field(description="Of the document, from 0.")
    path: str
    title: str
    page: int | None
    quote: str
    start: int = Field(description="Character range of the quote in the passage's text.")
    end: int

    @classmethod
    def of(cls, citation: Citation, hit: Hit) -> "CitationOut":
        """Lay a citation out."""
        return cls(
            document_id=hit.document.id,
            chunk=hit.chunk.index,
            path=hit.document.path,
            title=hit.document.title,
            page=hit.chunk.page,
            quote=citation.quote,
            start=citation.start,
            end=citation.end,
        )


class AnswerOut(BaseModel):
    """An answer from the passages, or why there is none."""

    arm: str = Field(description="The answerer's name.")
    answered: bool
    text: str = Field(description="Empty where the question is not answered.")
    citations: list[CitationOut]
    confidence: float | None = Field(
        description="From 0 to 1, comparable between queries; null where it cannot be told."
    )
    withheld: str | None = Field(
        description="Why there is no answer: `no passages`, `not confident`, `unanswerable`, "
        "`unsupported`."
    )
    degraded: str | None = Field(
        description="`answer_timeout` or `answer_failed` where none was ready."
    )
    events: dict[str, int] = Field(
        description="What happened on the way, counted, e.g. `claims_dropped`."
    )
    prompt_tokens: int
    completion_tokens: int

    @classmethod
    def of(cls, answered: Answered) -> "AnswerOut":
        """Lay an answer out."""
        answer = answered.answer
        if answer is None:
            return cls(
                arm=answered.arm, answered=False, text="", citations=[], confidence=None,
                withheld=None, degraded=answered.degraded, events={}, prompt_tokens=0,
                completion_tokens=0,
            )  # fmt: skip
        return cls(
            arm=answered.arm,
            answered=answer.answered,
            text=answer.text,
            citations=[CitationOut.of(c, answered.passages[c.passage]) for c in answer.citations],
            confidence=answer.confidence,
            withheld=answer.withheld,
            degraded=None,
            events=dict(answer.events),
            prompt_tokens=answer.usage.prompt_tokens,
            completion_tokens=answer.usage.completion_tokens,
        )


class AnsweredOut(BaseModel):
    """The checked answer at the end of a stream, and what all of it took."""

    answer: AnswerOut
    timings_ms: dict[str, float] = Field(description="Milliseconds by stage.")


class DraftOut(BaseModel):
    """A piece of an answer as it is written; the answer at the end may hold less."""

    text: str
