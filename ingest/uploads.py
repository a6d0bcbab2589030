"""The managed source: files that came over HTTP, kept under `data_dir`, one folder a tenant.

    data_dir/uploads/.semsearchignore     keeps a sync of a folder around it out
    data_dir/uploads/TENANT/…             a source as any other, at the paths that callers gave
    data_dir/incoming/…                   uploads on their way; nothing in it outlives the service

Who may read a file, and its tags, stand in the `semsearch.yaml` of its folder, by exact name.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from filelock import FileLock
from pathvalidate import validate_filename

from ingest.scan import IGNORE_FILE
from ingest.sidecar import MAX_BYTES, PRIVATE, SIDECAR, Rules, SidecarError, read_sidecar
from search.domain import Document, Principal
from search.errors import ConflictError, InputError

MAX_PATH = 1000
"""Characters of a file's path below its source."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that has been received."""

    path: str
    """Where it shall lie below the source."""
    received: Path
    """Where it lies meanwhile, on the same file system."""
    access: tuple[str, ...] = ()
    """As in `Document.access`: none means administrators only."""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A file that was put into the source, and how to take that back."""

    path: str
    former: Path | None
    """What lay there before, aside."""
    former_rules: Mapping[str, Any] | None


class Uploads:
    """The managed source of one tenant; safe to share between threads and processes."""

    def __init__(self, data_dir: Path, tenant: str) -> None:
        """Say where it is; nothing is made yet."""
        self._tenant = tenant
        self._lock = FileLock(data_dir.resolve() / "uploads.lock")
        visible = tenant.replace(".", "%2E", 1) if tenant.startswith(".") else tenant
        self.root = data_dir.resolve() / "uploads" / visible

    def holds(self, document: Document) -> bool:
        """Tell whether a document came from here."""
        return document.tenant == self._tenant and document.source == str(self.root)

    def check(self, path: str, principal: Principal) -> None:
        """Make sure that a caller may put a file at a path.

        Raises:
            ConflictError: a folder is there, or a file that the caller may not read.
        """
        target = self.root / path
        above = [folder for folder in target.parents if folder.is_relative_to(self.root)]
        taken = target.is_dir() or any(f.exists() and not f.is_dir() for f in above)
        if taken or (target.exists() and not self._readable(target, principal)):
            raise ConflictError(f"The name {path} is taken: choose another, or another folder.")

    def place(self, files: Sequence[Upload], aside: Path) -> list[Placed]:
        """Put files in their places, all or none; the rules of a file come before the file.

        Args:
            files: received completely, each path once.
            aside: where to keep what they replace.

        Raises:
            ConflictError: a folder's rules are broken, or have become too long.
        """
        placed: list[Placed] = []
        ordered = sorted(files, key=lambda file: _folder_and_name(file.path))
        with self._lock:
            self._prepare()
            try:
                for folder, group in groupby(ordered, lambda file: _folder_and_name(file.path)[0]):
                    placed += self._place_in(self.root / folder, list(group), aside)
            except BaseException:
                self._take_back(placed)
                raise
        return placed

    def take_back(self, placed: Iterable[Placed]) -> None:
        """Undo: what lay there before lies there again."""
        with self._lock:
            self._take_back(placed)

    def remove(self, documents: Iterable[Document]) -> None:
        """Delete the files of documents, and the rules for them; others' and missing ones stay."""
        paths = [d.path for d in documents if self.holds(d) and d.container is None]
        with self._lock:
            self._take_back(Placed(path, None, None) for path in paths)

    def _place_in(self, folder: Path, files: list[Upload], aside: Path) -> list[Placed]:
        folder.mkdir(parents=True, exist_ok=True)
        names = [PurePosixPath(file.path).name for file in files]
        rules = {
            name: {"access": list(file.access) or [PRIVATE], "tags": list(file.tags)}
            for name, file in zip(names, files, strict=True)
        }
        former_rules = self._write_rules(folder, rules)
        placed = []
        for name, file in zip(names, files, strict=True):
            target, former = folder / name, None
            if target.exists():
                former = aside / f"former-{file.received.name}"
                target.replace(former)
            file.received.replace(target)
            placed.append(Placed(file.path, former, former_rules[name]))
        return placed

    def _take_back(self, placed: Iterable[Placed]) -> None:
        ordered = sorted(placed, key=lambda one: _folder_and_name(one.path))
        for folder, group in groupby(ordered, lambda one: _folder_and_name(one.path)[0]):
            rules: dict[str, Mapping[str, Any] | None] = {}
            for one in group:
                target = self.root / one.path
                target.unlink(missing_ok=True)
                rules[target.name] = one.former_rules
                if one.former is not None:
                    one.former.replace(target)
            if (self.root / folder).is_dir():
                self._write_rules(self.root / folder, rules)

    def _readable(self, file: Path, principal: Principal) -> bool:
        """Ask the rules, as the file may not be indexed yet."""
        if principal.admin:
            return True
        rules = Rules(self._tenant)
        for folder in reversed([f for f in file.parents if f.is_relative_to(self.root)]):
            try:
                sidecar = read_sidecar(folder)
            except SidecarError:
                return False
            rules = sidecar.applied_to(rules, file) if sidecar else rules
        return not set(rules.access).isdisjoint(principal.access_entries())

    def _prepare(self) -> None:
        """Make the folder, private, of its tenant, and unseen by syncs of folders around it."""
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root.parent / IGNORE_FILE).write_text("*\n", "utf-8")
        if not (self.root / SIDECAR).exists():
            self._save(self.root, {"tenant": self._tenant, "access": [PRIVATE]})

    def _write_rules(
        self, folder: Path, rules: Mapping[str, Mapping[str, Any] | None]
    ) -> dict[str, Mapping[str, Any] | None]:
        """Set or delete the rules of files of a folder; returns those before."""
        content = self._load(folder)
        files = content.setdefault("files", {})
        former = {name: files.get(name) for name in rules}
        for name, rule in rules.items():
            if rule is None:
                files.pop(name, None)
            else:
                files[name] = dict(rule)
        self._save(folder, content)
        return former

    def _load(self, folder: Path) -> dict[str, Any]:
        try:
            if read_sidecar(folder) is None:
                return {}
        except SidecarError as error:
            where = folder.relative_to(self.root.parent).as_posix()
            raise ConflictError(f"Uploads to {where} have to wait until its {SIDECAR} is mended: "
                                f"{error}") from None  # fmt: skip
        text = (folder / SIDECAR).read_text("utf-8-sig")
        return yaml.safe_load(text) or {}

    def _save(self, folder: Path, content: Mapping[str, Any]) -> None:
        data = yaml.safe_dump(dict(content), allow_unicode=True, sort_keys=False).encode()
        if len(data) > MAX_BYTES:
            raise ConflictError("The folder holds too many uploads: choose another folder.")
        aside = folder / f".{SIDECAR}"
        aside.write_bytes(data)
        aside.replace(folder / SIDECAR)


