"""The service's log as it is written."""

import json
import logging
from collections.abc import Iterator

import pytest

from api.logs import configure_logging
from search.service_settings import LoggingSettings

SECRET = "zaległe urlopy prezesa"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("semsearch")
    handlers, level, our_level = root.handlers[:], root.level, ours.level
    root.handlers = []  # else they would be closed
    yield
    root.handlers, root.level = handlers, level
    root.setLevel(level)
    ours.setLevel(our_level)


def fail() -> None:
    try:
        raise KeyError(SECRET)
    except KeyError as error:
        raise ValueError(f"no answer for {SECRET}") from error


def logged(capsys: pytest.CaptureFixture[str], **settings: object) -> str:
    configure_logging(LoggingSettings.model_validate(settings))
    log = logging.getLogger("semsearch.test")
    log.info("indexed %s", "żółć", extra={"status": 200})
    try:
        fail()
    except ValueError:
        log.exception("a request failed")
    return capsys.readouterr().err


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = map(json.loads, logged(capsys, format="json").splitlines())
    assert first["message"] == "indexed żółć"
    assert (first["level"], first["logger"], first["status"]) == ("INFO", "semsearch.test", 200)
    assert first["trace_id"] is None
    assert first["time"][:2] == "20"
    assert second["level"] == "ERROR"


@pytest.mark.parametrize("format", ["text", "json"])
def test_an_exception_says_where_but_not_what_unless_allowed(
    capsys: pytest.CaptureFixture[str], format: str
) -> None:
    discreet = logged(capsys, format=format)
    assert SECRET not in discreet
    assert "KeyError" in discreet and "ValueError" in discreet
    assert "in fail" in discreet
    assert SECRET in logged(capsys, format=format, queries=True)


def test_the_level(capsys: pytest.CaptureFixture[str]) -> None:
    assert "indexed" in logged(capsys)
    assert "indexed" not in logged(capsys, level="error")
