"""A cross-encoder of sentence-transformers: query and passage are read together.

Importing this module imports nothing heavy; the model and PyTorch load at first use.
"""

from threading import Lock
from typing import TYPE_CHECKING

from search.deadline import NEVER, Deadline
from search.embedders.hardware import prepare_torch
from search.errors import ModelError
from search.pool import Pool
from search.rerankers.base import Reranking

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

BATCH = 4
"""Passages between two looks at the deadline."""


class CrossEncoderReranker:
    """See the module."""

    def __init__(self, model: str) -> None:
        """Prepare it.

        Args:
            model: a model's id, or its folder.
        """
        self.name = f"cross-encoder:{model}"
        self._id = model
        self._model: CrossEncoder | None = None
        self._lock = Lock()

    def rerank(self, pool: Pool, deadline: Deadline = NEVER) -> Reranking:
        """Score every passage of a pool.

        Raises:
            DeadlineError: the deadline passed before all were scored.
            ModelError: the model cannot be loaded.
        """
        scores: list[float] = []
        with self._lock:
            for first in range(0, len(pool.hits), BATCH):
                deadline.check("read the passages")
                pairs = [(pool.query, hit.chunk.text) for hit in pool.hits[first : first + BATCH]]
                found = self._ready().predict(pairs, batch_size=BATCH, show_progress_bar=False)
                scores += [float(score) for score in found]
        return Reranking(tuple(scores))

    def _ready(self) -> "CrossEncoder":
        if self._model is None:
            prepare_torch()
            from sentence_transformers import CrossEncoder

            try:
                self._model = CrossEncoder(self._id)
            except (OSError, ValueError) as error:
                raise ModelError(
                    f"The cross-encoder {self._id} cannot be loaded: {error}. Give the folder of "
                    "one, or load it once while there is a network."
                ) from error
        return self._model
