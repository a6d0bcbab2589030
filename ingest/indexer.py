"""From parsed documents to searchable chunks: cut, detect the language, embed, store.

`prepare` needs no model and may run beside the embedding; `embed` takes chunks of many
documents and batches those of similar length, so that little is spent on padding; `write`
makes a document visible when its last chunk is stored.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.chunking import chunk, passage_text
from ingest.fingerprint import fingerprint
from ingest.parsers.base import ParsedDocument
from ingest.windows import Window
from search.domain import Chunk, Document, IndexedChunk, SparseVector, Vector
from search.embedders.base import Embedder
from search.errors import EmptyDocumentError
from search.lexical.bm25 import Bm25
from search.lexical.language import detect_language
from search.settings import Settings
from search.stores.base import Store

LANGUAGE_SAMPLE = 4000
"""Characters of a document that its language is told from."""

REMEMBERED = 8192
"""Vectors of passages embedded before, for those that come again: 12 MB at 384 dimensions."""


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """A document cut into chunks, with what the model and the lexical index read of each."""

    document: Document
    chunks: tuple[Chunk, ...]
    passages: tuple[str, ...]
    """To embed: breadcrumb and text."""
    terms: tuple[SparseVector, ...]
    replaces: bool = False
    """There may be a former version, which goes once this one is complete."""


class Indexer:
    """Turns parsed documents into chunks of one store."""

    def __init__(self, embedder: Embedder, store: Store, settings: Settings) -> None:
        self._embedder = embedder
        self._store = store
        self._bm25 = Bm25(settings.lexical)
        self._chunking = settings.chunking
        self._batch_tokens = settings.embedder.batch_tokens
        self._remembered: dict[str, Vector] = {}
        self.fingerprint = fingerprint(embedder, settings)

    def prepare(
        self, document: Document, parsed: ParsedDocument, *, replaces: bool = False
    ) -> PreparedDocument:
        """Cut a parsed document into chunks.

        Args:
            document: what is known of the file; language and chunk count are filled in here.
            parsed: its blocks.
            replaces: there may be a former version of it in the store.

        Raises:
            EmptyDocumentError: there is nothing to index.
        """
        title = embedded_title(document)
        chunks = tuple(chunk(parsed, self._embedder.count_tokens, self._chunking, title))
        if not chunks:
            raise EmptyDocumentError("The file holds no text: exclude it, or run OCR on it first.")
        text = "\n".join(piece.text for piece in chunks[:20])
        document = replace(
            document,
            language=detect_language(text[:LANGUAGE_SAMPLE]),
            chunk_count=len(chunks),
            fingerprint=self.fingerprint,
        )
        return PreparedDocument(
            document,
            chunks,
            tuple(passage_text(title, piece) for piece in chunks),
            tuple(self._terms(document, piece) for piece in chunks),
            replaces,
        )

    def embed(
        self,
        window: Window[PreparedDocument],
        on_chunks: Callable[[int], None] = lambda count: None,
    ) -> list[IndexedChunk]:
        """Embed the chunks of a window; a passage met before is not embedded again.

        Args:
            window: chunks of one or more documents.
            on_chunks: called with the number of chunks embedded, as they are.
        """
        limit = self._embedder.spec.max_tokens
        lengths = {
            prepared.passages[index]: min(prepared.chunks[index].tokens, limit)
            for prepared, index in window.pieces
        }
        vectors = {text: self._remembered[text] for text in lengths if text in self._remembered}
        texts = [text for text in lengths if text not in vectors]
        for group in batches([lengths[text] for text in texts], self._batch_tokens):
            passages = [texts[position] for position in group]
            vectors.update(zip(passages, self._embedder.embed_passages(passages), strict=True))
            on_chunks(len(group))
        on_chunks(len(window.pieces) - len(texts))
        self._remember(vectors)
        return [
            IndexedChunk(
                prepared.document,
                prepared.chunks[index],
                vectors[prepared.passages[index]],
                prepared.terms[index],
            )
            for prepared, index in window.pieces
        ]

    def write(self, items: Sequence[IndexedChunk], complete: Sequence[PreparedDocument]) -> None:
        """Store the chunks of a window.

        Nobody meets a chunk before its document is complete; then the new version becomes
        visible as a whole, and the former one goes. An interrupted run leaves no gap.

        Args:
            items: chunks with their vectors.
            complete: the documents whose last chunk is among them.
        """
        self._store.stage(items)
        self._store.publish([prepared.document for prepared in complete])
        for prepared in complete:
            if prepared.replaces:
                self._store.remove_stale(prepared.document)

    def move(self, former: Document, document: Document) -> bool:
        """Give a document a new place without embedding it again.

        Returns:
            False when its former version is incomplete, so that it must be parsed instead.
        """
        moved = 0
        batch: list[IndexedChunk] = []
        for item in self._store.read_back(former):
            terms = self._terms(document, item.chunk) if document.named else item.sparse
            batch.append(IndexedChunk(document, item.chunk, item.dense, terms))
            if len(batch) == 256:
                self._store.stage(batch)
                moved, batch = moved + len(batch), []
        self._store.stage(batch)
        if moved + len(batch) != document.chunk_count:
            return False
        self._store.publish([document])
        self._store.remove([former])
        return True

    def _terms(self, document: Document, piece: Chunk) -> SparseVector:
        return self._bm25.passage(passage_text(document.title, piece), document.language)

    def _remember(self, vectors: dict[str, Vector]) -> None:
        for text, vector in vectors.items():
            self._remembered.pop(text, None)
            self._remembered[text] = vector
        while len(self._remembered) > REMEMBERED:
            del self._remembered[next(iter(self._remembered))]


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


def embedded_title(document: Document) -> str:
    """Return the title that leads the breadcrumb; a file's name is for the lexical index only."""
    return "" if document.named else document.title
