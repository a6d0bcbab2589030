"""Remembers the vectors of queries, around any embedder."""

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Lock

import numpy as np

from search.domain import Vector
from search.embedders.base import Embedder, ModelSpec


class CachedQueries:
    """An embedder that embeds a query once, however many ask for it, one after another or at once.

    Vectors depend on nothing but the text, so that all callers may share them. What does show
    is whether somebody asked the very same query of late: it takes less time.
    """

    def __init__(self, embedder: Embedder, size: int) -> None:
        """Wrap an embedder.

        Args:
            embedder: embeds what is not remembered, and all passages.
            size: how many queries are remembered; those asked longest ago are forgotten.
        """
        self._embedder = embedder
        self._size = size
        self._vectors: OrderedDict[str, Vector] = OrderedDict()
        self._flights: dict[str, Future[Vector]] = {}
        self._lock = Lock()
        self.hits = 0
        """Queries whose vector was remembered, or already being made for another caller."""
        self.misses = 0
        """Queries that had to be embedded."""

    @property
    def spec(self) -> ModelSpec:
        """Describe the model."""
        return self._embedder.spec

    @property
    def query_batch(self) -> int:
        """Tell how many queries to embed together."""
        return self._embedder.query_batch

    def embed_query(self, text: str) -> Vector:
        """Return the vector of a query, read-only: float32 [dimension].

        Raises:
            ModelError: the model cannot be loaded or run; the next caller tries again.
        """
        with self._lock:
            known = self._vectors.get(text)
            if known is not None:
                self._vectors.move_to_end(text)
                self.hits += 1
                return known
            others = self._flights.get(text)
            if others is None:
                mine = self._flights[text] = Future()
                self.misses += 1
            else:
                self.hits += 1
        return self._fly(text, mine) if others is None else others.result()

    def embed_queries(self, texts: Sequence[str]) -> Vector:
        """Embed queries: float32 [len(texts), dimension]; neither looked up nor remembered."""
        return self._embedder.embed_queries(texts)

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Embed passages: float32 [len(texts), dimension]."""
        return self._embedder.embed_passages(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text as a passage."""
        return self._embedder.count_tokens(texts)

    def _fly(self, text: str, flight: Future[Vector]) -> Vector:
        """Embed for this caller and for all that ask the same meanwhile."""
        try:
            vector = np.array(self._embedder.embed_query(text))
        except BaseException as error:
            with self._lock:
                del self._flights[text]
            flight.set_exception(error)
            raise
        vector.flags.writeable = False
        with self._lock:
            del self._flights[text]
            self._vectors[text] = vector
            if len(self._vectors) > self._size:
                self._vectors.popitem(last=False)
        flight.set_result(vector)
        return vector
