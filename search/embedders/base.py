"""The seam to embedding models."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from search.domain import Vector


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What identifies an embedding model and bounds its input."""

    name: str
    revision: str
    """Changes whenever the same text may get another vector."""
    dimension: int
    licence: str
    max_tokens: int
    """Longest input, prompt and special tokens included; what exceeds it is cut off."""


class Embedder(Protocol):
    """Turns texts into vectors; queries and passages are embedded differently.

    All vectors are float32 and L2-normalized, so that the dot product is the cosine.
    A batch gives the same vectors as its texts one by one (up to rounding), an empty
    text gets a vector like any other, an over-long one is cut at `spec.max_tokens`.
    Implementations load their model at first use and raise `ModelError` when they cannot.
    """

    @property
    def spec(self) -> ModelSpec:
        """Describe the model; must not load it when that takes more than a moment."""
        ...

    @property
    def query_batch(self) -> int:
        """Tell how many queries to embed together; 1 when that is no faster than one by one."""
        ...

    def embed_query(self, text: str) -> Vector:
        """Embed one query: float32 [dimension]."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> Vector:
        """Embed queries: float32 [len(texts), dimension], in the order given."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Embed passages: float32 [len(texts), dimension], in the order given.

        One call is one forward pass or a few; the caller forms batches of similar length.
        """
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text as a passage, prompt and special tokens included, uncut."""
        ...
