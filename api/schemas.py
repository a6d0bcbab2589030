"""What goes in and out over HTTP."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.filters import RootFilter
from api.numbers import Number, OnlyNumbers, Whole
from api.schemas_layer import AnswerOut, RerankOut
from search.domain import Chunk, Document, Hit, SearchResult
from search.lexical.highlight import best_window, matching_spans, within
from search.pipeline import MAX_QUERY_CHARACTERS
from search.stores.base import FacetField

NOT_BLANK = r"\S"
"""What a query must hold, in the words of JSON Schema; the core refuses others."""

SNIPPET = 320
"""Characters of a snippet, about."""


class Selection(BaseModel):
    """Which documents to look in, and how much of what is found to return."""

    model_config = ConfigDict(extra="forbid")

    filter: RootFilter | None = Field(None, description="Only documents for which this holds.")
    limit: Whole = Field(10, ge=1, le=100, description="Hits, or documents when grouped.")
    offset: Whole = Field(0, ge=0, le=10_000, description="Of the best, how many to leave out.")
    per_document: Annotated[int, Field(ge=1, le=20), OnlyNumbers] | None = Field(
        None, description="Group by document: at most so many passages of each."
    )
    facets: list[FacetField] = Field(
        [], max_length=6, description="Count the documents that match the filter, by value."
    )


class SearchIn(Selection):
    """A query and how to answer it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "query": "ile dni urlopu zaległego mogę przenieść",
                    "filter": {"field": "language", "any_of": ["pl", "en"]},
                    "facets": ["type", "year"],
                    "limit": 5,
                }
            ]
        },
    )

    query: str = Field(
        min_length=1,
        max_length=MAX_QUERY_CHARACTERS,
        description="What somebody typed, in any language.",
        json_schema_extra={"pattern": NOT_BLANK},
    )
    mode: Literal["hybrid", "dense", "lexical"] | None = Field(
        None, description="By meaning and words, or one of them; the service's default if left out."
    )
    sort: Literal["relevance", "newest", "oldest"] = Field(
        "relevance", description="By date: of the relevant passages, by their document's date."
    )
    diversity: Number = Field(
        0,
        ge=0,
        le=1,
        description="From 0, the most relevant, to 1, the least repetition: how much a passage "
        "that resembles better ones falls behind (maximal marginal relevance over the best 50). "
        "An order by date knows none.",
    )
    highlight: Literal["words", "semantic"] | None = Field(
        None,
        description="`words`: mark words that match. `semantic`: in passages where none does, "
        "also mark the sentence closest in meaning, which takes time; the service's default if "
        "left out.",
    )
    rerank: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="Whether a second, dearer look is taken at the first passages: `off`, `on`, "
        "`auto` (only where the first hits are close), or the name of a reranker that the service "
        "offers; its default if left out. An order by date knows none.",
    )
    answer: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="Whether the question is answered from the first passages: `off`, `on`, "
        "`auto` (only where they seem to hold an answer), or the name of an answerer that the "
        "service offers; its default if left out. With `Accept: text/event-stream` the answer "
        "comes as it is written.",
    )


class Snippet(BaseModel):
    """The stretch of a passage that meets the query best."""

    text: str
    start: int = Field(description="Where it begins in the passage, in characters.")
    marks: list[tuple[int, int]] = Field(
        description="Character ranges of the snippet that match words of the query, whatever "
        "their inflection."
    )
    semantic: tuple[int, int] | None = Field(
        description="Character range of the snippet that holds the best sentence of the passage."
    )


class HitOut(BaseModel):
    """A passage found."""

    document_id: str
    chunk: int = Field(description="Its place in the document, from 0.")
    path: str = Field(description="Of the document, below its source.")
    title: str
    section: list[str] = Field(description="The headings above the passage, outermost first.")
    page: int | None = Field(description="The page, slide or sheet it starts on, from 1.")
    score: float = Field(description="Relative to this query: do not compare across queries.")
    text: str = Field(description="The whole passage.")
    marks: list[tuple[int, int]] = Field(
        description="Character ranges of the text that match words of the query."
    )
    semantic: tuple[int, int] | None = Field(
        description="Character range of the sentence closest in meaning, if no word matches and "
        "`highlight` is `semantic`."
    )
    snippet: Snippet
    type: str
    language: str
    modified: datetime
    tags: list[str]

    @classmethod
    def of(cls, hit: Hit, query: str) -> "HitOut":
        """Lay a hit out."""
        document, chunk = hit.document, hit.chunk
        marks = matching_spans(query, chunk.text, document.language)
        return cls(
            document_id=document.id,
            chunk=chunk.index,
            path=document.path,
            title=document.title,
            section=list(chunk.section),
            page=chunk.page,
            score=hit.score,
            text=chunk.text,
            marks=marks,
            semantic=hit.semantic,
            snippet=_snippet(chunk.text, marks, hit.semantic),
            type=document.type,
            language=document.language,
            modified=document.modified,
            tags=list(document.tags),
        )


class Group(BaseModel):
    """The passages of one document."""

    document_id: str
    path: str
    title: str
    hits: list[HitOut]


class ServedBy(BaseModel):
    """What answered."""

    model: str = Field(description="The embedding model.")
    revision: str = Field(description="Of the model's weights.")
    mode: Literal["hybrid", "dense", "lexical"]


