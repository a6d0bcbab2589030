"""What goes in and out of `/v1/similar` and `/v1/suggest`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.numbers import OnlyNumbers
from api.schemas import NOT_BLANK, Selection
from search.domain import Suggestion
from search.pipeline import MAX_QUERY_CHARACTERS
from search.similar import MAX_EXAMPLES, ChunkExample, DocumentExample, Example, TextExample


class ExampleIn(BaseModel):
    """A text, a document, or (with `chunk`) one passage of it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"text": "urlop na żądanie"},
                {"document_id": "1f0c6a1e-3f0f-5b39-9a53-6a2b1c6f0a11", "chunk": 2},
            ],
            "oneOf": [
                {
                    "required": ["text"],
                    "properties": {
                        "text": {"type": "string"},
                        "document_id": {"type": "null"},
                        "chunk": {"type": "null"},
                    },
                },
                {
                    "required": ["document_id"],
                    "properties": {"text": {"type": "null"}, "document_id": {"type": "string"}},
                },
            ],
        },
    )

    text: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_QUERY_CHARACTERS,
        description="Any text, as a query.",
        json_schema_extra={"pattern": NOT_BLANK},
    )
    document_id: str | None = Field(
        None, min_length=1, max_length=100, description="As hits and lists of documents name it."
    )
    chunk: Annotated[int, Field(ge=0, le=1_000_000), OnlyNumbers] | None = Field(
        None, description="A passage's place in the document, from 0."
    )

    @model_validator(mode="after")
    def _one_way(self) -> "ExampleIn":
        if (self.text is None) == (self.document_id is None):
            raise ValueError("give either text or document_id")
        if self.chunk is not None and self.document_id is None:
            raise ValueError("chunk needs a document_id")
        return self

    def to_domain(self) -> Example:
        """Return the example as the core takes it."""
        if self.document_id is None:
            return TextExample(self.text or "")
        if self.chunk is None:
            return DocumentExample(self.document_id)
        return ChunkExample(self.document_id, self.chunk)


Examples = Annotated[list[ExampleIn], Field(max_length=MAX_EXAMPLES)]


class SimilarIn(Selection):
    """What to look for by example, and what to keep away from."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "positive": [{"text": "praca zdalna z zagranicy"}],
                    "negative": [{"text": "delegacja"}],
                    "limit": 5,
                }
            ]
        },
    )

    positive: Examples = Field(
        min_length=1, description="What to look for. Examples themselves are not among the hits."
    )
    negative: Examples = Field(
        [], description=f"What to keep away from; at most {MAX_EXAMPLES} together with `positive`."
    )
    likeness: Literal["any", "all"] = Field(
        "any",
        description="`any`: like the best positive example, unless a negative one is nearer; "
        "`all`: like the positive examples taken together and unlike the negative ones.",
    )


class SuggestionOut(BaseModel):
    """A title or heading that completes what was typed."""

    text: str
    kind: Literal["title", "heading"]
    marks: list[tuple[int, int]] = Field(
        description="Character ranges of the text that were typed, case and diacritics aside."
    )
    document_id: str = Field(description="A document that has this title or heading.")
    path: str

    @classmethod
    def of(cls, suggestion: Suggestion) -> "SuggestionOut":
        """Lay a suggestion out."""
        return cls(
            text=suggestion.text,
            kind=suggestion.kind,
            marks=list(suggestion.marks),
            document_id=suggestion.document_id,
            path=suggestion.path,
        )


class SuggestionsOut(BaseModel):
    """Suggestions, best first."""

    suggestions: list[SuggestionOut]
