"""The embedder for tests: hashed word stems, deterministic, no model."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from search.domain import Vector
from search.embedders.base import ModelSpec

STEM_LENGTH = 5
SPECIAL_TOKENS = 2
_WORD = re.compile(r"[^\W\d_]+")


class FakeEmbedder:
    """Embeds a text as its bag of word beginnings, hashed into a few dimensions.

    Texts that share words are similar, across the endings of an inflected language
    (`urlop`, `urlopu`). One pair of unrelated words in `dimension` collides. A text without
    words gets a fixed vector.
    """

    query_batch = 1

    def __init__(self, dimension: int = 256, max_tokens: int = 512) -> None:
        self._spec = ModelSpec(
            name="fake",
            revision="fake-1",
            dimension=dimension,
            licence="Apache-2.0",
            max_tokens=max_tokens,
        )

    @property
    def spec(self) -> ModelSpec:
        """Describe the model."""
        return self._spec

    def embed_query(self, text: str) -> Vector:
        """Embed one query: float32 [dimension]."""
        vector = np.zeros(self._spec.dimension, dtype=np.float32)
        words = _WORD.findall(text.casefold())[: self._spec.max_tokens - SPECIAL_TOKENS]
        for word in words:
            vector[_bucket(word[:STEM_LENGTH], self._spec.dimension)] += 1
        if not words:
            vector[0] = 1
        return vector / np.linalg.norm(vector)

    def embed_queries(self, texts: Sequence[str]) -> Vector:
        """Embed queries: float32 [len(texts), dimension]."""
        return self.embed_passages(texts)

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Embed passages, exactly like queries: float32 [len(texts), dimension]."""
        vectors = np.empty((len(texts), self._spec.dimension), dtype=np.float32)
        for index, text in enumerate(texts):
            vectors[index] = self.embed_query(text)
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the words of each text, and two special tokens."""
        return [len(_WORD.findall(text)) + SPECIAL_TOKENS for text in texts]


def _bucket(stem: str, buckets: int) -> int:
    # Not `hash`, which differs from one process to the next.
    digest = hashlib.blake2b(stem.encode("utf-8", "replace"), digest_size=4).digest()
    return int.from_bytes(digest, "little") % buckets
