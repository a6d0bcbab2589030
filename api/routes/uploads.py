"""`POST /v1/documents`: files into the managed source."""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field, TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect

from api.auth import Writer
from api.deps import JobsDep, SettingsDep
from api.job_schemas import JobOut, UploadedOut, UploadOut
from api.multipart import MAX_FILES, MIB, Form, FormLimits, receive_form
from api.schemas import PROBLEMS, Problem
from ingest.order import Order
from ingest.parsers import is_supported
from ingest.sidecar import PRIVATE, Tag
from ingest.uploads import Upload, Uploads, incoming, safe_path
from search.domain import Principal, document_id
from search.errors import AccessError, InputError, UnsupportedFormatError
from search.settings import AccessEntry, Settings

STREAMED = frozenset({("POST", "/v1/documents")})
"""The route whose body is not read before it is known who sends it."""

_ACCESS = TypeAdapter(
    Annotated[list[Annotated[AccessEntry, Field(max_length=200)]], Field(max_length=50)]
)
_TAGS = TypeAdapter(Annotated[list[Tag], Field(max_length=50)])

FORM = {
    "type": "object",
    "additionalProperties": False,
    "required": ["files"],
    "properties": {
        "files": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_FILES,
            "items": {"type": "string", "format": "binary", "minLength": 1},
            "description": "One or many; a name may hold folders. A file that is there already "
            "is replaced.",
        },
        "folder": {"type": "string", "description": "What goes before all names, e.g. `hr/2025`."},
        "access": {
            "type": "array",
            "items": {"type": "string", "pattern": r"^(public|private|(user|group):.+)$"},
            "description": "Who may read them: `public` (the tenant), `private` (administrators), "
            "`user:NAME`, `group:NAME`; the service's default if left out. Only administrators "
            "may name others than themselves and their own groups.",
        },
        "tags": {
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": 100},
            "description": "Of all files, to filter by.",
        },
    },
}

FORM_EXAMPLES = {
    "regulations": {
        "summary": "Two files for all of the tenant",
        "value": {
            "files": ["…the bytes of urlopy.docx…", "…the bytes of delegacje.pdf…"],
            "folder": "hr/2025",
            "access": ["public"],
            "tags": ["regulamin"],
        },
    }
}

router = APIRouter(prefix="/v1/documents", tags=["documents"], responses=PROBLEMS)


@router.post(
    "",
    status_code=202,
    summary="Upload documents",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"multipart/form-data": {"schema": FORM, "examples": FORM_EXAMPLES}},
        }
    },
    responses={
        409: {"model": Problem, "description": "A name is taken."},
        413: {"model": Problem, "description": "A file, or all together, are too large."},
        415: {"model": Problem, "description": "A file is of a type that is not indexed."},
    },
)
async def upload(
    request: Request, caller: Writer, jobs: JobsDep, settings: SettingsDep
) -> UploadOut:
    """Receive files into the managed source and start a job that indexes them.

    A file that cannot be indexed is not kept; the job says why.
    """
    jobs.check()
    staging = await run_in_threadpool(_staging_folder, settings.data_dir)
    try:
        limits = FormLimits(
            folder=staging,
            file_bytes=settings.ingest.max_file_mb * MIB,
            total_bytes=settings.api.max_upload_mb * MIB,
            file_field="files",
            fields=frozenset({"folder", "access", "tags"}),
        )
        form = await receive_form(request.stream(), request.headers.get("content-type"), limits)
        files = await run_in_threadpool(_checked, form, caller.principal, settings)
        order = Order(principal=caller.principal, staging=staging, uploads=files)
        job = await run_in_threadpool(jobs.submit, "upload", order, caller.identity)
    except BaseException as error:
        shutil.rmtree(staging, ignore_errors=True)
        if isinstance(error, ClientDisconnect):
            raise InputError("The upload ended before it was complete.") from None
        raise
    source = str(Uploads(settings.data_dir, job.tenant).root)
    received = [
        UploadedOut(path=file.path, document_id=document_id(job.tenant, source, file.path))
        for file in files
    ]
    return UploadOut(job=JobOut.of(job), files=received)


def _staging_folder(data_dir: Path) -> Path:
    incoming(data_dir).mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=incoming(data_dir)))


def _checked(form: Form, principal: Principal, settings: Settings) -> tuple[Upload, ...]:
    """Make sure that all files can be taken, before any is.

    Raises:
        InputError: a name, an access entry or a tag cannot be used.
        AccessError: the caller may not give that access.
        ConflictError: a name is taken.
        UnsupportedFormatError: no parser reads such a file.
    """
    uploads = Uploads(settings.data_dir, principal.tenant)
    access = _access(form.fields.get("access"), principal, settings.ingest.default_access)
    tags = _valid(_TAGS, "tags", form.fields.get("tags", []))
    folders = form.fields.get("folder", [""])
    if len(folders) > 1:
        raise InputError("folder: give one.")
    if not form.files:
        raise InputError("files: the form holds no file.")
    checked: dict[str, Upload] = {}
    for file in form.files:
        path = safe_path(file.name, folders[0].rstrip("/\\"))
        if path in checked:
            raise InputError(f"files: {path} comes twice.")
        if not is_supported(Path(path)):
            raise UnsupportedFormatError(f"{path}: files of this type are not indexed.")
        if not file.size:
            raise InputError(f"{path}: the file is empty.")
        uploads.check(path, principal)
        checked[path] = Upload(path, file.path, access, tags)
    return tuple(checked.values())


def _access(given: list[str] | None, principal: Principal, default: str) -> tuple[str, ...]:
    """Return who may read the files; an empty list is for administrators only."""
    entries = _valid(_ACCESS, "access", given if given is not None else [default])
    if PRIVATE in entries:
        if len(entries) > 1:
            raise InputError("access: `private` cannot be combined with other entries.")
        return ()
    if given is not None and not principal.admin:
        own = principal.access_entries()
        if foreign := [entry for entry in entries if entry not in own]:
            raise AccessError(
                f"access: you may not give {foreign[0]}: only {', '.join(own)} or private."
            )
    return entries


def _valid(adapter: TypeAdapter[list[str]], field: str, values: list[str]) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(adapter.validate_python(values)))
    except ValidationError as error:
        raise InputError(f"{field}: {error.errors()[0]['msg']}.") from None
