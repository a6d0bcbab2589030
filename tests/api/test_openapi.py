"""The OpenAPI document: checked in, true, and complete."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.openapi import PATH, document
from tests.ingest.folders import changed, settings_in

DOCUMENT: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
NEEDS_A_KEY = {"401", "403", "422", "429", "503", "504"}


def operations() -> list[Any]:
    return [
        pytest.param(path, operation, id=f"{method.upper()} {path}")
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    ]


def test_what_is_checked_in_is_what_the_service_says() -> None:
    assert PATH.read_text(encoding="utf-8") == document(), "run `make openapi` and look at the diff"


def test_a_running_service_shows_it_to_everybody(tmp_path: Any) -> None:
    settings = changed(settings_in(tmp_path), "auth", mode="keys")
    with TestClient(create_app(settings)) as client:
        assert client.get("/openapi.json").json() == DOCUMENT
        assert client.get("/docs").status_code == 200
        for path, methods in DOCUMENT["paths"].items():
            for method in methods if path.startswith("/v1") else ():
                assert client.request(method, path.replace("{id}", "x")).status_code == 401


@pytest.mark.parametrize(
    ("section", "fields", "missing"),
    [
        ("auth", {"mode": "none"}, set()),
        ("api", {"cors_origins": ["https://intranet.example"], "deadline": 3.0}, set()),
        ("metrics", {"mode": "off"}, {"/metrics"}),
    ],
)
def test_settings_change_nothing_in_it_but_whether_metrics_are_served(
    tmp_path: Path, section: str, fields: dict[str, Any], missing: set[str]
) -> None:
    described = create_app(changed(settings_in(tmp_path), section, **fields)).openapi()
    paths = {path: of for path, of in DOCUMENT["paths"].items() if path not in missing}
    assert described == DOCUMENT | {"paths": paths}


def test_operations_have_names_that_clients_can_use() -> None:
    names = [operation.values[1]["operationId"] for operation in operations()]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and name.islower() for name in names)


@pytest.mark.parametrize(("path", "operation"), operations())
def test_every_operation_says_what_it_does_and_how_it_may_end(path: str, operation: Any) -> None:
    assert operation["summary"] and operation["description"]
    known = {tag["name"] for tag in DOCUMENT["tags"]}
    assert set(operation["tags"]) <= known
    if path.startswith("/v1"):
        assert operation["security"] == [{"key": []}]
        assert set(operation["responses"]) >= NEEDS_A_KEY
    if "{id}" in path:
        assert "404" in operation["responses"]
    if "requestBody" in operation:
        assert "413" in operation["responses"]
    for status, response in operation["responses"].items():
        assert response["description"]
        assert ("content" in response) == (status != "204"), "say what a body holds"
        if status == "429":
            assert "Retry-After" in response["headers"]
        if status.startswith(("4", "5")) and path.startswith("/v1"):
            assert list(response["content"]) == ["application/problem+json"]


@pytest.mark.parametrize(("path", "operation"), operations())
def test_every_part_of_a_request_is_described_and_shown(path: str, operation: Any) -> None:
    for parameter in operation.get("parameters", ()):
        assert parameter.get("description"), parameter["name"]
        if parameter["required"]:
            assert parameter["schema"]["examples"], parameter["name"]
    for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
        for name, part in properties(body["schema"]):
            assert part.get("description"), f"{media_type}: {name}"
        shown = [example["value"] for example in body.get("examples", {}).values()]
        shown += resolved(body["schema"]).get("examples", [])
        assert shown, "an example is worth a page"
        for example in shown:
            validator(body["schema"]).validate(example)


def test_examples_of_parts_fit_them() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        for example in schema.get("examples", ()):
            validator(schema).validate(example)


def properties(schema: Any, seen: frozenset[str] = frozenset()) -> Iterator[tuple[str, Any]]:
    """Find all properties that a schema names, however deep, once each."""
    reference = schema.get("$ref", "")
    if reference in seen:
        return
    seen = seen | {reference} if reference else seen
    found = resolved(schema)
    for name, part in found.get("properties", {}).items():
        yield f"{found.get('title', '')}.{name}", part
        yield from properties(part, seen)
    for part in [found.get("items", {}), *found.get("anyOf", ()), *found.get("oneOf", ())]:
        if "$ref" in part or "items" in part or "oneOf" in part:
            yield from properties(part, seen)


def validator(schema: Any) -> jsonschema_rs.Validator:
    whole = {"allOf": [schema], "components": DOCUMENT["components"]}
    return jsonschema_rs.validator_for(whole, validate_formats=True)


def resolved(schema: Any) -> Any:
    if "$ref" not in schema:
        return schema
    return DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
