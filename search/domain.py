"""What travels between the rooms: frozen dataclasses, no behaviour beyond their own data."""

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]

Mode = Literal["hybrid", "dense", "lexical"]
FusionMethod = Literal["dbsf", "rrf"]
Sort = Literal["relevance", "newest", "oldest"]
Highlight = Literal["words", "semantic"]
"""What is marked in passages: words that match, and where none does, the sentence that answers."""
SuggestionKind = Literal["title", "heading"]
Likeness = Literal["any", "all"]

PUBLIC = "public"
"""The access entry that lets everybody of the tenant read a document."""

ID_NAMESPACE = uuid.UUID("6f1c2b1e-8c55-5d0b-9a3e-2f5d0f2c7a11")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: the tenant, the person, their groups; an administrator reads all of the tenant.

    Every read of a store takes one; there is no principal that sees several tenants.
    """

    tenant: str
    user: str | None = None
    groups: frozenset[str] = frozenset()
    admin: bool = False

    def access_entries(self) -> tuple[str, ...]:
        """Return the access entries this principal satisfies, e.g. `("public", "group:hr")`."""
        user = (f"user:{self.user}",) if self.user else ()
        return (PUBLIC, *user, *(f"group:{group}" for group in sorted(self.groups)))


@dataclass(frozen=True, slots=True)
class Document:
    """One version of one indexed file: where it lies, what it is, who may read it."""

    tenant: str
    source: str
    """The root folder the document was indexed under (absolute path) or a managed source's name."""
    path: str
    """The path below the source, with forward slashes."""
    title: str
    type: str
    """The format, as its usual file name extension without the dot: `docx`, `pdf`, ..."""
    language: str
    """ISO 639-1 code, `und` when it could not be told."""
    size: int
    """In bytes."""
    modified: datetime
    content_hash: str
    """BLAKE2b-128 of the file's bytes, in hex."""
    fingerprint: str
    """The pipeline that indexed this version (parser, chunking, model), in hex."""
    chunk_count: int
    author: str | None = None
    created: datetime | None = None
    pages: int | None = None
    tags: tuple[str, ...] = ()
    """From the rules of its folder and from the file itself."""
    access: tuple[str, ...] = ()
    """Entries `public`, `user:NAME`, `group:NAME`; none means administrators only."""
    keywords: tuple[str, ...] = ()
    """Those of the tags that the file gives itself."""
    named: bool = False
    """The title is only the file's name; it is not embedded, so that a rename is cheap."""
    container: str | None = None
    """The path of the file that this one is attached to or packed in."""
    stamp: str = ""
    """What the file system said of this version; the same stamp needs no second look."""

    @property
    def id(self) -> str:
        """Return the UUID of the document, the same for all its versions."""
        return document_id(self.tenant, self.source, self.path)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document, as it is embedded and shown."""

    index: int
    text: str
    section: tuple[str, ...] = ()
    """The headings above the passage, outermost first."""
    page: int | None = None
    """The page (slide, sheet) it starts on, from 1."""
    tokens: int = 0
    """What the embedding model reads of it, breadcrumb included."""


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Term weights: hashed terms (unsigned 32 bits) and their weights, of equal length."""

    indices: tuple[int, ...]
    values: tuple[float, ...]

    def __bool__(self) -> bool:
        return bool(self.indices)

    def scaled(self, weight: float) -> "SparseVector":
        """Multiply all weights; a weight of 0 gives the empty vector."""
        if not weight:
            return NO_TERMS
        return SparseVector(self.indices, tuple(value * weight for value in self.values))


