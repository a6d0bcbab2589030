"""Generating language models by name."""

from pathlib import Path

from search.errors import ConfigError, InputError
from search.llms.base import LLM, LlmSpec
from search.llms.bundled import BUNDLED
from search.settings import Settings

KNOWN = f"{', '.join(BUNDLED)}, URL#MODEL, or a path to a GGUF file"


def build_llm(name: str, settings: Settings) -> LLM:
    """Return a language model; one in this process loads at first use.

    Args:
        name: `URL#MODEL` of an OpenAI-compatible service, a bundled model, or a GGUF file;
            nothing for the model that the settings name.
        settings: all settings.

    Raises:
        ConfigError: no name is given, and the settings hold none.
        InputError: there is no model of that name.
        ModelMissingError: a bundled model is not on this machine.
    """
    ours = settings.llm
    name = name or ours.model or ""
    if not name:
        raise ConfigError(f"No language model is named: set SEMSEARCH_LLM__MODEL to {KNOWN}.")
    if name.startswith(("http://", "https://")):
        from search.llms.openai_compatible import OpenAiCompatible

        url, _, model = name.partition("#")
        if not model:
            raise InputError(f"{name} names no model: write {url}#MODEL.")
        key = ours.key.get_secret_value() if ours.key else None
        return OpenAiCompatible(
            url, model, key=key, timeout=ours.timeout, retries=ours.retries,
            concurrency=ours.concurrency,
        )  # fmt: skip
    from search.llms.llama_cpp import LlamaCpp

    if name in BUNDLED:
        bundled = BUNDLED[name]
        context = min(ours.context, bundled.context)
        spec = LlmSpec(name, context, bundled.licence, local=True)
        return LlamaCpp(bundled.gguf(settings.embedder.cache_dir), spec, ours.threads)
    file = Path(name).expanduser()
    if file.suffix == ".gguf" and file.is_file():
        return LlamaCpp(file, LlmSpec(file.stem, ours.context, None, local=True), ours.threads)
    raise InputError(f"There is no language model {name[:100]!r}: name {KNOWN}.")
