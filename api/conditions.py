"""What goes together in a filter's condition, in the words of JSON Schema.

Its fields alone would promise too much: that a date can be searched in, or two comparisons made at
once. Generated clients and forms read here which field takes which comparison.
"""

from itertools import groupby
from typing import Any

from search.filters import FIELDS, SEARCHABLE, FieldKind

BOUNDS = ("gte", "gt", "lte", "lt")
COMPARISONS = ("equals", "any_of", "contains", *BOUNDS)

_NULL: dict[str, Any] = {"type": "null"}
_TEXT: dict[str, Any] = {"type": "string"}
_WHOLE: dict[str, Any] = {"type": "integer"}
_NUMBER: dict[str, Any] = {"type": "number"}
MOMENT: dict[str, Any] = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]
}
"""A bound of dates: a day is as good as a moment."""


def what_fields_take(schema: dict[str, Any]) -> None:
    """Add to a condition's schema that it makes one comparison, and one that its field takes."""
    one_comparison = [
        _given("equals"),
        _given("any_of"),
        _given("contains"),
        {"anyOf": [_given(bound) for bound in BOUNDS]},
    ]
    by_kind = groupby(sorted(FIELDS, key=_kind), _kind)
    fitting = [_takes(list(fields), *kind) for kind, fields in by_kind]
    schema["allOf"] = [{"oneOf": one_comparison}, {"oneOf": fitting}]


def _kind(field: str) -> tuple[FieldKind, bool]:
    return FIELDS[field], field in SEARCHABLE


def _given(comparison: str) -> dict[str, Any]:
    return {"required": [comparison], "properties": {comparison: {"not": _NULL}}}


def _takes(fields: list[str], kind: FieldKind, searchable: bool) -> dict[str, Any]:
    """Return what holds of a condition on one of these fields; null is as good as left out."""
    value = {"keyword": _TEXT, "integer": _WHOLE}.get(kind)
    bound = {"integer": _NUMBER, "datetime": MOMENT}.get(kind)
    taken: dict[str, dict[str, Any] | None] = {
        "equals": value,
        "any_of": value and {"type": "array", "items": value},
        "contains": _TEXT if searchable else None,
        **dict.fromkeys(BOUNDS, bound),
    }
    comparisons = {
        name: {"anyOf": [schema, _NULL]} if schema else _NULL for name, schema in taken.items()
    }
    return {"properties": {"field": {"enum": fields}, **comparisons}}
