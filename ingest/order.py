"""What passes between the service and the process that carries out a job: a JSON object a line."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr

from ingest.uploads import Upload
from search.domain import Principal
from search.settings import Settings
from search.state.jobs import Outcome, Progress


class Order(BaseModel):
    """A job to be done for a caller: put files into the managed source, or sync some sources."""

    model_config = ConfigDict(frozen=True)

    principal: Principal
    staging: Path | None = None
    """The folder of received files; removed when the job has ended."""
    uploads: tuple[Upload, ...] = ()
    sources: tuple[str, ...] = ()
    """Roots of sources that the index knows."""
    allow_mass_delete: bool = False


class Message(BaseModel):
    """What a job reports: how far it is, and at the end one of the other two."""

    model_config = ConfigDict(frozen=True)

    progress: Progress | None = None
    outcome: Outcome | None = None
    error: str | None = None


def write_settings(settings: Settings) -> str:
    """Return settings as one line of JSON, secrets in the clear: for a pipe and nothing else."""
    return json.dumps(settings.model_dump(), default=_plain)


def read_settings(line: str) -> Settings:
    """Return the settings that `write_settings` has written."""
    return Settings(**json.loads(line))


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
