"""Answerers by name."""

from search.answerers.base import Answerer
from search.embedders.base import Embedder
from search.errors import InputError
from search.settings import Settings

NAMES = "null, extractive, llm, llm:MODEL"


def build_answerer(name: str, settings: Settings, embedder: Embedder) -> Answerer:
    """Return the answerer of a name; its model loads at first use.

    Args:
        name: `null`, `extractive`, `llm` (the model that the settings name) or `llm:MODEL`,
            e.g. `llm:smollm2`, `llm:http://localhost:11434/v1#qwen3:4b`.
        settings: all settings.
        embedder: of the index.

    Raises:
        InputError: there is no answerer of that name.
        ModelMissingError: the model it names is not on this machine.
        ConfigError: `llm` is asked for, and no model is set.
    """
    if name == "null":
        from search.answerers.null import NullAnswerer

        return NullAnswerer()
    if name == "extractive":
        from search.answerers.extractive import ExtractiveAnswerer

        return ExtractiveAnswerer(embedder, settings.answer)
    kind, _, model = name.partition(":")
    if kind == "llm" and (model or name == "llm"):
        from search.answerers.llm import LlmAnswerer
        from search.llm_arms import build_llm

        return LlmAnswerer(build_llm(model, settings), settings.answer, name)
    raise InputError(f"There is no answerer {name!r}: there are {NAMES}.")
