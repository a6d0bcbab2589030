"""The schema of a filter's condition promises what the service takes: no more, no less."""

import json
from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import jsonschema_rs
import pytest
from pydantic import ValidationError

from api.filters import FieldFilter, to_expression
from api.openapi import PATH
from search.errors import InputError
from search.filters import FIELDS

VALUES: dict[str, list[Any]] = {
    "equals": ["x", 3, 3.0, 2.5, True, None],
    "any_of": [["a"], [1], ["a", 1], [], None],
    "contains": ["x", "", None],
    "gte": [3, 2.5, "2025-01-01", "2025-01-01T10:00:00Z", "x", True, None],
    "lt": [4, "2025-02-01", None],
}


def conditions(field: str) -> Iterator[dict[str, Any]]:
    """Draw up a field's conditions with none, one and two of the comparisons."""
    for count in range(3):
        for names in combinations(VALUES, count):
            for values in product(*(VALUES[name] for name in names)):
                yield {"field": field, **dict(zip(names, values, strict=True))}


def taken(condition: dict[str, Any]) -> bool:
    try:
        to_expression(FieldFilter.model_validate(condition))
    except (ValidationError, InputError):
        return False
    return True


@pytest.mark.parametrize("field", [*FIELDS, "tenant"])
def test_what_fits_the_schema_is_taken_and_nothing_else(field: str) -> None:
    components = json.loads(PATH.read_text(encoding="utf-8"))["components"]
    schema = {"$ref": "#/components/schemas/FieldFilter", "components": components}
    fits = jsonschema_rs.validator_for(schema, validate_formats=True).is_valid
    answers = [(fits(condition), taken(condition)) for condition in conditions(field)]
    assert all(promised == kept for promised, kept in answers)
    assert any(kept for _, kept in answers) == (field in FIELDS)
