"""What goes in and out over HTTP about jobs."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from api.description import event_schema
from search.state.jobs import Job, JobKind, JobState


class ProgressOut(BaseModel):
    """How far a job is."""

    model_config = ConfigDict(from_attributes=True)

    files: int = Field(description="Read so far.")
    of: int = Field(description="To read in all.")
    chunks: int = Field(description="Embedded so far.")


class FailureOut(BaseModel):
    """A file that could not be indexed, and why."""

    model_config = ConfigDict(from_attributes=True)

    path: str
    reason: str


class OutcomeOut(BaseModel):
    """What a job did; files are counted, attachments are not."""

    model_config = ConfigDict(from_attributes=True)

    added: int
    changed: int
    renamed: int
    updated: int = Field(description="Whose access or tags changed.")
    deleted: int
    unchanged: int
    unsupported: int = Field(description="Of a type that is not indexed.")
    chunks: int = Field(description="Written.")
    failed: int
    failures: list[FailureOut] = Field(description="By path, at most 1,000.")
    withheld: bool = Field(
        description="So much of a source has no file any more that nothing of it was deleted; "
        "`allow_mass_delete` confirms it."
    )


class JobOut(BaseModel):
    """A job as it stands."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: JobKind
    state: JobState
    created: datetime
    started: datetime | None
    ended: datetime | None
    progress: ProgressOut
    outcome: OutcomeOut | None = Field(description="Of a job that is done.")
    error: str | None = Field(description="Of a job that has failed as a whole.")

    @classmethod
    def of(cls, job: Job) -> "JobOut":
        """Lay a job out."""
        return cls.model_validate(job)


JOB_EVENT = event_schema("job", JobOut)
"""A server-sent event that tells how far a job is, in the words of OpenAPI."""


class UploadedOut(BaseModel):
    """A file that was received."""

    path: str
    document_id: str = Field(description="What it will be found under once the job is done.")


class UploadOut(BaseModel):
    """Files received, and the job that indexes them."""

    job: JobOut
    files: list[UploadedOut]


class SyncIn(BaseModel):
    """What to bring up to date with its folders."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"sources": ["/srv/share/handbook"]}]}
    )

    sources: list[Annotated[str, Field(min_length=1, max_length=4096)]] | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Sources that the index knows, as in `source` of a document; all if left out.",
    )
    allow_mass_delete: StrictBool = Field(
        False, description="Delete even if much of a source is gone."
    )
