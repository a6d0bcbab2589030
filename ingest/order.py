"""What passes between the service and the process that carries out a job, line by line."""

import base64
import pickle
from pathlib import Path

from pydantic import BaseModel, ConfigDict

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
    """Return settings as a line, secrets in the clear: for a pipe between our own processes.

    Pickled, so that not even 120 becomes 120.0, which would be another fingerprint.
    """
    return base64.b64encode(pickle.dumps(settings)).decode()


def read_settings(line: str) -> Settings:
    """Return the settings that `write_settings` has written."""
    settings = pickle.loads(base64.b64decode(line))
    assert isinstance(settings, Settings)
    return settings
