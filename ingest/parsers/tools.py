"""Programs that some formats take, which the kit does without when they are not installed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from search.errors import CorruptDocumentError, MissingToolError

ADDRESS_SPACE = 8 * 1024**3
"""Programs reserve far more memory than they use, and more than a worker may."""

NOWHERE = "http://127.0.0.1:9"
ENVIRONMENT = {
    "OMP_THREAD_LIMIT": "1",
    "LC_ALL": "C.UTF-8",
    **{f"{scheme}_proxy": NOWHERE for scheme in ("http", "https", "ftp", "all")},
}
"""One core each, and a proxy that nobody offers: documents may link to pictures elsewhere."""


@dataclass(frozen=True, slots=True)
class Tool:
    """An optional program and how to get it."""

    name: str
    programs: tuple[str, ...]
    install: str

    def path(self) -> str | None:
        """Return where the program is, or None."""
        return next((found for name in self.programs if (found := shutil.which(name))), None)

    def required(self) -> str:
        """Return where the program is.

        Raises:
            MissingToolError: it is not installed; says how to get it.
        """
        found = self.path()
        if found is None:
            raise MissingToolError(
                f"It takes {self.name}, which is not installed: {self.install}", self.name
            )
        return found


TESSERACT = Tool(
    "tesseract",
    ("tesseract",),
    "apt install tesseract-ocr tesseract-ocr-pol tesseract-ocr-deu",
)
LIBREOFFICE = Tool(
    "LibreOffice",
    ("soffice", "libreoffice"),
    "apt install libreoffice-writer libreoffice-calc libreoffice-impress",
)


def run(command: Sequence[str], data: bytes = b"") -> bytes:
    """Run a program on `data` and return what it prints.

    It ends with the worker that calls this: it stays in the worker's process group.

    Raises:
        CorruptDocumentError: it failed; the last thing it said is in the message.
    """
    done = subprocess.run(
        command,
        input=data,
        capture_output=True,
        env=os.environ | ENVIRONMENT,
        preexec_fn=_lift_memory_limit if sys.platform != "win32" else None,
    )
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        said = f" ({lines[-1][:200]})" if lines else ""
        raise CorruptDocumentError(
            f"{os.path.basename(command[0])} cannot read the file{said}: "  # noqa: PTH119
            "open and save it again in its program, or exclude it."
        )
    return done.stdout


def _lift_memory_limit() -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = ADDRESS_SPACE if hard == resource.RLIM_INFINITY else min(ADDRESS_SPACE, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
