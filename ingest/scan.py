"""Which files a folder holds: sorted, without what is hidden or ignored, never outside it."""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from ingest.parsers import is_supported

IGNORE_FILE = ".semsearchignore"
"""Rules in gitignore syntax; holds for its folder and all below."""


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A file met by a scan."""

    path: str
    """Below the source's root, with forward slashes."""
    absolute: Path
    size: int = 0
    mtime: float = 0.0
    """Seconds since 1970."""
    supported: bool = True
    problem: str | None = None
    """Why it cannot be read."""


def scan(root: Path, target: Path) -> Iterator[ScannedFile]:
    """Yield the files of a source, in the order of their paths.

    Hidden files and folders (`.name`), what an ignore file excludes, symbolic links that
    lead out of the root, and everything that is no regular file are passed over. A file
    named as the target itself is always met.

    Args:
        root: of the source, absolute.
        target: the root, a folder in it or a single file.
    """
    root = root.resolve()
    if target.is_file():
        yield _scanned(root, target)
        return
    specs: Specs = []
    for folder in _lineage(root, target)[:-1]:
        yield from _add_rules(root, folder, specs)
    yield from _walk(root, target, specs)


def content_hash(path: Path) -> str:
    """Return the BLAKE2b-128 of a file's bytes, in hex.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


Specs = list[tuple[Path, GitIgnoreSpec]]


def _walk(root: Path, folder: Path, specs: Specs) -> Iterator[ScannedFile]:
    yield from _add_rules(root, folder, specs)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield _problem(root, folder, f"The folder cannot be read: {error.strerror}.")
        return
    for entry in entries:
        path = Path(entry.path)
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
        except OSError:
            is_folder = False
        if entry.name.startswith(".") or _excluded(path, is_folder, specs):
            continue
        if is_folder:
            yield from _walk(root, path, [*specs])
        elif file := _entry(root, path):
            yield file


def _entry(root: Path, path: Path) -> ScannedFile | None:
    """Return a file of a folder; None for what is passed over."""
    try:
        if path.is_symlink() and not path.resolve(strict=True).is_relative_to(root):
            return None
        if not stat.S_ISREG(path.stat().st_mode):
            return None
    except OSError as error:
        return _problem(root, path, f"The file cannot be read: {error.strerror}.")
    return _scanned(root, path)


def _scanned(root: Path, path: Path) -> ScannedFile:
    name = _relative(root, path)
    try:
        name.encode("utf-8")
        found = path.stat()
    except UnicodeEncodeError:
        return ScannedFile(
            name.encode("utf-8", "backslashreplace").decode(), path,
            problem="Its name is not valid UTF-8: rename it.",
        )  # fmt: skip
    except OSError as error:
        return ScannedFile(name, path, problem=f"The file cannot be read: {error.strerror}.")
    return ScannedFile(name, path, found.st_size, found.st_mtime, is_supported(path))


def _relative(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _lineage(root: Path, target: Path) -> list[Path]:
    """Return the folders from the root down to the target."""
    return [folder for folder in [*reversed(target.parents), target] if folder.is_relative_to(root)]


def _add_rules(root: Path, folder: Path, specs: Specs) -> Iterator[ScannedFile]:
    """Add the rules of a folder's ignore file; what is wrong with it is yielded as a problem.

    Rules keep documents out of the index, so that one that cannot be read is reported, and
    a file of them that cannot be read excludes its whole folder.
    """
    path = folder / IGNORE_FILE
    patterns = []
    try:
        lines = path.read_text("utf-8-sig", "replace").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        lines = ["*"]
        yield _problem(
            root, path, f"The folder is left out: its rules cannot be read: {error.strerror}."
        )
    for number, line in enumerate(lines, 1):
        try:
            patterns.append(GitIgnoreSpec.from_lines([line]).patterns)
        except ValueError:
            yield _problem(root, path, f"Line {number} is no rule in gitignore syntax: {line!r}.")
    specs.append((folder, GitIgnoreSpec([pattern for group in patterns for pattern in group])))


def _problem(root: Path, path: Path, reason: str) -> ScannedFile:
    return ScannedFile(_relative(root, path), path, problem=reason)


def _excluded(path: Path, is_folder: bool, specs: Specs) -> bool:
    """Ask the ignore files from the root down; a deeper one has the last word."""
    excluded = False
    for folder, spec in specs:
        name = path.relative_to(folder).as_posix() + ("/" if is_folder else "")
        verdict = spec.check_file(name).include
        if verdict is not None:
            excluded = verdict
    return excluded
