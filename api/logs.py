"""The service's log: lines for people or JSON objects, never what somebody asked unless allowed."""

import logging
import traceback
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from api.tracing import Served, current_trace_id
from search.service_settings import LoggingSettings

FIELDS = ("asctime", "levelname", "name", "message", "trace_id")
NAMES = {"asctime": "time", "levelname": "level", "name": "logger"}

_access = logging.getLogger("semsearch.access")


def configure_logging(settings: LoggingSettings) -> None:
    """Send all that is logged in this process to standard error, as the settings ask."""
    handler = logging.StreamHandler()
    if settings.format == "json":
        handler.setFormatter(_json(settings.queries))
    else:
        handler.setFormatter(_text(settings.queries))
    handler.addFilter(_add_trace_id)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("semsearch").setLevel(settings.level.upper())


class AccessLog:
    """Logs a line for each request: what was asked of which route, for whom, how long it took."""

    def __init__(self, settings: LoggingSettings) -> None:
        self._queries = settings.queries

    def began(self) -> None:
        """Do nothing."""

    def served(self, served: Served) -> None:
        """Log the request."""
        facts: dict[str, Any] = {
            "method": served.method,
            "route": served.route,
            "status": served.status,
            "ms": round(served.milliseconds, 3),
        }
        if served.caller:
            facts["tenant"] = served.caller.principal.tenant
            facts["user"] = served.caller.principal.user
            facts["key"] = served.caller.key
        facts |= served.trace.attributes
        if served.trace.stages:
            timings = served.trace.timings_ms
            facts["stages_ms"] = {stage: round(ms, 3) for stage, ms in timings.items()}
        if self._queries and served.trace.query:
            facts["query"] = served.trace.query
        facts = {name: value for name, value in facts.items() if value not in (None, "")}
        told = " ".join(f"{name}={_word(value)}" for name, value in facts.items())
        _access.info(told, extra=facts | {"trace_id": served.trace.id})


class _Discreet(logging.Formatter):
    """Says of an exception what it is and where it arose, but not what it says."""

    def formatException(self, ei: Any) -> str:
        return "\n".join(_frames(ei[1]))


class _DiscreetJson(JsonFormatter):
    def formatException(self, ei: Any) -> str:
        return "\n".join(_frames(ei[1]))


def _text(outspoken: bool) -> logging.Formatter:
    form = "%(asctime)s %(levelname)s %(name)s %(message)s [%(trace_id)s]"
    return (logging.Formatter if outspoken else _Discreet)(form)


def _json(outspoken: bool) -> logging.Formatter:
    formatter = (JsonFormatter if outspoken else _DiscreetJson)(
        FIELDS,
        rename_fields=NAMES,
        datefmt="%Y-%m-%dT%H:%M:%S%z",
        json_ensure_ascii=False,
    )
    return formatter


def _add_trace_id(record: logging.LogRecord) -> bool:
    if not hasattr(record, "trace_id"):
        record.trace_id = current_trace_id()
    return True


def _frames(error: BaseException | None) -> list[str]:
    """Return an exception and what caused it, innermost first, without their messages."""
    if error is None:
        return []
    causes = _frames(error.__cause__ or error.__context__)
    frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    return [*causes, frames, f"{type(error).__module__}.{type(error).__qualname__}"]


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{name}:{_word(part)}" for name, part in value.items())
    text = str(value)
    return text if text.isprintable() and " " not in text else repr(text)
