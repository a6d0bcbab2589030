"""Settings of the answerers."""

from pydantic import Field

from search.section import Section


class AnswerSettings(Section):
    """How questions are answered, once an answer is asked for."""

    passages: int = Field(
        5, ge=1, le=20, description="The first so many passages found are answered from."
    )
    threshold: float = Field(
        0.4,
        ge=0,
        le=1,
        description="`extractive` answers when it is at least so confident: the higher, the fewer "
        "wrong answers and the more questions left open; 0 always answers.",
    )
    sentences: int = Field(2, ge=1, le=3, description="Sentences that `extractive` quotes at most.")
    candidates: int = Field(
        12,
        ge=1,
        le=100,
        description="Sentences that `extractive` compares with the question by meaning, at about "
        "25 ms each with the bundled model; the others are left out by their words.",
    )
    max_tokens: int = Field(
        512, ge=32, le=8192, description="Tokens that `llm` may write, quotes included."
    )
    passage_characters: int = Field(
        8000,
        ge=500,
        le=1_000_000,
        description="What `llm` is given of all passages together, so that they fit into the "
        "model's context: about 3 characters a token.",
    )
    support: float = Field(
        0.5,
        ge=0,
        le=1,
        description="The share of a claim's own words that its quote must hold for `llm` to keep "
        "it, when both are in one language; numbers and addresses must always stand there.",
    )
