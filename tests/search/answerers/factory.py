"""Small pools for the tests of answerers."""

from collections.abc import Sequence

from search.domain import Chunk, Hit
from search.embedders.fake import FakeEmbedder
from search.pool import Pool
from search.signals import pool_of
from tests.search.stores.factory import document

EMBEDDER = FakeEmbedder()


def hit(path: str, text: str, language: str = "pl") -> Hit:
    return Hit(document(path, language=language), Chunk(0, text), 1.0)


def pool(query: str, *texts: str, language: str = "pl") -> Pool:
    """Make a pool of passages from `0.md`, `1.md`, … with the stand-in model's signals."""
    return pool_from(
        query, [hit(f"{place}.md", text, language) for place, text in enumerate(texts)]
    )


def pool_from(query: str, hits: Sequence[Hit]) -> Pool:
    vectors = EMBEDDER.embed_passages([each.chunk.text for each in hits])
    by_id = {each.id: vector for each, vector in zip(hits, vectors, strict=True)}
    return pool_of(query, EMBEDDER.embed_query(query), hits, by_id)
