"""The one payload layout: a chunk and its document as a flat JSON object, and back.

Chunk 0 of a document doubles as its row in the manifest: listing documents means listing
the points with `index` 0.

A chunk without a tenant is staged: every read filters by tenant, so that none meets it.
Publishing a version means setting the tenant of all its chunks in one operation.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from search.domain import Chunk, Document, IndexedChunk, chunk_id
from search.lexical.analyzer import fold
from search.lexical.completion import prefixes
from search.stores.base import IndexIdentity

LAYOUT_VERSION = 5
"""Raise it when an index written before can no longer be read."""

DENSE = "dense"
LEXICAL = "lexical"

IDENTITY_POINT = "00000000-0000-0000-0000-000000000000"
"""The point whose payload is the index's identity; it has no tenant, so no read meets it."""

IndexKind = Literal["keyword", "substring", "integer", "datetime"]

PAYLOAD_INDEXES: Mapping[str, IndexKind] = {
    "tenant": "keyword",
    "access": "keyword",
    "document": "keyword",
    "version": "keyword",
    "index": "integer",
    "source": "keyword",
    "path": "keyword",
    "type": "keyword",
    "language": "keyword",
    "author": "keyword",
    "tags": "keyword",
    "year": "integer",
    "size": "integer",
    "pages": "integer",
    "modified": "datetime",
    "created": "datetime",
    "title_folded": "substring",
    "path_folded": "substring",
    "title_prefixes": "keyword",
    "section_prefixes": "keyword",
}
"""Every field that is filtered, faceted or sorted by."""


DOCUMENT_FIELDS = (
    "tenant", "access", "source", "path", "title", "type", "language", "size", "modified",
    "content_hash", "fingerprint", "chunk_count", "author", "created", "pages", "tags",
    "keywords", "named", "container", "stamp",
)  # fmt: skip
"""What `to_document` reads: enough to list documents without their text."""


def payload_field(field: str) -> str:
    """Return where the payload keeps a field of `filters.FIELDS`."""
    return "document" if field == "id" else field


def folded_field(field: str) -> str:
    """Return where the payload keeps a field without case and diacritics."""
    return f"{field}_folded"


def version_of(document: Document) -> str:
    """Return what tells two versions of a document apart."""
    return f"{document.content_hash}:{document.fingerprint}"


def document_payload(document: Document) -> dict[str, Any]:
    """Lay out what all chunks of a document have in common."""
    payload: dict[str, Any] = {
        "tenant": document.tenant,
        "access": list(document.access),
        "document": document.id,
        "version": version_of(document),
        "source": document.source,
        "path": document.path,
        "path_folded": fold(document.path),
        "title": document.title,
        "title_folded": fold(document.title),
        "title_prefixes": prefixes(document.title),
        "type": document.type,
        "language": document.language,
        "size": document.size,
        "modified": document.modified.isoformat(),
        "year": document.modified.year,
        "content_hash": document.content_hash,
        "fingerprint": document.fingerprint,
        "chunk_count": document.chunk_count,
        "author": document.author,
        "created": document.created.isoformat() if document.created else None,
        "pages": document.pages,
        "tags": list(document.tags),
        "keywords": list(document.keywords),
        "named": document.named,
        "container": document.container,
        "stamp": document.stamp,
    }
    return {key: value for key, value in payload.items() if value is not None}


def staged_payload(item: IndexedChunk) -> dict[str, Any]:
    """Lay a chunk out as the payload of its point, invisible until it gets its tenant."""
    chunk = item.chunk
    payload = document_payload(item.document) | {
        "index": chunk.index,
        "text": chunk.text,
        "section": list(chunk.section),
        "section_prefixes": prefixes(*chunk.section),
        "tokens": chunk.tokens,
    }
    if chunk.page is not None:
        payload["page"] = chunk.page
    if chunk.index > 0:
        del payload["title_prefixes"]  # titles are looked up where documents are listed
    del payload["tenant"]
    return payload


def points_by_tenant(documents: Sequence[Document]) -> dict[str, list[str]]:
    """Return the ids of all chunks of these versions, grouped by tenant."""
    points: dict[str, list[str]] = {}
    for document in documents:
        ids = (chunk_id(document, index) for index in range(document.chunk_count))
        points.setdefault(document.tenant, []).extend(ids)
    return points


def id_groups(document: Document, size: int) -> Iterator[list[str]]:
    """Yield the ids of a version's chunks, at most `size` at a time."""
    for start in range(0, document.chunk_count, size):
        end = min(start + size, document.chunk_count)
        yield [chunk_id(document, index) for index in range(start, end)]


def to_document(payload: Mapping[str, Any]) -> Document:
    """Read the document back from the payload of any of its chunks."""
    created = payload.get("created")
    return Document(
        tenant=payload["tenant"],
        source=payload["source"],
        path=payload["path"],
        title=payload["title"],
        type=payload["type"],
        language=payload["language"],
        size=payload["size"],
        modified=datetime.fromisoformat(payload["modified"]),
        content_hash=payload["content_hash"],
        fingerprint=payload["fingerprint"],
        chunk_count=payload["chunk_count"],
        author=payload.get("author"),
        created=datetime.fromisoformat(created) if created else None,
        pages=payload.get("pages"),
        tags=tuple(payload.get("tags", ())),
        access=tuple(payload.get("access", ())),
        keywords=tuple(payload.get("keywords", ())),
        named=payload.get("named", False),
        container=payload.get("container"),
        stamp=payload.get("stamp", ""),
    )


def to_chunk(payload: Mapping[str, Any]) -> Chunk:
    """Read the chunk back from its payload."""
    return Chunk(
        index=payload["index"],
        text=payload["text"],
        section=tuple(payload.get("section", ())),
        page=payload.get("page"),
        tokens=payload.get("tokens", 0),
    )


def identity_payload(identity: IndexIdentity) -> dict[str, Any]:
    """Lay the identity out as the payload of its point."""
    return {"identity": asdict(identity)}


def to_identity(payload: Mapping[str, Any]) -> IndexIdentity:
    """Read the identity back; fields of a later layout are ignored."""
    stored = payload["identity"]
    return IndexIdentity(
        layout=stored["layout"],
        model=stored["model"],
        revision=stored["revision"],
        dimension=stored["dimension"],
        analyzer=stored["analyzer"],
    )
