"""A dataset as an index of its own, made for one measurement and thrown away."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ingest.indexer import Indexer
from ingest.parsers.base import Block, ParsedDocument
from ingest.windows import windows
from search.assemble import build_embedder, identity_for
from search.domain import PUBLIC, Document
from search.experiments.datasets import Dataset, Passage
from search.lexical.bm25 import Bm25
from search.pipeline import Pipeline
from search.settings import Settings
from search.stores.edge import EdgeStore

SOURCE = "dataset"


@contextmanager
def temporary_index(
    dataset: Dataset, settings: Settings, on_documents: Callable[[int], None] = lambda count: None
) -> Iterator[Pipeline]:
    """Index a dataset's corpus into a temporary embedded store; documents' paths are its ids.

    Args:
        dataset: its corpus is chunked and embedded as files would be.
        settings: model, chunking, weights and retrieval in force; the store is not touched.
        on_documents: called with the number of documents indexed, as they are.

    Yields:
        A pipeline over the index.
    """
    embedder = build_embedder(settings.embedder)
    with tempfile.TemporaryDirectory(prefix="semsearch-eval-") as folder:
        store = EdgeStore(Path(folder) / "index", create=identity_for(embedder))
        try:
            indexer = Indexer(embedder, store, settings)
            prepared = (
                indexer.prepare(_document(passage, settings.tenant), _parsed(passage))
                for passage in dataset.corpus
                if passage.title.strip() or passage.text.strip()
            )
            for window in windows(prepared):
                indexer.write(indexer.embed(window), window.complete)
                on_documents(len(window.complete))
            yield Pipeline(embedder, Bm25(settings.lexical), store, settings.retrieval)
        finally:
            store.close()


def _document(passage: Passage, tenant: str) -> Document:
    content = f"{passage.title}\x1f{passage.text}".encode()
    return Document(
        tenant=tenant,
        source=SOURCE,
        path=passage.id,
        title=passage.title.strip(),
        type="txt",
        language="und",
        size=len(content),
        modified=datetime(1970, 1, 1, tzinfo=UTC),
        content_hash=hashlib.blake2b(content, digest_size=16).hexdigest(),
        fingerprint="",
        chunk_count=0,
        access=(PUBLIC,),
    )


def _parsed(passage: Passage) -> ParsedDocument:
    text = passage.text.strip() or passage.title.strip()
    paragraphs = (part.strip() for part in text.split("\n\n"))
    blocks = tuple(Block("text", part) for part in paragraphs if part)
    return ParsedDocument(blocks=blocks, title=passage.title.strip() or None)
