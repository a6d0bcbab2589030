"""The seam to vector engines."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from search.domain import (
    Chunk,
    Document,
    FusionMethod,
    Hit,
    IndexedChunk,
    Likeness,
    Mode,
    Principal,
    SparseVector,
    Suggestion,
    Vector,
)
from search.errors import NotFoundError
from search.filters import EVERYTHING, Expression, Match

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

    @property
    def described(self) -> str:
        """Return it for people."""
        return (
            f"{self.model}@{self.revision} ({self.dimension} dimensions, "
            f"analyzer {self.analyzer}, layout {self.layout})"
        )


@dataclass(frozen=True, slots=True)
class IndexState:
    """What an index was built with and how much it holds, all tenants together."""

    identity: IndexIdentity
    documents: int
    chunks: int


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
    where: Expression = EVERYTHING
    timeout: float | None = None
    """Seconds after which the answer is of no use; an engine in this process is never cut short."""

    @property
    def candidates(self) -> int:
        """Return how many points to score: both retrievers' candidates, or more for a late page."""
        return max(2 * self.prefetch, self.offset + self.limit)


@dataclass(frozen=True, slots=True)
class SimilarQuery:
    """Examples of what is wanted, and of what is not, as an engine takes them."""

    positive: tuple[Vector, ...]
    """At least one, each float32 [dimension], L2-normalized."""
    negative: tuple[Vector, ...]
    likeness: Likeness
    """`any`: nearest to the best positive example, unless a negative one is nearer still;
    `all`: near to the positive examples taken together, and far from the negative ones."""
    limit: int
    offset: int = 0
    where: Expression = EVERYTHING
    timeout: float | None = None
    """As in `StoreQuery`."""

    @property
    def candidates(self) -> int:
        """Return how many points to score: more than a first page needs, to order equal ones."""
        return max(200, self.offset + self.limit)


def page(scored: Sequence[tuple[str, float]], query: StoreQuery | SimilarQuery) -> dict[str, float]:
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

    def vectors(self, chunks: Sequence[str], principal: Principal) -> dict[str, Vector]:
        """Return the dense vectors of chunks by id: float32 [dimension], L2-normalized.

        Those that are not there, or that the principal may not read, are left out.
        """
        ...

    def similar(self, query: SimilarQuery, principal: Principal) -> list[Hit]:
        """Return the passages most like the examples, best first, at most `query.limit`.

        What the examples were made from comes back like any other passage, unless
        `query.where` keeps it away.
        """
        ...

    def suggest(self, typed: str, principal: Principal, limit: int) -> list[Suggestion]:
        """Complete what is typed with titles and headings that hold words beginning so."""
        ...

    def count(self, principal: Principal, where: Expression = EVERYTHING) -> int:
        """Count chunks."""
        ...

    def count_documents(self, principal: Principal, where: Expression = EVERYTHING) -> int:
        """Count documents."""
        ...

    def facet(
        self, field: FacetField, principal: Principal, where: Expression = EVERYTHING
    ) -> dict[str, int]:
        """Count documents (not chunks) by value of a field, most frequent first."""
        ...

    def documents(self, principal: Principal, where: Expression = EVERYTHING) -> Iterator[Document]:
        """Yield every document once, in no particular order."""
        ...

    def chunks(self, document: Document, principal: Principal) -> list[Chunk]:
        """Return the chunks of a document in reading order; none if it may not be read."""
        ...

    def manifest(self) -> Iterator[Document]:
        """Yield every published version of every document of all tenants.

        For syncing only: the one read that answers to no principal, as it answers nobody.
        """
        ...

    def state(self) -> IndexState:
        """Read anew what the index was built with, and count what is published.

        For operators only: it counts for all tenants, and tells nothing of any.
        """
        ...

    def stage(self, chunks: Sequence[IndexedChunk]) -> None:
        """Add chunks, or replace those of the same id; no read meets them until published."""
        ...

    def publish(self, documents: Sequence[Document]) -> None:
        """Make the staged chunks of these versions visible, all of a document at once."""
        ...

    def read_back(self, document: Document) -> Iterator[IndexedChunk]:
        """Yield the chunks of a version with their vectors, to move them under another id."""
        ...

    def update(self, document: Document) -> None:
        """Write the metadata of a version anew; its chunks and vectors stay."""
        ...

    def remove_stale(self, document: Document) -> None:
        """Remove the chunks of all other versions of this document."""
        ...

    def remove(self, documents: Sequence[Document]) -> None:
        """Remove all chunks of these documents, whatever their version."""
        ...

    def claim(self, holder: str) -> AbstractContextManager[bool]:
        """Keep other syncs away while the context is open.

        Args:
            holder: what others are told, e.g. a command line and where it runs.

        Yields:
            Whether the sync before this one was cut short, so that `repair` is called for.

        Raises:
            StoreBusyError: another sync holds the store; the message says who.
        """
        ...

    def repair(self) -> None:
        """Put right what a sync that was cut short left: half published, half removed."""
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


def find_document(store: Store, id: str, principal: Principal) -> Document:
    """Return a document by its id.

    Raises:
        NotFoundError: there is none; one that may not be read is as if it were not there.
    """
    found = next(store.documents(principal, Match("id", (id,))), None)
    if found is None:
        raise NotFoundError(f"There is no document {id[:100]}.")
    return found
