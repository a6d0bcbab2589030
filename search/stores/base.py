"""The seam to vector engines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from search.domain import (
    NO_FILTERS,
    Document,
    Filters,
    FusionMethod,
    Hit,
    IndexedChunk,
    Mode,
    Principal,
    SparseVector,
    Vector,
)

FacetField = Literal["language", "type", "source", "author", "tags", "year"]


@dataclass(frozen=True, slots=True)
class IndexIdentity:
    """What an index was built with: a query must be embedded and stemmed the same way."""

    layout: int
    """Version of the payload layout (`payload.LAYOUT_VERSION`)."""
    model: str = field(compare=False)
    """For people to read: the same model in another folder is still the same by its revision."""
    revision: str
    dimension: int
    analyzer: str


@dataclass(frozen=True, slots=True)
class StoreQuery:
    """One query as an engine takes it; what its mode does not use may be None or empty."""

    mode: Mode
    dense: Vector | None
    """float32 [dimension], L2-normalized."""
    lexical: SparseVector
    boost: SparseVector
    """What is added to the fused score: a second, weighted look at the lexical index that
    keeps codes and rare words from drowning in dense neighbours; empty for none."""
    limit: int
    offset: int = 0
    prefetch: int = 100
    """Candidates of each retriever before fusion."""
    fusion: FusionMethod = "dbsf"
    filters: Filters = NO_FILTERS

    @property
    def candidates(self) -> int:
        """Return how many points to score: both retrievers' candidates, or more for a late page."""
        return max(2 * self.prefetch, self.offset + self.limit)


def page(scored: Sequence[tuple[str, float]], query: StoreQuery) -> dict[str, float]:
    """Return the point ids and scores of the page a query asks for, best first.

    Engines order equal scores by chance; here the id decides, so that the same query gives
    the same hits and pages neither overlap nor leave gaps.

    Args:
        scored: ids and scores of at least `query.candidates` points, where there are so many.
        query: says which page.
    """
    ordered = sorted(scored, key=lambda point: (-point[1], point[0]))
    return dict(ordered[query.offset : query.offset + query.limit])


class Store(Protocol):
    """Holds chunks of documents; one payload layout, whatever the engine.

    Every read runs under a principal: it meets only documents of that tenant whose access
    list the principal satisfies (an administrator: all of the tenant). Methods raise
    `StoreError` when the engine fails.
    """

    @property
    def identity(self) -> IndexIdentity:
        """Tell what the index was built with."""
        ...

    def query(self, query: StoreQuery, principal: Principal) -> list[Hit]:
        """Return the best passages, best first, at most `query.limit`."""
        ...

    def count(self, principal: Principal, filters: Filters = NO_FILTERS) -> int:
        """Count chunks."""
        ...

    def facet(
        self, field: FacetField, principal: Principal, filters: Filters = NO_FILTERS
    ) -> dict[str, int]:
        """Count documents (not chunks) by value of a field, most frequent first."""
        ...

    def documents(self, principal: Principal, filters: Filters = NO_FILTERS) -> Iterator[Document]:
        """Yield every document once, in no particular order."""
        ...

    def upsert(self, chunks: Sequence[IndexedChunk]) -> None:
        """Add chunks or replace those of the same id; visible when the call returns."""
        ...

    def remove_stale(self, document: Document) -> None:
        """Remove the chunks of all other versions of this document."""
        ...

    def remove(self, documents: Sequence[Document]) -> None:
        """Remove all chunks of these documents, whatever their version."""
        ...

    def flush(self) -> None:
        """Return when all that was written survives a power cut."""
        ...

    def size_bytes(self) -> int | None:
        """Return the size on disk, or None where it is not this machine's."""
        ...

    def close(self) -> None:
        """Flush and let go of files, locks and connections; harmless when repeated."""
        ...
