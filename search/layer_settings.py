"""Settings of the switch: which reranker and answerer, when nobody says otherwise."""

from typing import Annotated

from pydantic import Field

from search.section import Section

ArmName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s,]+$")]
"""`off`, `on`, `auto`, or the name of an arm such as `likelihood:smollm2` or `extractive`."""


class LayerSettings(Section):
    """The LLM layer: off until it is switched on here or for one query."""

    rerank: ArmName = Field(
        "off",
        description="What is done when a query does not say: `off`, `on` (the reranker below), "
        "`auto` (only where the first hits are close), or a reranker's name.",
    )
    answer: ArmName = Field(
        "off",
        description="What is done when a query does not say: `off`, `on` (the answerer below), "
        "`auto` (only where the passages seem to hold an answer), or an answerer's name.",
    )
    reranker: ArmName = Field(
        "likelihood:gemma3-270m",
        description="The reranker that `on` and `auto` mean: `likelihood:smollm2`, "
        "`likelihood:gemma3-270m`, `cross-encoder:ID`, `listwise:MODEL`, `pointwise:MODEL`.",
    )
    answerer: ArmName = Field(
        "extractive",
        description="The answerer that `on` and `auto` mean: `extractive`, `llm` or `llm:MODEL`.",
    )
    arms: tuple[ArmName, ...] = Field(
        (),
        description="Other rerankers and answerers that callers of the service may name, as a "
        "JSON list; nobody else decides which models and addresses it works with.",
    )
    rerank_pool: int = Field(
        10, ge=2, le=100, description="The first so many passages are reranked."
    )
    rerank_seconds: float = Field(
        5, gt=0, le=600, description="Past it the retriever's order is returned, and flagged."
    )
    answer_seconds: float = Field(
        60, gt=0, le=600, description="Past it there is no answer, only the hits."
    )
