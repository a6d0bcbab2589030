"""The OpenAPI document: checked in, true, and complete."""

import json
from collections.abc import Iterator
from typing import Any

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
        if status.startswith(("4", "5")) and path.startswith("/v1"):
            assert list(response["content"]) == ["application/problem+json"]


@pytest.mark.parametrize(("path", "operation"), operations())
def test_every_part_of_a_request_is_described(path: str, operation: Any) -> None:
    for parameter in operation.get("parameters", ()):
        assert parameter.get("description"), parameter["name"]
    for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
        for name, part in properties(body["schema"]):
            assert part.get("description"), f"{media_type}: {name}"
        if media_type == "application/json":
            assert examples(body["schema"]), "an example is worth a page"


def properties(schema: Any) -> Iterator[tuple[str, Any]]:
    yield from resolved(schema).get("properties", {}).items()


def examples(schema: Any) -> Any:
    return resolved(schema).get("examples")


def resolved(schema: Any) -> Any:
    if "$ref" not in schema:
        return schema
    return DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