class SearchOut(BaseModel):
    """The answer to a query, best passages first."""

    hits: list[HitOut] = Field(description="Empty when grouped: see `groups`.")
    groups: list[Group] | None = Field(None, description="When `per_document` was given.")
    total: int = Field(description="Documents that match the filter, whatever the query.")
    facets: dict[FacetField, dict[str, int]] = Field(
        description="Documents (not passages) by value, under the filter, most frequent first."
    )
    rerank: RerankOut | None = Field(None, description="Null where no reranker was asked.")
    answer: AnswerOut | None = Field(None, description="Null where no answerer was asked.")
    trace_id: str = Field(description="Names this search in feedback and in the service's log.")
    timings_ms: dict[str, float] = Field(description="Milliseconds by stage.")
    served_by: ServedBy

    @classmethod
    def of(
        cls,
        result: SearchResult,
        *,
        grouped: bool,
        total: int,
        facets: dict[FacetField, dict[str, int]],
        model: str,
        revision: str,
    ) -> "SearchOut":
        """Lay a result out."""
        hits = [HitOut.of(hit, result.query) for hit in result.hits]
        return cls(
            hits=[] if grouped else hits,
            groups=list(_groups(hits)) if grouped else None,
            total=total,
            facets=facets,
            rerank=RerankOut.of(result.reranked) if result.reranked else None,
            trace_id=result.trace.id,
            timings_ms={k: round(v, 3) for k, v in result.trace.timings_ms.items()},
            served_by=ServedBy(model=model, revision=revision, mode=result.mode),
        )


class DocumentOut(BaseModel):
    """What is known of a document."""

    id: str
    path: str = Field(description="Below its source, with forward slashes.")
    title: str
    type: str = Field(description="The format, as its usual extension: `docx`, `pdf`, ...")
    language: str = Field(description="ISO 639-1; `und` where it could not be told.")
    author: str | None
    created: datetime | None
    modified: datetime
    size: int = Field(description="Bytes.")
    pages: int | None
    tags: list[str]
    source: str = Field(description="The folder it was indexed under, or the place of uploads.")
    attached_to: str | None = Field(description="The path of the file that holds this one.")
    chunks: int = Field(description="Passages that it was cut into.")

    @classmethod
    def of(cls, document: Document) -> "DocumentOut":
        """Lay a document out."""
        return cls(
            id=document.id,
            path=document.path,
            title=document.title,
            type=document.type,
            language=document.language,
            author=document.author,
            created=document.created,
            modified=document.modified,
            size=document.size,
            pages=document.pages,
            tags=list(document.tags),
            source=document.source,
            attached_to=document.container,
            chunks=document.chunk_count,
        )


class DocumentsOut(BaseModel):
    """A page of documents."""

    documents: list[DocumentOut]
    total: int = Field(description="Documents that match the filter.")
    next: str | None = Field(description="Cursor of the next page; null on the last.")


class ChunkOut(BaseModel):
    """A passage of a document."""

    index: int = Field(description="Its place in the document, from 0.")
    text: str
    section: list[str] = Field(description="The headings above it, outermost first.")
    page: int | None = Field(description="The page, slide or sheet it starts on, from 1.")
    tokens: int = Field(description="What the embedding model reads of it.")

    @classmethod
    def of(cls, chunk: Chunk) -> "ChunkOut":
        """Lay a chunk out."""
        return cls(
            index=chunk.index,
            text=chunk.text,
            section=list(chunk.section),
            page=chunk.page,
            tokens=chunk.tokens,
        )


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field("about:blank", description="Always so: the status says what kind it is.")
    title: str = Field(description="What kind of error it is, in a word or two.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong with which field, and the way out.")
    trace_id: str | None = Field(None, description="Names the request in the service's log.")


class Health(BaseModel):
    """Whether the service runs."""

    status: Literal["ok"]


class Readiness(BaseModel):
    """Whether the service can answer: the model is loaded, the store answers, the index fits."""

    status: Literal["ready", "not ready"]
    model: str
    checks: dict[str, str] = Field(
        description="Of `model`, `store` and `index`: what was found, or `failed: ` and why."
    )


RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds after which to ask again.",
        "schema": {"type": "integer", "minimum": 1},
    }
}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "No key, or one that is not valid (any more)."},
    403: {"model": Problem, "description": "The key lacks the scope."},
    413: {"model": Problem, "description": "The body is too large."},
    422: {"model": Problem, "description": "The request is malformed."},
    429: {
        "model": Problem,
        "description": "This caller asks too often; see Retry-After.",
        "headers": RETRY_AFTER,
    },
    503: {
        "model": Problem,
        "description": "The store or the model fails, or (with Retry-After) too much is asked.",
        "headers": RETRY_AFTER,
    },
    504: {"model": Problem, "description": "The time for the request was over."},
}
"""What every route under /v1 may answer besides."""


def _snippet(text: str, marks: list[tuple[int, int]], semantic: tuple[int, int] | None) -> Snippet:
    sentence = [semantic] if semantic else []
    start, end = best_window(text, marks or sentence, SNIPPET)

    def inside(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        return [(a - start, b - start) for a, b in within(spans, start, end)]

    return Snippet(
        text=text[start:end],
        start=start,
        marks=inside(marks),
        semantic=next(iter(inside(sentence)), None),
    )


def _groups(hits: list[HitOut]) -> Iterator[Group]:
    for document, found in groupby(hits, lambda hit: hit.document_id):
        group = list(found)
        yield Group(document_id=document, path=group[0].path, title=group[0].title, hits=group)
