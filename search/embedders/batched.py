"""Embeds queries together that come at the same time, around any embedder that gains by it."""

from collections.abc import Sequence
from threading import Event, Lock

from search.domain import Vector
from search.embedders.base import Embedder, ModelSpec


class _Asked:
    """A query on its way, and the caller that waits for it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.woken = Event()
        """It has its vector, or it is this caller's turn to embed."""
        self.vector: Vector | None = None
        self.error: BaseException | None = None


class BatchedQueries:
    """An embedder whose batches are what queued while the one before them ran.

    A lone query is embedded at once, by its own caller. Those that come meanwhile wait; then
    the first of them embeds for all. Nobody waits for a batch to fill, and one batch runs at
    a time.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._queue: list[_Asked] = []
        self._running = False
        self._lock = Lock()

    @property
    def spec(self) -> ModelSpec:
        """Describe the model."""
        return self._embedder.spec

    @property
    def query_batch(self) -> int:
        """Tell how many queries are embedded together at most."""
        return self._embedder.query_batch

    def embed_query(self, text: str) -> Vector:
        """Embed one query, with others that wait: float32 [dimension].

        Raises:
            ModelError: the model cannot be loaded or run.
        """
        mine = _Asked(text)
        with self._lock:
            self._queue.append(mine)
            if not self._running:
                self._running = True
                mine.woken.set()
        mine.woken.wait()
        if mine.vector is None and mine.error is None:
            self._run()
        if mine.vector is None:
            assert mine.error is not None
            raise mine.error
        return mine.vector

    def embed_queries(self, texts: Sequence[str]) -> Vector:
        """Embed queries that one caller has: float32 [len(texts), dimension]."""
        return self._embedder.embed_queries(texts)

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Embed passages: float32 [len(texts), dimension]."""
        return self._embedder.embed_passages(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text as a passage."""
        return self._embedder.count_tokens(texts)

    def _run(self) -> None:
        """Embed the head of the queue, which begins with the caller's own; then hand over."""
        with self._lock:
            size = self.query_batch
            batch, self._queue = self._queue[:size], self._queue[size:]
        try:
            vectors = self._embedder.embed_queries([asked.text for asked in batch])
            for asked, vector in zip(batch, vectors, strict=True):
                asked.vector = vector
        except BaseException as error:
            for asked in batch:
                asked.error = error
        finally:
            with self._lock:
                if self._queue:
                    self._queue[0].woken.set()
                else:
                    self._running = False
            for asked in batch:
                asked.woken.set()
