"""What goes in and out over HTTP."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from search.domain import Filters, Hit, SearchResult
from search.lexical.highlight import matching_spans
from search.pipeline import MAX_QUERY_CHARACTERS


class FiltersIn(BaseModel):
    """Restrictions: within a field any of the values, across fields all."""

    model_config = ConfigDict(extra="forbid")

    language: list[str] = Field([], examples=[["pl", "en"]])
    type: list[str] = Field([], examples=[["pdf"]])
    source: list[str] = []
    path: list[str] = []
    author: list[str] = []
    tags: list[str] = []
    year: list[int] = []

    def to_domain(self) -> Filters:
        """Return the restrictions as the core takes them."""
        return Filters(**{name: tuple(values) for name, values in self})


class SearchIn(BaseModel):
    """A query."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(
        min_length=1, max_length=MAX_QUERY_CHARACTERS, examples=["ile dni urlopu zaległego"]
    )
    mode: Literal["hybrid", "dense", "lexical"] | None = Field(
        None, description="The service's default when left out."
    )
    filters: FiltersIn = FiltersIn()
    limit: int = Field(10, ge=1, le=100)
    offset: int = Field(0, ge=0, le=10_000)


class HitOut(BaseModel):
    """A passage found."""

    document_id: str
    chunk: int
    path: str
    title: str
    section: list[str] = Field(description="The headings above the passage, outermost first.")
    page: int | None
    score: float = Field(description="Relative to this query: do not compare across queries.")
    text: str
    marks: list[tuple[int, int]] = Field(
        description="Character ranges of the text that match words of the query."
    )
    type: str
    language: str
    modified: datetime

    @classmethod
    def of(cls, hit: Hit, query: str) -> "HitOut":
        """Lay a hit out."""
        document, chunk = hit.document, hit.chunk
        return cls(
            document_id=document.id,
            chunk=chunk.index,
            path=document.path,
            title=document.title,
            section=list(chunk.section),
            page=chunk.page,
            score=hit.score,
            text=chunk.text,
            marks=matching_spans(query, chunk.text, document.language),
            type=document.type,
            language=document.language,
            modified=document.modified,
        )


class SearchOut(BaseModel):
    """The answer to a query, best passages first."""

    hits: list[HitOut]
    mode: Literal["hybrid", "dense", "lexical"]
    trace_id: str
    timings_ms: dict[str, float]

    @classmethod
    def of(cls, result: SearchResult) -> "SearchOut":
        """Lay a result out."""
        return cls(
            hits=[HitOut.of(hit, result.query) for hit in result.hits],
            mode=result.mode,
            trace_id=result.trace.id,
            timings_ms={k: round(v, 3) for k, v in result.trace.timings_ms.items()},
        )


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class Health(BaseModel):
    """Whether the service can answer."""

    status: Literal["ok"]
    documents: int
