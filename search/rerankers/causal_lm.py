"""A causal language model that tells how likely a query is after a passage.

PyTorch, because llama.cpp tells no log-probabilities of a prompt. What the model computes for a
passage does not depend on the query, so it is kept: asked again, a passage costs only the
query's tokens. Passages of a pool share one padded pass, on the left, so that all queries end
together; the vocabulary is looked at for the query's tokens alone.

Importing this module imports PyTorch and transformers.
"""

import warnings
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache, GgufConfig

from search.deadline import NEVER, Deadline
from search.embedders.hardware import cpu_computes_bfloat16
from search.embedders.model_folder import publish
from search.embedders.packed import pack
from search.errors import ModelError
from search.llms.bundled import BundledModel
from search.rerankers.vocabulary import Vocabulary

PASSAGE_TOKENS = 400
"""What is read of a passage; below the window of Gemma's local attention."""
QUERY_TOKENS = 64
BATCH_TOKENS = 1100
"""Tokens that are read in one pass; between two, the deadline is looked at."""


def unpacked(model: BundledModel, cache_dir: Path) -> Path:
    """Return an ordinary transformers folder of a bundled model; made at first use.

    Raises:
        ModelMissingError: its package is not installed.
        ModelError: the folder cannot be written, or the file not be read.
    """
    source = model.gguf(cache_dir)
    folder = cache_dir / f"{model.revision}-unpacked"

    def write(made: Path) -> None:
        try:
            tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
            unpacking = GgufConfig(dequantize=True)
            dense = AutoModelForCausalLM.from_pretrained(
                source.parent, gguf_file=source.name, dtype=torch.bfloat16,
                quantization_config=unpacking,
            )  # fmt: skip
        except (ImportError, OSError, ValueError) as error:
            raise ModelError(f"{source} cannot be unpacked ({error}): run `make llm`.") from error
        dense.save_pretrained(made)
        tokenizer.save_pretrained(made)

    publish(folder, write)
    return folder


