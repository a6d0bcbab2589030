"""A process that parses files for its parent, within limits: `python -m ingest.worker`.

Whatever a hostile file makes a parser do happens here: the process has a limit on memory,
writes no core dump, connects nowhere and dies with its parent. See `ingest.sandbox`.
"""

import argparse
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

MIB = 1024**2

BLOCKED = frozenset({"socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.sendmsg"})
"""Audit events that no parser has a reason to raise."""


def main() -> None:
    """Answer requests until there are no more."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--memory-mb", type=int, required=True)
    arguments.add_argument("--max-text", type=int, required=True)
    arguments.add_argument("--ocr", action="store_true")
    arguments.add_argument("--ocr-languages", default="eng")
    given = arguments.parse_args()
    requests, answers = sys.stdin.buffer, _private_stdout()
    _die_with_parent()
    _limit_memory(given.memory_mb)
    _block_network()
    serve(requests, answers, given)


def serve(requests: BinaryIO, answers: BinaryIO, given: argparse.Namespace) -> None:
    """Read requests and write answers."""
    from ingest.frames import HEAD_BYTES, Request, length_of, send, send_progress

    while head := requests.read(HEAD_BYTES):
        request = Request.model_validate_json(requests.read(length_of(head)))
        send(answers, _answer(Path(request.file), given, partial(send_progress, answers)))


def _answer(path: Path, given: argparse.Namespace, progress: Callable[[], None]) -> Any:
    from ingest.archives import check_archive
    from ingest.frames import Answer
    from ingest.parsers import parse
    from ingest.parsers.base import ParsingOptions
    from search.errors import SemsearchError, TooLargeError

    try:
        check_archive(path)
        options = ParsingOptions(given.ocr, given.ocr_languages, progress=progress)
        document = parse(path, options)
        _check_size(document, given.max_text)
        return Answer(document=document)
    except SemsearchError as error:
        tool = getattr(error, "tool", "")
        return Answer(error=type(error).__name__, message=str(error), tool=tool)
    except MemoryError:
        return Answer(
            error=TooLargeError.__name__,
            message=f"Reading takes more than {given.memory_mb} MiB of memory: raise "
            "SEMSEARCH_PARSING__MEMORY_MB, or exclude the file.",
        )
    except RecursionError:
        return Answer(
            error="CorruptDocumentError", message="The file is nested too deeply: exclude it."
        )
    except OSError as error:
        reason = error.strerror or str(error)
        return Answer(error="OSError", message=f"The file cannot be read: {reason}.")


def _check_size(document: Any, limit: int) -> None:
    from search.errors import TooLargeError

    size = _size_of(document)
    if size > limit:
        raise TooLargeError(
            f"The file holds {size / 1e6:.0f} MB of text; SEMSEARCH_PARSING__MAX_TEXT_MB allows "
            f"{limit / 1e6:g}: raise it, or exclude the file."
        )


def _size_of(document: Any) -> int:
    own = sum(len(block.text.encode("utf-8", "replace")) for block in document.blocks)
    return own + sum(_size_of(a.document) for a in document.attachments if a.document)


def _private_stdout() -> BinaryIO:
    """Keep standard output for answers; what a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _die_with_parent() -> None:
    """Ask Linux for a signal when the parent dies; elsewhere the closed pipe ends us.

    Linux means the thread that started us, not its process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        parent_death_signal = 1
        ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGKILL)


def _limit_memory(mebibytes: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    # The soft limit only: a program started for a conversion may lift it for itself.
    resource.setrlimit(resource.RLIMIT_AS, (mebibytes * MIB, hard))


def _block_network() -> None:
    """Refuse to connect anywhere; an audit hook cannot be removed again."""

    def refuse(event: str, details: tuple[Any, ...]) -> None:
        if event in BLOCKED:
            raise PermissionError(f"a parser tried to use the network ({event})")

    sys.addaudithook(refuse)


if __name__ == "__main__":
    main()
