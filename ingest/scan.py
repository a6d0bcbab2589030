"""Which files a folder holds: sorted, without what is hidden or ignored, never outside it."""

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pathspec import GitIgnoreSpec

from ingest.parsers import is_supported
from ingest.sidecar import SIDECAR, Rules, Sidecar, SidecarError, read_sidecar

IGNORE_FILE = ".semsearchignore"
"""Rules in gitignore syntax; holds for its folder and all below."""


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A file met by a scan, or a folder that could not be looked into."""

    path: str
    """Below the source's root, with forward slashes; bytes that are no UTF-8 as `\\xff`."""
    absolute: Path
    rules: Rules
    """Of the folders it lies in."""
    size: int = 0
    stamp: str = ""
    """Size and times as the file system tells them: see `stamp_of`."""
    supported: bool = True
    held: bool = False
    """Outside what this run looks at: neither indexed nor removed."""
    problem: str | None = None
    """Why it cannot be read."""


@dataclass(frozen=True, slots=True)
class _Context:
    """What holds in a folder."""

    root: Path
    rules: Rules
    include: GitIgnoreSpec | None
    exclude: GitIgnoreSpec
    ignored: tuple[tuple[Path, GitIgnoreSpec], ...] = ()
    sidecars: tuple[Sidecar, ...] = ()
    closed: bool = False
    """A sidecar on the way is broken."""


def scan(
    root: Path,
    target: Path,
    defaults: Rules,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> Iterator[ScannedFile]:
    """Yield the files of a source, in the order of their paths.

    Hidden files and folders (`.name`), what an ignore file excludes, symbolic links that
    lead out of the root, links to folders, and everything that is no regular file are
    passed over. A file named as the target itself is always met.

    Args:
        root: of the source, absolute.
        target: the root, a folder in it or a single file.
        defaults: what holds for files without rules of their own.
        include: patterns in gitignore syntax; files that match none are held.
        exclude: patterns of files that are held.
    """
    root = root.resolve()
    context = _Context(
        root,
        defaults,
        GitIgnoreSpec.from_lines(include) if include else None,
        GitIgnoreSpec.from_lines(exclude),
    )
    folder = target if target.is_dir() else target.parent
    for parent in _lineage(root, folder)[:-1]:
        context, problems = _entered(context, parent)
        yield from problems
    if target.is_dir():
        yield from _walk(context, target)
    else:
        context, problems = _entered(context, folder)
        yield from problems
        yield _scanned(context, target)


def stamp_of(found: os.stat_result) -> str:
    """Return what changes whenever a file is written, renamed or replaced.

    The time of the last status change catches what keeps its size and modification time.
    """
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"


def content_hash(path: Path) -> str:
    """Return the BLAKE2b-128 of a file's bytes, in hex.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _walk(context: _Context, folder: Path) -> Iterator[ScannedFile]:
    context, problems = _entered(context, folder)
    yield from problems
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        yield _problem(context, folder, f"The folder cannot be read: {error.strerror}.")
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name == SIDECAR:
            continue
        path = folder / entry.name
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
        except OSError:
            is_folder = False
        if _ignored(context, path, is_folder):
            continue
        if is_folder:
            if context.exclude.match_file(_relative(context.root, path) + "/"):
                yield ScannedFile(_shown(context.root, path), path, context.rules, held=True)
            else:
                yield from _walk(context, path)
        elif file := _entry(context, path, entry):
            yield file


def _entry(context: _Context, path: Path, entry: "os.DirEntry[str]") -> ScannedFile | None:
    """Return a file of a folder; None for what is passed over."""
    try:
        if entry.is_symlink() and not path.resolve(strict=True).is_relative_to(context.root):
            return None
        found = path.stat() if entry.is_symlink() else entry.stat(follow_symlinks=False)
    except OSError as error:
        return _problem(context, path, f"The file cannot be read: {error.strerror}.")
    return _scanned(context, path, found) if stat.S_ISREG(found.st_mode) else None


def _scanned(context: _Context, path: Path, found: os.stat_result | None = None) -> ScannedFile:
    try:
        found = found or path.stat()
    except OSError as error:
        return _problem(context, path, f"The file cannot be read: {error.strerror}.")
    rules = context.rules
    for sidecar in context.sidecars:
        rules = sidecar.applied_to(rules, path)
    name = _relative(context.root, path)
    left_out = context.include is not None and not context.include.match_file(name)
    return ScannedFile(
        path=_shown(context.root, path),
        absolute=path,
        rules=rules,
        size=found.st_size,
        stamp=stamp_of(found),
        supported=is_supported(path),
        held=context.closed or left_out or context.exclude.match_file(name),
    )


def _entered(context: _Context, folder: Path) -> tuple[_Context, list[ScannedFile]]:
    """Return what holds in a folder, and what is wrong with the files that say so."""
    problems: list[ScannedFile] = []
    context = _with_ignore_file(context, folder, problems)
    try:
        sidecar = read_sidecar(folder)
    except SidecarError as error:
        reason = f"Its folder is left as it is until this is mended: {error}"
        problems.append(_problem(context, folder / SIDECAR, reason))
        return replace(context, closed=True), problems
    if sidecar is not None:
        context = replace(context, sidecars=(*context.sidecars, sidecar))
    return context, problems


def _with_ignore_file(context: _Context, folder: Path, problems: list[ScannedFile]) -> _Context:
    """Add the rules of a folder's ignore file.

    They keep documents out of the index, so that one that cannot be read is reported, and
    a file of them that cannot be read closes its folder.
    """
    path = folder / IGNORE_FILE
    try:
        lines = path.read_text("utf-8-sig", "replace").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return context
    except OSError as error:
        reason = f"Its folder is left as it is: the rules cannot be read: {error.strerror}."
        problems.append(_problem(context, path, reason))
        return replace(context, closed=True)
    good = []
    for number, line in enumerate(lines, 1):
        try:
            GitIgnoreSpec.from_lines([line])
            good.append(line)
        except ValueError:
            reason = f"Line {number} is no rule in gitignore syntax: {line!r}."
            problems.append(_problem(context, path, reason))
    spec = GitIgnoreSpec.from_lines(good)
    return replace(context, ignored=(*context.ignored, (folder, spec)))


def _ignored(context: _Context, path: Path, is_folder: bool) -> bool:
    """Ask the ignore files from the root down; a deeper one has the last word."""
    ignored = False
    for folder, spec in context.ignored:
        name = _relative(folder, path) + ("/" if is_folder else "")
        verdict = spec.check_file(name).include
        if verdict is not None:
            ignored = verdict
    return ignored


def _problem(context: _Context, path: Path, reason: str) -> ScannedFile:
    return ScannedFile(_shown(context.root, path), path, context.rules, problem=reason)


def _lineage(root: Path, target: Path) -> list[Path]:
    """Return the folders from the root down to the target."""
    return [folder for folder in [*reversed(target.parents), target] if folder.is_relative_to(root)]


def _relative(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _shown(root: Path, path: Path) -> str:
    """Return a path as text that UTF-8 can carry; no two files share one."""
    name = _relative(root, path)
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raw = os.fsencode(name).replace(b"\\", b"\\\\")
        return raw.decode("utf-8", "backslashreplace")
    return name
