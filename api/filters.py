"""The filter language as it travels over HTTP, and its way to the core's expressions."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Union

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)

from api.conditions import MOMENT, what_fields_take
from api.numbers import Number, Whole
from search import filters as core

Bound = Whole | Number | Annotated[datetime, WithJsonSchema(MOMENT)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


def _condition_schema(schema: dict[str, Any]) -> None:
    schema["examples"] = [
        {"field": "language", "any_of": ["pl", "en"]},
        {"field": "modified", "gte": "2025-01-01"},
    ]
    what_fields_take(schema)


class FieldFilter(_Part):
    """A condition on one field: exactly one of `equals`, `any_of`, `contains` or a range."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_condition_schema)

    field: str = Field(
        description="What of a document to look at.",
        json_schema_extra={"enum": list(core.FIELDS)},
    )
    equals: str | Whole | None = Field(None, description="The value, to the letter.")
    any_of: list[str | Whole] | None = Field(
        None, max_length=core.MAX_PARTS, description="One of the values."
    )
    contains: str | None = Field(
        None, min_length=1, max_length=500, description="Case and diacritics do not matter."
    )
    gte: Bound | None = Field(None, description="At least; a date or a number.")
    gt: Bound | None = Field(None, description="More than.")
    lte: Bound | None = Field(None, description="At most.")
    lt: Bound | None = Field(None, description="Less than.")

    @model_validator(mode="after")
    def _one_way(self) -> "FieldFilter":
        ways = [self.equals, self.any_of, self.contains, self._bounds() or None]
        if sum(way is not None for way in ways) != 1:
            raise ValueError("give exactly one of equals, any_of, contains, or a range (gte, lt …)")
        return self

    def to_domain(self) -> core.Expression:
        """Return the condition as the core takes it."""
        if self.contains is not None:
            return core.Contains(self.field, self.contains)
        if self.any_of is not None:
            return core.Match(self.field, tuple(self.any_of))
        if self.equals is not None:
            return core.Match(self.field, (self.equals,))
        return core.Range(self.field, **self._bounds())

    def _bounds(self) -> dict[str, Any]:
        bounds = {name: getattr(self, name) for name in ("gte", "gt", "lte", "lt")}
        return {name: _aware(bound) for name, bound in bounds.items() if bound is not None}


CONDITIONS = (
    f"Conditions. A whole filter has at most {core.MAX_PARTS} parts, this list among them, and is "
    f"nested at most {core.MAX_DEPTH} deep."
)


class AllFilter(_Part):
    """Every part holds."""

    all: "list[FilterIn]" = Field(max_length=core.MAX_PARTS - 1, description=CONDITIONS)

    def to_domain(self) -> core.Expression:
        """Return the condition as the core takes it."""
        return core.All(tuple(part.to_domain() for part in self.all))


class AnyFilter(_Part):
    """At least one part holds."""

    any: "list[FilterIn]" = Field(max_length=core.MAX_PARTS - 1, description=CONDITIONS)

    def to_domain(self) -> core.Expression:
        """Return the condition as the core takes it."""
        return core.AnyOf(tuple(part.to_domain() for part in self.any))


class NotFilter(_Part):
    """The part does not hold."""

    inner: "FilterIn" = Field(alias="not", description="A condition.")

    def to_domain(self) -> core.Expression:
        """Return the condition as the core takes it."""
        return core.Not(self.inner.to_domain())


_KINDS = {"all": "all", "any": "any", "not": "not", "inner": "not"}


def _kind(value: Any) -> str:
    """Tell by its key what a filter is, so that errors speak of that kind alone."""
    keys = value if isinstance(value, dict) else getattr(value, "model_fields_set", ())
    return next((_KINDS[key] for key in keys if key in _KINDS), "field")


FilterIn = Annotated[
    Union[  # noqa: UP007  (a forward reference cannot be joined with `|`)
        Annotated[FieldFilter, Tag("field")],
        Annotated[AllFilter, Tag("all")],
        Annotated[AnyFilter, Tag("any")],
        Annotated[NotFilter, Tag("not")],
    ],
    Discriminator(_kind),
]

for _model in (AllFilter, AnyFilter, NotFilter):
    _model.model_rebuild()


def _shallow(value: Any) -> Any:
    """Refuse what is nested too deep before anything descends into it."""
    level = [value]
    for _ in range(core.MAX_DEPTH + 1):
        level = [inner for part in level if isinstance(part, dict) for inner in _inner(part)]
    if level:
        raise ValueError(f"the filter is nested more than {core.MAX_DEPTH} deep")
    return value


def _inner(part: dict[str, Any]) -> Iterator[Any]:
    for key in ("all", "any"):
        parts = part.get(key)
        yield from parts if isinstance(parts, list) else ()
    if "not" in part:
        yield part["not"]


RootFilter = Annotated[FilterIn, BeforeValidator(_shallow)]
"""A whole filter, as a request has it."""


def to_expression(given: "FilterIn | None") -> core.Expression:
    """Return what the core takes, checked.

    Raises:
        InputError: it names an unknown field, or compares what cannot be compared.
    """
    expression = given.to_domain() if given is not None else core.EVERYTHING
    core.check(expression)
    return expression


def _aware(bound: Bound) -> Bound:
    if isinstance(bound, datetime) and bound.tzinfo is None:
        return bound.replace(tzinfo=UTC)
    return bound
