"""Files as they leave the service: always as a download, of a type no browser runs, or in parts."""

from pathlib import Path
from typing import Any

from fastapi.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from api.problems import problem
from api.schemas import Problem

SAFE_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "txt": "text/plain; charset=utf-8",
    "md": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Types that a browser runs no script from; all others travel as bytes."""

BYTES = "application/octet-stream"

_FILE = {"schema": {"type": "string", "format": "binary"}}
_MEDIA_TYPES = sorted(
    {media_type.partition(";")[0] for media_type in [*SAFE_TYPES.values(), BYTES]}
)

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": dict.fromkeys(_MEDIA_TYPES, _FILE)},
    206: {
        "description": "The part of it that the header `Range` names.",
        "content": dict.fromkeys([*_MEDIA_TYPES, "multipart/byteranges"], _FILE),
    },
    416: {"model": Problem, "description": "The file has no such part, or `Range` is malformed."},
}
"""How a download may end, besides what every route may answer."""


class Download(FileResponse):
    """A file, streamed; a part of it where the request asks for one."""

    def __init__(self, file: Path, type: str) -> None:
        """Prepare to send a file of one of the kit's document types."""
        super().__init__(
            file,
            media_type=SAFE_TYPES.get(type, BYTES),
            filename=file.name,
            content_disposition_type="attachment",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, or a problem where Starlette would refuse the range in plain text."""
        refused = False

        async def passed_on(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] >= 400:
                refused = True
                size = Path(self.path).stat().st_size
                answer = problem(
                    416,
                    "Range not satisfiable",
                    f"Range: the file has {size} bytes; ask for some of them, as in bytes=0-99.",
                    {"Content-Range": f"bytes */{size}"},
                )
                await answer(scope, receive, send)
            elif not refused:
                await send(message)

        await super().__call__(scope, receive, passed_on)
