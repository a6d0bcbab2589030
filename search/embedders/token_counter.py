"""Counts tokens with the Rust tokenizer of a model, without PyTorch."""

import os
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from search.embedders.text import encodable


class TokenCounter:
    """Counts what a model reads of a passage: prompt and special tokens included, uncut.

    Holds a tokenizer of its own: one that is shared with a model has the model's truncation.
    """

    def __init__(self, tokenizer: Tokenizer, prompt: str) -> None:
        # Its threads would get in the way of the model's, which has the longer work.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._prompt = prompt

    @classmethod
    def from_file(cls, path: Path, prompt: str) -> "TokenCounter":
        """Read a `tokenizer.json`."""
        return cls(Tokenizer.from_file(str(path)), prompt)

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text."""
        prompted = [self._prompt + encodable(text) for text in texts]
        return [len(encoding) for encoding in self._tokenizer.encode_batch_fast(prompted)]
