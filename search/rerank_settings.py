"""Settings of the rerankers."""

from typing import Literal

from pydantic import Field

from search.section import Section


class RerankSettings(Section):
    """How the rerankers work; which one does is said in `layer`."""

    weight: float = Field(
        0.4,
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
