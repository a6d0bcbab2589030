"""Schemathesis against the service's own OpenAPI: whatever is sent, the answer is a documented one.

For every operation, requests are drawn that fit the schema and requests that do not; the draws
are the same in every run.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.openapi import PATH
from search.state.database import Database
from search.state.keys import Keys
from tests.serving import run, served

pytestmark = pytest.mark.processes

EXAMPLES = 12
"""Requests drawn for each operation and mode."""

DRAWN = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("fuzzed")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "urlop.md").write_text("# Urlop\n\nZaległy urlop mija 30 września.\n")
    (docs / "travel.md").write_text("# Travel\n\nExpenses are paid within two weeks.\n")
    environment = os.environ | {
        "SEMSEARCH_EMBEDDER__MODEL": "fake",
        "SEMSEARCH_DATA_DIR": str(folder / "data"),
        "SEMSEARCH_AUTH__MODE": "keys",
        "SEMSEARCH_API__RATE_PER_MINUTE": "0",
        "SEMSEARCH_API__JOB_QUEUE": "10000",
    }
    run(environment, "ingest", str(docs))
    secret, _ = Keys(Database(folder / "data")).create("fuzz", "default", scopes=["admin"])
    with served(environment) as (_, url):
        yield url, {"Authorization": f"Bearer {secret}"}


def drawn(mode: GenerationMode) -> Any:
    schema = schemathesis.openapi.from_path(str(PATH))
    schema.config.generation.modes = [mode]
    return schema


RULES_BEYOND_THE_SCHEMA = {
    "search": "which comparison a filter's field takes depends on the field",
    "more_like_this": "the same, and an example is either a text or a document",
    "list_documents": "a cursor is one that the listing gave",
    "upload": "a file's name says of which type it is, and not all are indexed",
}
"""Operations that may refuse with a 422 what fits their schema, and why."""


def check(case: Any, service: tuple[str, dict[str, str]]) -> None:
    url, key = service
    case.headers.pop("x-request-timeout", None)  # 5e-324 seconds are rightly a 504
    beyond = case.operation.definition.raw["operationId"] in RULES_BEYOND_THE_SCHEMA
    answer = case.call(base_url=url, headers=key)
    if answer.status_code == 400:  # headers that are no HTTP do not even reach the application
        assert answer.text == "Invalid HTTP request received."
        return
    excluded = [positive_data_acceptance] if beyond else []
    case.validate_response(answer, headers=key, excluded_checks=excluded)


@drawn(GenerationMode.POSITIVE).parametrize()  # type: ignore[untyped-decorator]
@DRAWN
def test_what_fits_the_schema(case: Any, service: tuple[str, dict[str, str]]) -> None:
    check(case, service)


@drawn(GenerationMode.NEGATIVE).parametrize()  # type: ignore[untyped-decorator]
@DRAWN
def test_what_does_not_fit_the_schema(case: Any, service: tuple[str, dict[str, str]]) -> None:
    check(case, service)