NO_TERMS = SparseVector((), ())


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk on its way into a store."""

    document: Document
    chunk: Chunk
    dense: Vector
    """float32 [dimension], L2-normalized."""
    sparse: SparseVector

    @property
    def id(self) -> str:
        """Return the deterministic UUID of the point that carries this chunk."""
        return chunk_id(self.document, self.chunk.index)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found. Fused scores are relative to their query: compare them within one answer."""

    document: Document
    chunk: Chunk
    score: float
    semantic: tuple[int, int] | None = None
    """Where the best sentence of the passage stands, in characters, if one was looked for."""

    @property
    def id(self) -> str:
        """Return the id of the point that carries the passage."""
        return chunk_id(self.document, self.chunk.index)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A title or heading that completes what was typed."""

    text: str
    kind: SuggestionKind
    marks: tuple[tuple[int, int], ...]
    """Character ranges of the text that were typed, case and diacritics aside."""
    document_id: str
    """One of the documents that have it, and its path."""
    path: str


@dataclass(slots=True)
class Stage:
    """One stage of a request: when it began and how long it took."""

    name: str
    parent: int | None
    """The place, in the trace's stages, of the stage that this one is a part of."""
    start_ns: int
    """Nanoseconds since the epoch."""
    elapsed_ns: int = 0


@dataclass(slots=True)
class Trace:
    """The stages of one request, how long each took, and what was found."""

    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    """32 hex digits, as in a W3C `traceparent`."""
    stages: list[Stage] = field(default_factory=list)
    """In the order in which they began."""
    attributes: dict[str, str | int] = field(default_factory=dict)
    """What may be told of the request: no text of queries or documents."""
    query: str = ""
    """What was asked. It is logged and kept only where the settings allow it."""
    mode: Mode = "hybrid"
    shown: tuple["Shown", ...] | None = None
    """The passages that a search returned, best first; None where nothing was searched."""
    _open: list[int] = field(default_factory=list)

    @property
    def timings_ms(self) -> dict[str, float]:
        """Return milliseconds by stage; a stage entered twice adds up."""
        timings: dict[str, float] = {}
        for stage in self.stages:
            timings[stage.name] = timings.get(stage.name, 0.0) + stage.elapsed_ns / 1e6
        return timings

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """Time a stage; those entered inside it are its parts."""
        parent = self._open[-1] if self._open else None
        stage = Stage(name, parent, time.time_ns())
        self._open.append(len(self.stages))
        self.stages.append(stage)
        start = time.perf_counter_ns()
        try:
            yield
        finally:
            stage.elapsed_ns = time.perf_counter_ns() - start
            self._open.pop()

    def found(self, query: str, mode: Mode, hits: Sequence[Hit]) -> None:
        """Remember what was asked and what was shown."""
        self.query, self.mode = query, mode
        self.attributes |= {"mode": mode, "hits": len(hits)}
        self.shown = tuple(Shown(hit.document.id, hit.chunk.index, hit.score) for hit in hits)


@dataclass(frozen=True, slots=True)
class Shown:
    """A passage that a search returned: which, not what it says."""

    document_id: str
    chunk: int
    score: float


@dataclass(frozen=True, slots=True)
class Reranked:
    """How the reranking of one search went."""

    arm: str
    """The reranker's name."""
    passages: int
    """How many it was given."""
    degraded: str | None = None
    """Why the retriever's order stayed: `rerank_timeout`, `rerank_failed`; None if it did not."""
    events: Mapping[str, int] = field(default_factory=dict)
    """What happened on the way, counted, e.g. `cached`, `repaired`, `skipped`."""
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits of one query, best first, with what it took to find them."""

    query: str
    mode: Mode
    hits: tuple[Hit, ...]
    trace: Trace
    vector: Vector | None = field(default=None, repr=False, compare=False)
    """Of the query; None where it was not embedded."""
    reranked: Reranked | None = None
    """None where no reranker was asked."""


def document_id(tenant: str, source: str, path: str) -> str:
    """Return the UUID of a document: UUIDv5 of tenant, source and path."""
    return str(uuid.uuid5(ID_NAMESPACE, "\x1f".join((tenant, source, path))))


def chunk_id(document: Document, index: int) -> str:
    """Return the UUID of a chunk: UUIDv5 of its document, its place, the content and the pipeline.

    The same file indexed twice by the same pipeline gives the same ids, so that an
    interrupted run converges when it is repeated.
    """
    parts = (document.id, str(index), document.content_hash, document.fingerprint)
    return str(uuid.uuid5(ID_NAMESPACE, "\x1f".join(parts)))
