"""From a query to hits: embed, analyse, one query in the engine; every stage timed."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache

from search.deadline import NEVER, Deadline
from search.diversity import POOL, diversified
from search.domain import (
    NO_TERMS,
    Highlight,
    Hit,
    Mode,
    Principal,
    SearchResult,
    Sort,
    Trace,
    Vector,
)
from search.embedders.base import Embedder
from search.errors import InputError, StoreError
from search.filters import EVERYTHING, Expression
from search.highlights import with_best_sentences
from search.lexical.bm25 import Bm25
from search.pool import Pool
from search.reranking import Rerank, rerank_first
from search.settings import RetrievalSettings
from search.signals import pool_of
from search.stores.base import FacetField, Store, StoreQuery

MAX_QUERY_CHARACTERS = 4000
LANGUAGES_SECONDS = 30
"""How long the list of an index's languages is remembered."""


class Pipeline:
    """Answers queries over one store; safe to share between threads."""

    def __init__(
        self, embedder: Embedder, bm25: Bm25, store: Store, settings: RetrievalSettings
    ) -> None:
        self.embedder = embedder
        self.store = store
        self._bm25 = bm25
        self._settings = settings
        self._languages = lru_cache(maxsize=256)(self._read_languages)

    def search(
        self,
        query: str,
        principal: Principal,
        *,
        mode: Mode | None = None,
        where: Expression = EVERYTHING,
        limit: int | None = None,
        offset: int = 0,
        sort: Sort = "relevance",
        per_document: int | None = None,
        diversity: float = 0,
        highlight: Highlight | None = None,
        rerank: Rerank | None = None,
        trace: Trace | None = None,
        deadline: Deadline = NEVER,
    ) -> SearchResult:
        """Find the passages that answer a query.

        Args:
            query: what a person typed, in any language; at most 4,000 characters.
            principal: who asks; nothing they may not read is met.
            mode: `hybrid`, `dense` or `lexical`; the settings' mode when None.
            where: restrictions on the documents.
            limit: how many hits; the settings' number when None.
            offset: how many of the best hits to leave out.
            sort: by relevance, or the relevant ones (both retrievers' candidates) by the date
                of their document.
            per_document: at most so many passages of a document, which stand together;
                `limit` and `offset` then count documents.
            diversity: from 0 (the most relevant) to 1 (the least alike): how much a passage
                that resembles better ones falls behind; an order by date knows none.
            highlight: whether to look for the best sentence of passages without a matching
                word; as the settings say when None.
            rerank: a second look at the first passages; an order by date knows none.
            trace: of the request that this is a part of; a new one when None.
            deadline: no stage begins after it, and the store gets no more time than is left.

        Raises:
            InputError: the query is empty or too long.
            DeadlineError: the deadline passed.
            ModelError: the embedding model cannot be loaded, or the reranker's is missing.
            StoreError: the store failed.
        """
        query = query.strip()
        if not query:
            raise InputError("The query is empty: type what you are looking for.")
        if len(query) > MAX_QUERY_CHARACTERS:
            raise InputError(
                f"The query has {len(query)} characters; at most {MAX_QUERY_CHARACTERS} are taken."
            )
        mode = mode or self._settings.mode
        limit = limit or self._settings.limit
        trace = trace or Trace()
        if sort != "relevance":
            rerank, diversity = None, 0
        reranked = None
        with trace.span("total"):
            dense, terms, boost = None, NO_TERMS, NO_TERMS
            if mode != "lexical":
                deadline.check("embed the query")
                with trace.span("embed"):
                    dense = self.embedder.embed_query(query)
            if mode != "dense":
                deadline.check("analyse the query")
                with trace.span("analyse"):
                    period = int(time.monotonic() // LANGUAGES_SECONDS)
                    lexical = self._bm25.query(query, self._languages(principal, period))
                    terms, boost = lexical.terms, lexical.boost.scaled(self._settings.boost)
            asked = StoreQuery(
                mode=mode,
                dense=dense,
                lexical=terms,
                boost=boost,
                limit=limit,
                offset=offset,
                prefetch=self._prefetch((offset + limit) * (per_document or 1)),
                fusion=self._settings.fusion,
                where=where,
                timeout=seconds_left(deadline),
            )
            deadline.check("search the index")
            with trace.span("retrieve"), in_time(deadline):
                whole = sort != "relevance" or per_document is not None or diversity > 0
                whole = whole or rerank is not None
                if whole:
                    asked = replace(asked, limit=asked.candidates, offset=0)
                hits = self.store.query(asked, principal)
            if rerank is not None:
                first = hits[: rerank.pool]
                pool = self._pool(query, dense, first, principal, trace, deadline)
                with trace.span("rerank"):
                    hits, reranked = rerank_first(hits, pool, rerank, deadline)
            if diversity:
                with trace.span("diversify"), in_time(deadline):
                    vectors = self.store.vectors([hit.id for hit in hits[:POOL]], principal)
                    hits = [*diversified(hits[:POOL], vectors, diversity), *hits[POOL:]]
            if whole:
                hits = page_of(arranged(hits, sort, per_document), limit, offset, per_document)
            if (highlight or self._settings.highlight) == "semantic":
                with trace.span("highlight"):
                    most = self._settings.highlight_sentences
                    hits = with_best_sentences(hits, query, dense, self.embedder, most, deadline)
        trace.found(query, mode, hits)
        return SearchResult(query, mode, tuple(hits), trace, dense, reranked)

    def pool(self, result: SearchResult, principal: Principal, deadline: Deadline = NEVER) -> Pool:
        """Return what a reranker or an answerer needs to know of the passages found.

        Args:
            result: of a search by the same principal.
            principal: who asked.
            deadline: no stage begins after it.

        Raises:
            DeadlineError: the deadline passed.
            ModelError: the embedding model cannot be loaded.
            StoreError: the store failed.
        """
        hits, trace = result.hits, result.trace
        return self._pool(result.query, result.vector, hits, principal, trace, deadline)

    def facets(
        self,
        fields: Sequence[FacetField],
        principal: Principal,
        where: Expression = EVERYTHING,
        deadline: Deadline = NEVER,
    ) -> dict[FacetField, dict[str, int]]:
        """Count the documents that match a filter by value of some fields, most frequent first.

        Raises:
            DeadlineError: the deadline passed.
        """
        found = {}
        for field in fields:
            deadline.check(f"count by {field}")
            found[field] = self.store.facet(field, principal, where)
        return found

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def _pool(
        self,
        query: str,
        vector: Vector | None,
        hits: Sequence[Hit],
        principal: Principal,
        trace: Trace,
        deadline: Deadline,
    ) -> Pool:
        deadline.check("look at the passages found")
        with trace.span("signals"), in_time(deadline):
            if vector is None:
                vector = self.embedder.embed_query(query)
            vectors = self.store.vectors([hit.id for hit in hits], principal)
            return pool_of(query, vector, hits, vectors)

    def _prefetch(self, depth: int) -> int:
        """Return the candidates per retriever: as set, unless the page lies beyond them all."""
        ours = self._settings.prefetch
        return ours if depth <= 2 * ours else depth

    def _read_languages(self, principal: Principal, period: int) -> Sequence[str]:
        """Return the languages a principal's documents are written in."""
        return tuple(sorted(self.store.facet("language", principal)))


def arranged(hits: Sequence[Hit], sort: Sort, per_document: int | None) -> list[Hit]:
    """Order hits by the date of their document, and gather those of a document.

    Args:
        hits: best first.
        sort: `relevance` keeps their order.
        per_document: at most so many of a document, which then stand together where its first
            one stands; None leaves them where they are.
    """
    ordered = list(hits)
    if sort != "relevance":
        ordered.sort(key=lambda hit: hit.document.modified, reverse=sort == "newest")
    if per_document is None:
        return ordered
    groups: dict[str, list[Hit]] = {}
    for hit in ordered:
        groups.setdefault(hit.document.id, []).append(hit)
    return [hit for group in groups.values() for hit in group[:per_document]]


def seconds_left(deadline: Deadline) -> float | None:
    """Return how much time the store gets; None for as much as it takes."""
    return None if deadline == NEVER else deadline.remaining()


@contextmanager
def in_time(deadline: Deadline) -> Iterator[None]:
    """Tell a store that failed from one that was cut short."""
    try:
        yield
    except StoreError:
        deadline.check("search the index")
        raise


def page_of(hits: Sequence[Hit], limit: int, offset: int, per_document: int | None) -> list[Hit]:
    """Return a page of arranged hits, counted in documents when they are grouped."""
    if per_document is None:
        return list(hits[offset : offset + limit])
    documents = list(dict.fromkeys(hit.document.id for hit in hits))
    wanted = set(documents[offset : offset + limit])
    return [hit for hit in hits if hit.document.id in wanted]
