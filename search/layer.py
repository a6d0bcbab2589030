"""The LLM layer as a switch: rerankers and answerers by name, built when first asked for."""

import threading
from collections.abc import Callable
from typing import TypeVar

from search.answerers.base import Answerer
from search.answerers.gated import Gated as GatedAnswerer
from search.answering import Answering
from search.errors import InputError
from search.rerankers.base import Reranker
from search.reranking import Rerank
from search.settings import Settings

T = TypeVar("T")


class LlmLayer:
    """Knows which arm a switch means; safe to share between threads."""

    def __init__(
        self,
        settings: Settings,
        rerankers: Callable[[str], Reranker],
        answerers: Callable[[str], Answerer],
    ) -> None:
        """Build nothing yet.

        Args:
            settings: what the switches mean.
            rerankers: builds a reranker by its name.
            answerers: builds an answerer by its name.
        """
        self._settings = settings.layer
        self._answer_passages = settings.answer.passages
        self._build_reranker = rerankers
        self._build_answerer = answerers
        self._lock = threading.Lock()
        self._rerankers: dict[str, Reranker] = {}
        self._answerers: dict[str, Answerer] = {}

    def rerank(self, switch: str | None) -> Rerank | None:
        """Return what a switch means; None for no reranking.

        Args:
            switch: `off`, `on`, `auto`, a reranker's name, or None for what the settings say.

        Raises:
            InputError: there is no reranker of that name.
        """
        switch = switch or self._settings.rerank
        if switch == "off":
            return None
        chosen = self._settings.reranker
        name = {"on": chosen, "auto": f"auto:{chosen}"}.get(switch, switch)
        reranker = self._once(self._rerankers, name, self._build_reranker)
        return Rerank(reranker, self._settings.rerank_pool, self._settings.rerank_seconds)

    def answer(self, switch: str | None) -> Answering | None:
        """Return what a switch means; None for no answer.

        Args:
            switch: `off`, `on`, `auto`, an answerer's name, or None for what the settings say.

        Raises:
            InputError: there is no answerer of that name.
        """
        switch = switch or self._settings.answer
        if switch == "off":
            return None
        name = self._settings.answerer if switch in ("on", "auto") else switch
        answerer = self._once(self._answerers, name, self._build_answerer)
        if switch == "auto":
            extractive = self._once(self._answerers, "extractive", self._build_answerer)
            answerer = GatedAnswerer(extractive, answerer)
        return Answering(answerer, self._answer_passages, self._settings.answer_seconds)

    def require_offered(self, *switches: str | None) -> None:
        """Make sure that callers of the service name only what its settings offer.

        Raises:
            InputError: one of them names another arm.
        """
        offered = ("off", "on", "auto", *self.offered)
        for switch in switches:
            if switch is not None and switch not in offered:
                raise InputError(f"{switch[:100]} is not offered: {', '.join(offered)} are.")

    @property
    def offered(self) -> tuple[str, ...]:
        """Return the arms that callers of the service may name."""
        ours = self._settings
        names = (ours.reranker, ours.answerer, ours.rerank, ours.answer, *ours.arms)
        return tuple(dict.fromkeys(name for name in names if name not in ("off", "on", "auto")))

    def _once(self, built: dict[str, T], name: str, build: Callable[[str], T]) -> T:
        with self._lock:
            if name not in built:
                built[name] = build(name)
            return built[name]
