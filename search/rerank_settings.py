"""Settings of the rerankers."""

from typing import Literal

from pydantic import Field, model_validator

from search.section import Section


class RerankSettings(Section):
    """How the rerankers work; which one does is said in `layer`."""

    weight: float = Field(
        0.8,
        ge=0,
        le=10,
        description="Of the query's likelihood, against 1 for the retriever's score.",
    )
    cache_mb: int = Field(
        512,
        ge=0,
        le=1_000_000,
        description="Memory for what the likelihood model knows of passages: about 5 MB each.",
    )
    gate_feature: Literal["cosine", "coverage", "both"] = Field(
        "cosine", description="What `auto` looks at, as `semsearch ab gate` has learned."
    )
    gate_threshold: float = Field(
        0.02, description="`auto` reranks where the first hit leads by less."
    )
    window: int = Field(10, ge=2, le=100, description="Passages that `listwise` orders at a time.")
    stride: int = Field(
        5, ge=1, le=100, description="By how much `listwise` moves its window up; below `window`."
    )
    passage_characters: int = Field(
        8000,
        ge=500,
        le=1_000_000,
        description="What `listwise` and `pointwise` are given of all passages together, so that "
        "they fit into the model's context: about 3 characters a token.",
    )

    @model_validator(mode="after")
    def _windows_overlap(self) -> "RerankSettings":
        if self.stride >= self.window:
            raise ValueError("rerank.stride must be below rerank.window, or no passage rises")
        return self
