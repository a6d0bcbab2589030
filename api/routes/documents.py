"""`/v1/documents`: what is indexed, and the files themselves."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import PlainTextResponse

from api.admission import admitted
from api.auth import Reader, Writer
from api.deps import DocumentId, PipelineDep, SettingsDep
from api.downloads import ANSWERS, Download
from api.schemas import PROBLEMS, ChunkOut, DocumentOut, DocumentsOut, Problem
from ingest.catalog import still_there, with_attachments
from ingest.uploads import Uploads, check_removable
from search.domain import Document, Principal
from search.errors import InputError, NotFoundError
from search.filters import All, Contains, Match, matching
from search.stores.base import find_document

SortKey = Literal["path", "title", "modified", "size"]
_KEYS: dict[SortKey, Callable[[Document], Any]] = {
    "path": lambda d: d.path,
    "title": lambda d: d.title.casefold(),
    "modified": lambda d: d.modified.isoformat(),
    "size": lambda d: d.size,
}

router = APIRouter(
    prefix="/v1/documents",
    tags=["documents"],
    dependencies=[Depends(admitted, scope="function")],
    responses=PROBLEMS,
)

NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "There is no such document."}
}


@router.get("", summary="List documents")
def list_documents(
    pipeline: PipelineDep,
    principal: Reader,
    language: Annotated[list[str], Query(description="Any of these.")] = [],  # noqa: B006
    type: Annotated[list[str], Query(description="Any of these.")] = [],  # noqa: B006
    tags: Annotated[list[str], Query(description="Any of these.")] = [],  # noqa: B006
    title: Annotated[str | None, Query(min_length=1, description="A part of the title.")] = None,
    path: Annotated[str | None, Query(min_length=1, description="A part of the path.")] = None,
    sort: Annotated[SortKey, Query(description="What orders the documents.")] = "path",
    descending: Annotated[bool, Query(description="Z to A, newest or largest first.")] = False,
    limit: Annotated[int, Query(ge=1, le=1000, description="Documents of a page.")] = 100,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
) -> DocumentsOut:
    """List the documents that the caller may read, page by page."""
    wanted = matching(language=tuple(language), type=tuple(type), tags=tuple(tags)).parts
    texts = {"title": title, "path": path}
    parts = (*wanted, *(Contains(field, text) for field, text in texts.items() if text))
    found = list(pipeline.store.documents(principal, All(parts)))
    key = _KEYS[sort]
    found.sort(key=lambda d: (key(d), d.id), reverse=descending)
    start = 0
    if cursor is not None:
        after = _read_cursor(cursor, sort)
        start = sum((key(d), d.id) >= after if descending else (key(d), d.id) <= after
                    for d in found)  # fmt: skip
    page = found[start : start + limit]
    more = start + limit < len(found)
    return DocumentsOut(
        documents=[DocumentOut.of(document) for document in page],
        total=len(found),
        next=_write_cursor(sort, key(page[-1]), page[-1].id) if page and more else None,
    )


@router.get("/{id}", summary="Describe a document", responses=NOT_FOUND)
def get_document(id: DocumentId, pipeline: PipelineDep, principal: Reader) -> DocumentOut:
    """Tell what is known of a document."""
    return DocumentOut.of(find_document(pipeline.store, id, principal))


@router.get("/{id}/chunks", summary="Show a document's passages", responses=NOT_FOUND)
def get_chunks(id: DocumentId, pipeline: PipelineDep, principal: Reader) -> list[ChunkOut]:
    """Return the passages as they are indexed, in reading order."""
    document = find_document(pipeline.store, id, principal)
    return [ChunkOut.of(chunk) for chunk in pipeline.store.chunks(document, principal)]


@router.get(
    "/{id}/text",
    summary="Read a document's text",
    response_class=PlainTextResponse,
    responses=NOT_FOUND,
)
def get_text(id: DocumentId, pipeline: PipelineDep, principal: Reader) -> PlainTextResponse:
    """Return the passages one after another; where one overlaps the next, text comes twice."""
    document = find_document(pipeline.store, id, principal)
    chunks = pipeline.store.chunks(document, principal)
    return PlainTextResponse("\n\n".join(chunk.text for chunk in chunks))


@router.get(
    "/{id}/file",
    status_code=200,
    summary="Download the original file",
    response_class=Download,
    responses=NOT_FOUND | ANSWERS,
)
def get_file(id: DocumentId, pipeline: PipelineDep, principal: Reader) -> Download:
    """Stream the file that a document was read from, as a download."""
    document = find_document(pipeline.store, id, principal)
    if document.container is not None:
        raise NotFoundError(
            f"{document.path} is attached to {document.container}: download that file."
        )
    root = Path(document.source).resolve()
    file = (root / document.path).resolve()
    if not file.is_relative_to(root) or not file.is_file():
        raise NotFoundError(f"The file of {document.path} is not there any more.")
    return Download(file, document.type)


@router.delete(
    "/{id}",
    status_code=204,
    summary="Delete an uploaded document",
    responses=NOT_FOUND
    | {409: {"model": Problem, "description": "It would come back: it is no upload."}},
)
def delete_document(
    id: DocumentId, pipeline: PipelineDep, caller: Writer, settings: SettingsDep
) -> None:
    """Delete a document, its file and what is attached to it; the next request meets none of it."""
    document = find_document(pipeline.store, id, caller.principal)
    check_removable(document, settings.data_dir, exists=still_there(document))
    everybody = Principal(document.tenant, admin=True)
    beside = pipeline.store.documents(everybody, Match("source", (document.source,)))
    doomed = with_attachments([document], beside)
    Uploads(settings.data_dir, document.tenant).remove(doomed)
    pipeline.store.remove(doomed)


def _write_cursor(sort: SortKey, value: Any, id: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, value, id]).encode()).decode()


def _read_cursor(cursor: str, sort: SortKey) -> tuple[Any, str]:
    try:
        made_for, value, id = json.loads(base64.urlsafe_b64decode(cursor))
        if made_for == sort and isinstance(value, int if sort == "size" else str):
            return value, str(id)
    except (ValueError, TypeError):
        pass
    raise InputError("The cursor is not one of this listing: begin without it.")
