"""A GGUF file run by llama.cpp in this process, through xllamacpp.

llama.cpp comes as a server that listens on loopback. It is asked over that: then closing a
stream, or a deadline, stops it as it would any service. Nobody else can: it wants a key that
only this process knows, and lets no page of a browser read what it says.
"""

import logging
import secrets
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any

from search.deadline import NEVER, Deadline
from search.embedders.hardware import usable_cores
from search.errors import ModelError, ModelMissingError
from search.llms.base import Completion, LlmSpec, Prompt
from search.llms.openai_compatible import OpenAiCompatible

log = logging.getLogger("semsearch.llm")

NO_ORIGIN = "null"
QUIET = -1
"""llama.cpp's verbosity: errors only."""
SILENT_SECONDS = 3600.0
"""How long it may be silent: deadlines end it, nothing else."""


class LlamaCpp:
    """Runs one model, one prompt at a time; it loads at first use. Safe to share by threads."""

    def __init__(self, model: Path, spec: LlmSpec, threads: int | None = None) -> None:
        """Prepare it.

        Args:
            model: a GGUF file.
            spec: what is known of it; its context is what it is given.
            threads: that work for it; as many as there are cores when None.
        """
        self._model = model
        self._spec = spec
        self._threads = threads or usable_cores()
        self._lock = Lock()
        self._server: Any = None
        self._service: OpenAiCompatible | None = None

    @property
    def spec(self) -> LlmSpec:
        """Return what is known of the model."""
        return self._spec

    def complete(self, prompt: Prompt, deadline: Deadline = NEVER) -> Completion:
        """Answer a prompt; see `search.llms.base.LLM`."""
        deadline.check("ask the language model")
        return self._ready().complete(prompt, deadline)

    def stream(self, prompt: Prompt, deadline: Deadline = NEVER) -> Iterator[str | Completion]:
        """Yield an answer as it is written; see `search.llms.base.LLM`."""
        deadline.check("ask the language model")
        return self._ready().stream(prompt, deadline)

    def _ready(self) -> OpenAiCompatible:
        with self._lock:
            if self._service is None:
                self._service = self._start()
            return self._service

    def _start(self) -> OpenAiCompatible:
        try:
            import xllamacpp
        except ImportError:
            raise ModelMissingError(
                "llama.cpp, which runs GGUF files, is not installed: run `make llm`, or "
                "`pip install xllamacpp`."
            ) from None
        if not self._model.is_file():
            raise ModelMissingError(f"There is no model file {self._model}.")
        key = secrets.token_urlsafe(32)
        given = xllamacpp.CommonParams()
        given.model.path = str(self._model)
        given.n_ctx = self._spec.context or 0
        given.n_parallel = 1
        for cpu in (given.cpuparams, given.cpuparams_batch):
            cpu.n_threads = self._threads
            cpu.poll = 0  # threads that wait in busy loops starve each other on shared cores
        given.api_keys = [key]
        given.cors_origins = NO_ORIGIN
        given.endpoint_slots = given.endpoint_props = given.ui = False
        given.verbosity = QUIET
        try:
            self._server = xllamacpp.Server(given)
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"llama.cpp cannot load {self._model}: {error}.") from None
        return OpenAiCompatible(
            f"{self._server.listening_address}/v1", self._spec.name, key=key,
            timeout=SILENT_SECONDS, retries=1, concurrency=1, spec=self._spec,
        )  # fmt: skip
