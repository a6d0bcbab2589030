"""What restricts a search: a small typed language over the fields of documents.

    All((Match("language", ("pl",)), Range("modified", gte=date), Not(Contains("title", "draft"))))

Every engine translates it; fields that are not listed in `FIELDS` cannot be asked about.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from search.errors import InputError

FieldKind = Literal["keyword", "integer", "datetime", "text"]

FIELDS: Mapping[str, FieldKind] = {
    "id": "keyword",
    "source": "keyword",
    "path": "keyword",
    "type": "keyword",
    "language": "keyword",
    "author": "keyword",
    "tags": "keyword",
    "year": "integer",
    "size": "integer",
    "pages": "integer",
    "modified": "datetime",
    "created": "datetime",
    "title": "text",
}
"""The fields of a document that one can ask about; `text` and `path` can be searched in."""

SEARCHABLE = frozenset({"title", "path"})
MAX_DEPTH = 8
MAX_PARTS = 200


@dataclass(frozen=True, slots=True)
class Match:
    """The field has one of the values."""

    field: str
    values: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """The field, a number or a moment, lies between bounds; None leaves a side open."""

    field: str
    gte: int | float | datetime | None = None
    gt: int | float | datetime | None = None
    lte: int | float | datetime | None = None
    lt: int | float | datetime | None = None


@dataclass(frozen=True, slots=True)
class Contains:
    """The field holds the text somewhere, whatever its case and diacritics."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Not:
    """The inner expression does not hold."""

    inner: "Expression"


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; no part at all: everything."""

    parts: "tuple[Expression, ...]" = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: "tuple[Expression, ...]"


Expression = Match | Range | Contains | Not | All | AnyOf

EVERYTHING = All()


def matching(**values: tuple[str | int, ...]) -> All:
    """Return the common case: within a field any of the values, across fields all.

    A field without values is not asked about.
    """
    return All(tuple(Match(field, found) for field, found in values.items() if found))


def check(expression: Expression) -> None:
    """Make sure that an expression from outside can be carried out.

    Raises:
        InputError: it names an unknown field, compares what cannot be compared, or is too
            large; the message lists the fields there are.
    """
    parts = list(_walk(expression, 0))
    if len(parts) > MAX_PARTS:
        raise InputError(f"The filter has {len(parts)} parts; at most {MAX_PARTS} are taken.")
    for part in parts:
        if isinstance(part, Not | All | AnyOf):
            continue
        kind = FIELDS.get(part.field)
        if kind is None:
            raise InputError(
                f"There is no field {part.field!r} to filter by; there are {', '.join(FIELDS)}."
            )
        if isinstance(part, Contains) and part.field not in SEARCHABLE:
            raise InputError(
                f"{part.field} cannot be searched in; {' and '.join(sorted(SEARCHABLE))} can."
            )
        if isinstance(part, Range) and kind not in ("integer", "datetime"):
            raise InputError(f"{part.field} has no order; a range needs a number or a date.")
        if isinstance(part, Match):
            _check_values(part, kind)
        if isinstance(part, Range):
            _check_bounds(part, kind)


def _walk(expression: Expression, depth: int) -> Iterator[Expression]:
    if depth > MAX_DEPTH:
        raise InputError(f"The filter is nested more than {MAX_DEPTH} deep.")
    yield expression
    if isinstance(expression, Not):
        yield from _walk(expression.inner, depth + 1)
    elif isinstance(expression, All | AnyOf):
        for part in expression.parts:
            yield from _walk(part, depth + 1)


def _check_values(part: Match, kind: FieldKind) -> None:
    if kind in ("datetime", "text"):
        way = "a range" if kind == "datetime" else "`contains`"
        raise InputError(f"{part.field} cannot be compared for equality: use {way}.")
    wanted = int if kind == "integer" else str
    if any(not isinstance(value, wanted) or isinstance(value, bool) for value in part.values):
        raise InputError(
            f"{part.field} is {'a whole number' if kind == 'integer' else 'a text'}: "
            f"compare it with one, not with {part.values!r}."
        )


def _check_bounds(part: Range, kind: FieldKind) -> None:
    bounds = [bound for bound in (part.gte, part.gt, part.lte, part.lt) if bound is not None]
    if not bounds:
        raise InputError(f"The range of {part.field} has no bound: give gte, gt, lte or lt.")
    dates = [isinstance(bound, datetime) for bound in bounds]
    if all(dates) != (kind == "datetime") or any(dates) != (kind == "datetime"):
        what = "dates such as 2025-01-31" if kind == "datetime" else "numbers"
        raise InputError(f"The bounds of {part.field} must be {what}.")
