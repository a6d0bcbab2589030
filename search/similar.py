"""More like this: passages that resemble examples of the index, or a text, and not others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from search.deadline import NEVER, Deadline
from search.domain import Likeness, Principal, SearchResult, Trace, Vector, chunk_id
from search.errors import InputError, NotFoundError
from search.filters import EVERYTHING, All, Expression, Match, Not
from search.pipeline import Pipeline, arranged, in_time, page_of, seconds_left
from search.stores.base import SimilarQuery, find_document

MAX_EXAMPLES = 32
SAMPLE = 64
"""Passages by which a long document is represented, evenly spread over it."""


@dataclass(frozen=True, slots=True)
class TextExample:
    """Any text, as a query."""

    text: str


@dataclass(frozen=True, slots=True)
class DocumentExample:
    """A document: the mean of its passages."""

    id: str


@dataclass(frozen=True, slots=True)
class ChunkExample:
    """One passage of a document, counted from 0."""

    document_id: str
    index: int


Example = TextExample | DocumentExample | ChunkExample


def similar(
    pipeline: Pipeline,
    positive: Sequence[Example],
    negative: Sequence[Example],
    principal: Principal,
    *,
    likeness: Likeness = "any",
    where: Expression = EVERYTHING,
    limit: int = 10,
    offset: int = 0,
    per_document: int | None = None,
    trace: Trace | None = None,
    deadline: Deadline = NEVER,
) -> SearchResult:
    """Find the passages most like some examples and least like others.

    The examples themselves are left out: a passage, or all of a document.

    Args:
        pipeline: what embeds texts and holds the passages.
        positive: what to look for, at least one.
        negative: what to keep away from.
        principal: who asks; an example they may not read is as if it were not there.
        likeness: to the best positive example, or to all of them together.
        where: restrictions on the documents.
        limit: how many hits.
        offset: how many of the best hits to leave out.
        per_document: as in `Pipeline.search`.
        trace: of the request that this is a part of; a new one when None.
        deadline: no stage begins after it.

    Raises:
        InputError: there is no positive example, there are too many, or a text is empty.
        NotFoundError: an example is not there, or not for this principal.
        DeadlineError: the deadline passed.
        ModelError: the embedding model cannot be loaded.
        StoreError: the store failed.
    """
    if not positive:
        raise InputError("positive is empty: give at least one example of what to look for.")
    if len(positive) + len(negative) > MAX_EXAMPLES:
        raise InputError(f"There are too many examples: at most {MAX_EXAMPLES} are taken.")
    trace = trace or Trace()
    with trace.span("total"):
        deadline.check("look up the examples")
        with trace.span("embed"), in_time(deadline):
            wanted = tuple(_vector(example, pipeline, principal) for example in positive)
            unwanted = tuple(_vector(example, pipeline, principal) for example in negative)
        query = SimilarQuery(
            positive=wanted,
            negative=unwanted,
            likeness=likeness,
            limit=limit,
            offset=offset,
            where=All((where, *_others((*positive, *negative)))),
            timeout=seconds_left(deadline),
        )
        if per_document is not None:
            depth = max(query.candidates, (offset + limit) * per_document)
            query = replace(query, limit=depth, offset=0)
        deadline.check("search the index")
        with trace.span("retrieve"), in_time(deadline):
            hits = pipeline.store.similar(query, principal)
        if per_document is not None:
            hits = page_of(arranged(hits, "relevance", per_document), limit, offset, per_document)
    trace.found("", "dense", hits)
    return SearchResult("", "dense", tuple(hits), trace)


def _others(examples: Sequence[Example]) -> list[Expression]:
    """Return what a passage satisfies that is no example."""
    found: list[Expression] = []
    for example in examples:
        if isinstance(example, DocumentExample):
            found.append(Not(Match("id", (example.id,))))
        elif isinstance(example, ChunkExample):
            place = (Match("id", (example.document_id,)), Match("index", (example.index,)))
            found.append(Not(All(place)))
    return found


def _vector(example: Example, pipeline: Pipeline, principal: Principal) -> Vector:
    match example:
        case TextExample(text):
            if not text.strip():
                raise InputError("The text of an example is empty.")
            return pipeline.embedder.embed_query(text.strip())
        case DocumentExample(id):
            document = find_document(pipeline.store, id, principal)
            step = max(1, document.chunk_count // SAMPLE)
            indices = range(0, document.chunk_count, step)
        case ChunkExample(id, index):
            document = find_document(pipeline.store, id, principal)
            indices = range(index, index + 1)
    points = [chunk_id(document, index) for index in indices]
    vectors = pipeline.store.vectors(points, principal)
    if not vectors:
        raise NotFoundError(f"Document {document.id} has no passage {indices.start}.")
    mean: Vector = np.mean([vectors[point] for point in points if point in vectors], axis=0)
    length = float(np.linalg.norm(mean))
    return mean / length if length else mean