def incoming(data_dir: Path) -> Path:
    """Return the folder of uploads on their way."""
    return data_dir.resolve() / "incoming"


def safe_path(name: str, folder: str = "") -> str:
    r"""Return where a file that a caller named so may lie: relative, with forward slashes.

    Args:
        name: as sent; `\` parts folders as `/` does.
        folder: what stands before it.

    Raises:
        InputError: it is absolute, leads upwards or is hidden, or some system could not keep it.
    """
    path = unicodedata.normalize("NFC", f"{folder}/{name}" if folder else name).replace("\\", "/")
    parts = path.split("/")
    if len(path) > MAX_PATH:
        raise InputError(f"The name {path[:60]}… has more than {MAX_PATH} characters.")
    for part in parts:
        try:
            validate_filename(part, platform="universal", fs_encoding="utf-8")
        except ValueError:
            raise InputError(
                f"No file can be called {path[:100]!r}: {part[:40]!r} is empty, too long, leads "
                "out of its folder or has characters that some systems refuse."
            ) from None
        if part.startswith(".") or part.casefold() == SIDECAR:
            raise InputError(
                f"No upload can be called {path[:100]!r}: syncs pass over {part[:40]!r}."
            )
    return "/".join(parts)


def check_removable(document: Document, data_dir: Path, *, exists: bool) -> None:
    """Make sure that a document, once removed, stays so.

    Args:
        document: to be removed.
        data_dir: where uploads lie, which are removed with their files.
        exists: its file is still there.

    Raises:
        ConflictError: it would come back with the next sync, or is a part of another.
    """
    if document.container:
        raise ConflictError(
            f"{document.path} is attached to {document.container}: remove that, or nothing."
        )
    if exists and not Uploads(data_dir, document.tenant).holds(document):
        raise ConflictError(
            f"{document.path} still lies in its folder, so that the next sync brings it back: "
            "delete the file there, or name it in a .semsearchignore."
        )


def _folder_and_name(path: str) -> tuple[str, str]:
    found = PurePosixPath(path)
    return found.parent.as_posix(), found.name
