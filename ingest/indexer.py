"""From parsed documents to searchable chunks: cut, detect the language, embed, store.

`prepare` needs no model and may run beside the embedding; `write` embeds the chunks of many
documents in batches of similar length, so that little is spent on padding.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.chunking import chunk, passage_text
from ingest.language import detect_language
from ingest.parsers.base import ParsedDocument
from search.assemble import identity_for
from search.domain import Chunk, Document, IndexedChunk, Vector
from search.embedders.base import Embedder
from search.errors import EmptyDocumentError
from search.lexical.bm25 import Bm25
from search.settings import Settings
from search.stores.base import Store

PARSER_VERSION = 1
"""Raise it when parsing or chunking changes: documents are then indexed anew."""

LANGUAGE_SAMPLE = 4000
"""Characters of a document that its language is told from."""


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """A document cut into chunks, with the texts to embed."""

    document: Document
    chunks: tuple[Chunk, ...]
    passages: tuple[str, ...]
    """What the model and the lexical index read: breadcrumb and text, one per chunk."""


class Indexer:
    """Turns parsed documents into chunks of one store."""

    def __init__(self, embedder: Embedder, store: Store, settings: Settings) -> None:
        self._embedder = embedder
        self._store = store
        self._bm25 = Bm25(settings.lexical)
        self._chunking = settings.chunking
        self._batch_tokens = settings.embedder.batch_tokens
        self.fingerprint = fingerprint(embedder, settings)

    def prepare(self, document: Document, parsed: ParsedDocument) -> PreparedDocument:
        """Cut a parsed document into chunks.

        Args:
            document: what is known of the file; language and chunk count are filled in here.
            parsed: its blocks.

        Raises:
            EmptyDocumentError: there is nothing to index.
        """
        chunks = tuple(chunk(parsed, self._embedder.count_tokens, self._chunking, document.title))
        if not chunks:
            raise EmptyDocumentError("The file holds no text.")
        text = "\n".join(piece.text for piece in chunks[:20])
        document = replace(
            document,
            language=detect_language(text[:LANGUAGE_SAMPLE]),
            chunk_count=len(chunks),
            fingerprint=self.fingerprint,
        )
        passages = tuple(passage_text(document.title, piece) for piece in chunks)
        return PreparedDocument(document, chunks, passages)

    def write(
        self,
        batch: Sequence[PreparedDocument],
        on_chunks: Callable[[int], None] = lambda count: None,
    ) -> None:
        """Embed and store documents; each replaces its former version.

        The first chunk of a document, which is its row in the manifest, goes in last, and
        the former version goes out after that: an interrupted run leaves no gap and is
        repaired by the next.

        Args:
            batch: documents; together they should hold a few hundred chunks.
            on_chunks: called with the number of chunks embedded, as they are.
        """
        vectors = self._embed(batch, on_chunks)
        items = []
        for prepared in batch:
            for piece, text in zip(prepared.chunks, prepared.passages, strict=True):
                sparse = self._bm25.passage(text, prepared.document.language)
                items.append(IndexedChunk(prepared.document, piece, vectors[text], sparse))
        self._store.upsert([item for item in items if item.chunk.index > 0])
        self._store.upsert([item for item in items if item.chunk.index == 0])
        for prepared in batch:
            self._store.remove_stale(prepared.document)

    def _embed(
        self, batch: Sequence[PreparedDocument], on_chunks: Callable[[int], None]
    ) -> dict[str, Vector]:
        """Embed each distinct passage once: passage -> float32 [dimension]."""
        limit = self._embedder.spec.max_tokens
        lengths = {
            text: min(piece.tokens, limit)
            for prepared in batch
            for piece, text in zip(prepared.chunks, prepared.passages, strict=True)
        }
        texts = list(lengths)
        vectors: dict[str, Vector] = {}
        for group in batches(list(lengths.values()), self._batch_tokens):
            passages = [texts[position] for position in group]
            vectors.update(zip(passages, self._embedder.embed_passages(passages), strict=True))
            on_chunks(len(group))
        on_chunks(sum(len(prepared.chunks) for prepared in batch) - len(texts))
        return vectors


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Group items of similar length so that each padded batch stays within a token budget.

    Args:
        lengths: tokens of each item.
        budget: tokens of a batch, padding included; a longer item goes alone.

    Yields:
        Positions in `lengths`, longest first; every position once.
    """
    group: list[int] = []
    for position in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        longest = lengths[group[0]] if group else lengths[position]
        if group and longest * (len(group) + 1) > budget:
            yield group
            group = []
        group.append(position)
    if group:
        yield group


def fingerprint(embedder: Embedder, settings: Settings) -> str:
    """Return what changes whenever the same file may give other chunks or vectors, in hex."""
    identity = identity_for(embedder)
    parts = (
        PARSER_VERSION,
        [identity.model, identity.revision, identity.analyzer],
        settings.chunking.model_dump(),
        settings.lexical.model_dump(),
    )
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=8).hexdigest()
