"""Settings of the generating language models."""

from pydantic import Field, SecretStr

from search.section import Section


class LlmSettings(Section):
    """The model that `listwise`, `pointwise` and `llm` mean, and how models are called."""

    model: str | None = Field(
        None,
        min_length=1,
        max_length=500,
        description="`URL#MODEL` of an OpenAI-compatible service, e.g. "
        "`http://localhost:11434/v1#qwen3:4b`; a bundled model, `smollm2` or `gemma3-270m`; or a "
        "path to a GGUF file.",
    )
    key: SecretStr | None = Field(None, description="The service's API key, where it wants one.")
    timeout: float = Field(
        60, gt=0, le=3600, description="Seconds that the service may be silent for."
    )
    retries: int = Field(
        2, ge=0, le=10, description="How often a busy or unreachable service is asked again."
    )
    concurrency: int = Field(
        4, ge=1, le=256, description="Requests to the service at once; further ones wait."
    )
    context: int = Field(
        8192,
        ge=512,
        le=1_000_000,
        description="Tokens that a model in this process can read and write; memory grows with it.",
    )
    threads: int | None = Field(
        None, ge=1, le=512, description="Of a model in this process; all usable cores by default."
    )