class CausalLm:
    """Scores queries after passages; one call at a time, the others wait."""

    def __init__(self, folder: Path, cache_bytes: int) -> None:
        """Load a transformers folder.

        Args:
            folder: weights and tokenizer.
            cache_bytes: memory for what is known of passages.

        Raises:
            ModelError: it cannot be loaded.
        """
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = AutoModelForCausalLM.from_pretrained(
                    folder, dtype=_best_dtype(), local_files_only=True
                )
        except (OSError, ValueError) as error:
            raise ModelError(f"The model in {folder} cannot be loaded: {error}") from error
        model.train(False)
        self._body = model.model
        pack(self._body)
        weights = model.lm_head.weight.detach()
        tokens = self._tokenizer.convert_ids_to_tokens(list(range(len(weights))))
        self._vocabulary = Vocabulary(weights, tokens)
        self._states = PassageStates(cache_bytes)
        self._lock = Lock()

    @torch.inference_mode()
    def log_likelihoods(
        self, query: str, passages: Sequence[tuple[str, str]], deadline: Deadline = NEVER
    ) -> tuple[list[float], int, int]:
        """Return the mean log-probability of a query's tokens after each passage.

        Args:
            query: what follows each passage.
            passages: a key that stands for the text, and the text.
            deadline: looked at between batches.

        Returns:
            The mean log-probabilities; how many tokens were read; how many passages were known.

        Raises:
            DeadlineError: the deadline passed.
        """
        asked = self._encode(query, QUERY_TOKENS, special=False)
        texts = {key: self._encode(text, PASSAGE_TOKENS, special=True) for key, text in passages}
        with self._lock:
            known = {key: self._states.get(key) for key in texts}
            missing = sorted(
                (key for key, state in known.items() if state is None), key=lambda k: len(texts[k])
            )
            for batch in _batches(missing, texts):
                deadline.check("read the passages")
                for key, state in zip(batch, self._read([texts[k] for k in batch]), strict=True):
                    known[key] = state
                    self._states.put(key, state)
            keys = [key for key, _ in passages]
            scores: list[float] = []
            size = max(1, BATCH_TOKENS // len(asked)) if asked else len(keys)
            for first in range(0, len(keys), size):
                deadline.check("score the passages")
                part = keys[first : first + size]
                last = [texts[key][-1] for key in part]
                scores += self._score([_there(known[key]) for key in part], last, asked)
        tokens = sum(len(texts[key]) for key in missing) + len(asked) * len(keys)
        return scores, tokens, len(texts) - len(missing)

    def _encode(self, text: str, most: int, special: bool) -> list[int]:
        """Return tokens; of a long text the beginning, but always its end, which asks."""
        ids: list[int] = self._tokenizer(text, add_special_tokens=special)["input_ids"]
        return ids if len(ids) <= most else ids[: most - 8] + ids[-8:]

    def _read(self, texts: Sequence[Sequence[int]]) -> list[Tensor]:
        """Return what the model keeps of each text but for its last token.

        Returns:
            [2 (keys, values), layers, heads, tokens, dimension] for each.
        """
        longest = max(len(text) for text in texts) - 1
        ids = torch.zeros(len(texts), longest, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, text in enumerate(texts):
            ids[row, longest - len(text) + 1 :] = torch.tensor(text[:-1])
            mask[row, longest - len(text) + 1 :] = 1
        cache = DynamicCache()
        places = (mask.cumsum(1) - 1).clamp(min=0)
        self._body(
            input_ids=ids, attention_mask=mask, position_ids=places, past_key_values=cache,
            use_cache=True,
        )  # fmt: skip
        layers: Sequence[Any] = cache.layers
        keys = torch.stack([layer.keys for layer in layers])
        values = torch.stack([layer.values for layer in layers])
        both = torch.stack([keys, values])  # [2, layers, texts, heads, tokens, dimension]
        return [
            both[:, :, row, :, longest - len(text) + 1 :].clone() for row, text in enumerate(texts)
        ]

    def _score(
        self, states: Sequence[Tensor], last: Sequence[int], asked: Sequence[int]
    ) -> list[float]:
        if not asked:
            return [0.0] * len(states)
        longest = max(state.shape[3] for state in states)
        two, layers, heads, _, dimension = states[0].shape
        shape = (two, layers, len(states), heads, longest, dimension)
        both = torch.zeros(shape, dtype=states[0].dtype)
        mask = torch.ones(len(states), longest + len(asked), dtype=torch.long)
        for row, state in enumerate(states):
            both[:, :, row, :, longest - state.shape[3] :] = state
            mask[row, : longest - state.shape[3]] = 0
        targets = torch.tensor(asked).expand(len(states), -1)
        ids = torch.cat([torch.tensor(last)[:, None], targets[:, :-1]], dim=1)
        places = mask.cumsum(1)[:, -len(asked) :] - 1
        cache = DynamicCache([(both[0, layer], both[1, layer]) for layer in range(layers)])
        hidden = self._body(
            input_ids=ids, attention_mask=mask, position_ids=places, past_key_values=cache,
            use_cache=True,
        ).last_hidden_state  # fmt: skip
        found = self._vocabulary.log_probabilities(hidden.flatten(0, 1), targets.flatten())
        means: list[float] = found.view(len(states), -1).mean(1).tolist()
        return means


class PassageStates:
    """What a model knows of passages, the longest unused forgotten first."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held: OrderedDict[str, Tensor] = OrderedDict()
        self.bytes = 0

    def get(self, key: str) -> Tensor | None:
        """Return what is known, if anything."""
        if key in self._held:
            self._held.move_to_end(key)
        return self._held.get(key)

    def put(self, key: str, state: Tensor) -> None:
        """Keep it, and forget others for it; what is larger than all room is not kept."""
        if state.nbytes > self._most:
            return
        if key in self._held:
            self.bytes -= self._held.pop(key).nbytes
        self._held[key] = state
        self.bytes += state.nbytes
        while self.bytes > self._most:
            _, gone = self._held.popitem(last=False)
            self.bytes -= gone.nbytes


def _batches(keys: Sequence[str], texts: dict[str, list[int]]) -> list[list[str]]:
    """Group texts, shortest first, so that a padded batch has at most `BATCH_TOKENS`."""
    batches: list[list[str]] = []
    for key in keys:
        if batches and (len(batches[-1]) + 1) * len(texts[key]) <= BATCH_TOKENS:
            batches[-1].append(key)
        else:
            batches.append([key])
    return batches


def _there(state: Tensor | None) -> Tensor:
    assert state is not None
    return state


def _best_dtype() -> torch.dtype:
    return torch.bfloat16 if cpu_computes_bfloat16() else torch.float32
