"""The one payload layout: a chunk and its document as a flat JSON object, and back.

Chunk 0 of a document doubles as its row in the manifest: listing documents means listing
the points with `index` 0.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from search.domain import Chunk, Document, IndexedChunk
from search.stores.base import IndexIdentity

LAYOUT_VERSION = 1
"""Raise it when an index written before can no longer be read."""

DENSE = "dense"
LEXICAL = "lexical"

IDENTITY_POINT = "00000000-0000-0000-0000-000000000000"
"""The point whose payload is the index's identity; it has no tenant, so no read meets it."""

IndexKind = Literal["keyword", "integer", "datetime"]

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
    "modified": "datetime",
}
"""Every field that is filtered, faceted or sorted by."""


def version_of(document: Document) -> str:
    """Return what tells two versions of a document apart."""
    return f"{document.content_hash}:{document.fingerprint}"


def to_payload(item: IndexedChunk) -> dict[str, Any]:
    """Lay a chunk out as the payload of its point."""
    document, chunk = item.document, item.chunk
    payload: dict[str, Any] = {
        "tenant": document.tenant,
        "access": list(document.access),
        "document": document.id,
        "version": version_of(document),
        "index": chunk.index,
        "source": document.source,
        "path": document.path,
        "title": document.title,
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
        "text": chunk.text,
        "section": list(chunk.section),
        "page": chunk.page,
        "tokens": chunk.tokens,
    }
    return {key: value for key, value in payload.items() if value is not None}


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
