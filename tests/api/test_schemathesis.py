"""Schemathesis against the service's own OpenAPI: whatever is sent, the answer is a documented one.

For every operation, requests are drawn that fit the schema and requests that do not; the draws
are the same in every run.
"""

import os
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
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


@dataclass
class Service:
    """A running service, and what there is in it: no draw would ever guess an id."""

    url: str
    key: dict[str, str]
    document: str
    removable: list[str]
    job: str
    feedback: dict[str, Any]
    answered: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The statuses by operation, of requests that fit."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
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
        "SEMSEARCH_LAYER__RERANKER": "null",
    }
    run(environment, "ingest", str(docs))
    secret, _ = Keys(Database(folder / "data")).create("fuzz", "default", scopes=["admin"])
    key = {"Authorization": f"Bearer {secret}"}
    with served(environment) as (_, url), httpx.Client(base_url=url, headers=key) as client:
        files = [("files", (f"{n}.md", f"# {n}\n\nNotatka {n}.\n")) for n in range(EXAMPLES)]
        uploaded = client.post("/v1/documents", files=files).raise_for_status().json()
        job = uploaded["job"]["id"]
        await_done(client, job)
        found = client.get("/v1/search", params={"q": "urlop"}).json()
        document = found["hits"][0]["document_id"]
        yield Service(
            url,
            key,
            document=document,
            removable=[file["document_id"] for file in uploaded["files"]],
            job=job,
            feedback={"trace_id": found["trace_id"], "document_id": document},
        )


def await_done(client: httpx.Client, job: str) -> None:
    until = time.monotonic() + 60
    while client.get(f"/v1/jobs/{job}").json()["state"] != "done":
        assert time.monotonic() < until
        time.sleep(0.1)


def drawn(mode: GenerationMode, *, boundaries: bool = True) -> Any:
    """Load the document, to draw from it.

    Args:
        mode: whether requests fit.
        boundaries: also walk through all boundaries that a schema has, one by one.
    """
    every: dict[str, Any] = {
        "generation": {"mode": mode.value},
        "phases": {"coverage": {"enabled": boundaries}},
        "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
        # Filters nest: their boundaries would be tens of thousands of requests.
        "operations": [
            {"include-operation-id": name, "phases": {"coverage": {"enabled": False}}}
            for name in ("search", "more_like_this")
        ],
    }
    return schemathesis.openapi.from_path(str(PATH), config=schemathesis.Config.from_dict(every))


FILTER = "The filter has .* parts|nested more than"
ARM = "is not offered"
RULES_BEYOND_THE_SCHEMA = {
    "search": f"{FILTER}|{ARM}",
    "search_simply": ARM,
    "more_like_this": f"{FILTER}|too many examples",
    "list_documents": "The cursor is not one of this listing",
    "upload": "No (file|upload) can be called|not indexed|comes twice|cannot be combined|more than",
}
"""What an operation may say when it refuses what fits its schema: rules that no schema can state,
on sizes of a whole, on values that it gave out itself, on names and types of files, on arms that
its settings name."""


def operation_of(case: Any) -> str:
    return str(case.operation.definition.raw["operationId"])


def check(case: Any, service: Service, key: dict[str, str], **sent: Any) -> int:
    """Send a request and hold its answer against the document; return the status."""
    if 0 < seconds(case.headers.get("x-request-timeout")) < 1:
        del case.headers["x-request-timeout"]  # 5e-324 seconds are rightly a 504
    answer = case.call(base_url=service.url, headers=key, **sent)
    if answer.status_code == 400:  # headers that are no HTTP do not even reach the application
        assert answer.text == "Invalid HTTP request received."
        return 400
    rule = RULES_BEYOND_THE_SCHEMA.get(operation_of(case))
    beyond = rule is not None and re.search(rule, answer.text) is not None
    excluded = [positive_data_acceptance] if beyond else []
    case.validate_response(answer, headers=key, excluded_checks=excluded)
    return int(answer.status_code)


def seconds(header: Any) -> float:
    try:
        return float(header)
    except (TypeError, ValueError):
        return 0


def speak_of_what_is_there(case: Any, service: Service) -> dict[str, Any]:
    """Put the names of real things into a request; return what else to send."""
    operation = operation_of(case)
    if operation == "delete_document" and service.removable:
        case.path_parameters["id"] = service.removable.pop()
    elif operation == "get_job":
        case.path_parameters["id"] = service.job
        case.headers["Accept"] = "text/event-stream"
    elif "id" in case.path_parameters:
        case.path_parameters["id"] = service.document
    elif operation == "search":
        case.body |= {name: "on" for name in ("rerank", "answer") if name in case.body}
    elif operation == "search_simply":
        case.query |= {name: "on" for name in ("rerank", "answer") if name in case.query}
    elif operation == "give_feedback":
        case.body |= service.feedback | {"chunk": None}
    elif operation == "upload":
        parts = case.as_transport_kwargs()["files"]
        names = [f"{n}.md" if name == "files" else None for n, (name, _) in enumerate(parts)]
        return {
            "files": [
                (name, (file, *part[1:])) for (name, part), file in zip(parts, names, strict=True)
            ]
        }
    return {}


@drawn(GenerationMode.POSITIVE).parametrize()  # type: ignore[untyped-decorator]
@DRAWN
def test_what_fits_the_schema(case: Any, service: Service) -> None:
    answered = service.answered[operation_of(case)]
    sent = speak_of_what_is_there(case, service) if len(answered) % 2 else {}
    answered.append(check(case, service, service.key, **sent))


@drawn(GenerationMode.NEGATIVE).parametrize()  # type: ignore[untyped-decorator]
@DRAWN
def test_what_does_not_fit_the_schema(case: Any, service: Service) -> None:
    check(case, service, service.key)


@drawn(GenerationMode.POSITIVE, boundaries=False).parametrize()  # type: ignore[untyped-decorator]
@settings(DRAWN, max_examples=2)
def test_who_has_no_key_is_told_nothing(case: Any, service: Service) -> None:
    status = check(case, service, {})
    assert (status == 401) == bool(case.operation.definition.raw.get("security"))


def test_every_operation_has_succeeded(service: Service) -> None:
    """Else all that was checked of it, its authentication too, is how it refuses."""
    if not service.answered:
        pytest.skip("only together with the requests that fit")
    for operation, statuses in service.answered.items():
        assert any(200 <= status < 300 for status in statuses), operation
