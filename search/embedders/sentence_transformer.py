"""Any sentence-transformers model: a folder, or an id on the Hugging Face Hub."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from search.domain import Vector
from search.embedders.base import ModelSpec
from search.embedders.hardware import choose_device, choose_precision, prepare_torch
from search.embedders.model_identity import folder_revision, licence_of
from search.embedders.text import encodable
from search.embedders.token_counter import TokenCounter
from search.errors import ModelCorruptError, ModelError, ModelMissingError
from search.settings import EmbedderSettings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PASSAGE_PROMPTS = ("document", "passage", "corpus")
"""Names under which models keep the prompt for passages."""
UNLIMITED = 1_000_000


class SentenceTransformerEmbedder:
    """A model run by sentence-transformers on PyTorch, with the prompts of its own configuration.

    The transformer runs in the chosen precision; pooling and what follows in float32, which
    costs nothing and keeps the vectors' length and the sums over tokens exact.
    """

    query_batch = 32
    """Measured with multilingual-e5-small on two cores: 14 ms a query alone, 8 ms in pairs,
    4 ms in batches of 32."""

    def __init__(
        self, model: str, settings: EmbedderSettings, counter: TokenCounter | None = None
    ) -> None:
        self._name = model
        self._settings = settings
        self._given_counter = counter
        self._loading = RLock()

    @property
    def spec(self) -> ModelSpec:
        """Describe the model; loads it."""
        model = self._load()
        folder = self._folder()
        return ModelSpec(
            name=self._name,
            revision=folder_revision(folder),
            dimension=_dimension(model),
            licence=licence_of(folder),
            max_tokens=self._max_tokens(model),
        )

    def embed_query(self, text: str) -> Vector:
        """Embed one query: float32 [dimension]."""
        vector: Vector = self.embed_queries([text])[0]
        return vector

    def embed_queries(self, texts: Sequence[str]) -> Vector:
        """Embed queries: float32 [len(texts), dimension], in batches of `batch_tokens`."""
        model = self._load()
        return self._embed(texts, model.encode_query, model.prompts.get("query") or "")

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Embed passages: float32 [len(texts), dimension], in batches of `batch_tokens`."""
        model = self._load()
        return self._embed(texts, model.encode_document, _passage_prompt(model))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count tokens as a passage, prompt and special tokens included, uncut."""
        with self._loading:
            counter = self._counter
        return counter(texts)

    @property
    def encoder(self) -> Any:
        """Return the transformer inside; loads the model."""
        return self._load()[0].auto_model

    def _embed(self, texts: Sequence[str], encode: Callable[..., Any], prompt: str) -> Vector:
        model = self._load()
        vectors = np.empty((len(texts), _dimension(model)), dtype=np.float32)
        limit = self._max_tokens(model)
        lengths = [min(count, limit) for count in self.count_tokens(texts)]
        for batch in length_sorted_batches(lengths, self._settings.batch_tokens):
            vectors[batch] = encode(
                [encodable(texts[index]) for index in batch],
                prompt=prompt,
                batch_size=len(batch),
                show_progress_bar=False,
            )
        return _normalized(vectors)

    def _load(self) -> "SentenceTransformer":
        with self._loading:
            return self._model

    @cached_property
    def _model(self) -> "SentenceTransformer":
        prepare_torch()
        import torch

        device = choose_device(self._settings)
        dtype = getattr(torch, choose_precision(self._settings, device))
        model = _open_model(self._name, device=device, model_kwargs={"dtype": dtype})
        model.eval()
        for module in list(model)[1:]:
            module.float()
        model[0].register_forward_hook(_pool_in_float32)
        return model

    @cached_property
    def _counter(self) -> TokenCounter:
        if self._given_counter is not None:
            return self._given_counter
        from tokenizers import Tokenizer

        model = self._load()
        tokenizer = getattr(model.tokenizer, "backend_tokenizer", model.tokenizer)
        if not isinstance(tokenizer, Tokenizer):
            raise ModelError(
                f"Model {self._name} has no fast tokenizer (tokenizer.json); choose one that has."
            )
        return TokenCounter(Tokenizer.from_str(tokenizer.to_str()), _passage_prompt(model))

    def _folder(self) -> Path:
        local = Path(self._name).expanduser()
        if local.is_dir():
            return local
        from huggingface_hub import snapshot_download

        name = self._name if "/" in self._name else f"sentence-transformers/{self._name}"
        return Path(snapshot_download(name, local_files_only=True))

    def _max_tokens(self, model: "SentenceTransformer") -> int:
        return min(model.max_seq_length or UNLIMITED, UNLIMITED)


def length_sorted_batches(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Yield the indices of texts in batches of at most `batch_tokens`, padding included.

    Texts of similar length share a batch; one text may exceed the limit alone.
    """
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[index] > batch_tokens:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _open_model(name: str, **options: Any) -> "SentenceTransformer":
    """Load from a folder or the local cache; download only what is not there."""
    from huggingface_hub.errors import LocalEntryNotFoundError, OfflineModeIsEnabled
    from sentence_transformers import SentenceTransformer

    folder = Path(name).expanduser()
    if folder.is_dir():
        try:
            return SentenceTransformer(str(folder), local_files_only=True, **options)
        except Exception as error:  # torch, safetensors, transformers and json all raise their own
            raise ModelCorruptError(
                f"Model folder cannot be loaded: {folder} ({_first_line(error)}). It must hold "
                "a complete sentence-transformers model."
            ) from error
    try:
        return SentenceTransformer(name, local_files_only=True, **options)
    except (OSError, ValueError, LocalEntryNotFoundError):
        pass
    try:
        return SentenceTransformer(name, **options)
    except (OSError, OfflineModeIsEnabled) as error:
        raise ModelMissingError(
            f"Model {name} is not on this machine and cannot be downloaded "
            f"({_first_line(error)}). Run once online, or give the path of its folder: "
            "SEMSEARCH_EMBEDDER__MODEL=sentence-transformers:/path/to/model."
        ) from error
    except Exception as error:
        raise ModelError(f"Model {name} cannot be loaded: {_first_line(error)}") from error


def _pool_in_float32(_module: object, _inputs: object, features: Any) -> Any:
    if "token_embeddings" in features:
        features["token_embeddings"] = features["token_embeddings"].float()
    return features


def _passage_prompt(model: "SentenceTransformer") -> str:
    # `document` is always among the prompts of sentence-transformers 6, empty by default, and
    # would hide the `passage` of a model that says so.
    return next(filter(None, map(model.prompts.get, PASSAGE_PROMPTS)), "")


def _dimension(model: "SentenceTransformer") -> int:
    dimension = model.get_embedding_dimension()
    if dimension is None:
        raise ModelError("The model does not say how many dimensions its vectors have.")
    return dimension


def _normalized(vectors: Any) -> Vector:
    array = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(array, axis=1, keepdims=True)
    normalized: Vector = array / np.maximum(lengths, np.finfo(np.float32).tiny)
    return normalized


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
