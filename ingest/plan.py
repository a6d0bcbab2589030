"""What a run will do: which files are new, changed, unchanged, or cannot be indexed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.scan import ScannedFile, content_hash
from search.domain import Document
from search.errors import PathError

MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Source:
    """A folder whose documents belong together, and the parts of it to look at now."""

    root: Path
    targets: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file that will be parsed."""

    source: Source
    file: ScannedFile
    content_hash: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be indexed, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The files of a run, by what will happen to them."""

    added: tuple[PlannedFile, ...]
    changed: tuple[PlannedFile, ...]
    unchanged: int
    unsupported: tuple[str, ...]
    failures: tuple[Failure, ...]
    """Files that fail before they are parsed: unreadable, too large."""

    @property
    def work(self) -> tuple[PlannedFile, ...]:
        """Return the files to parse."""
        return self.added + self.changed


def resolve_sources(paths: Sequence[Path], known_roots: Iterable[str]) -> list[Source]:
    """Find the source each path belongs to.

    A path inside a source that is already indexed stays part of it; any other folder
    becomes a source of its own, and so does the folder of a single file.

    Raises:
        PathError: a path does not exist.
    """
    roots = sorted((Path(root) for root in known_roots), key=lambda root: len(root.parts))
    targets: dict[Path, list[Path]] = {}
    for path in paths:
        if not path.exists():
            raise PathError(f"There is no file or folder {path}.")
        target = path.resolve()
        own = target if target.is_dir() else target.parent
        root = next((root for root in roots if own.is_relative_to(root)), own)
        targets.setdefault(root, []).append(target)
        if root not in roots:
            roots = sorted([*roots, root], key=lambda root: len(root.parts))
    return [Source(root, tuple(dict.fromkeys(found))) for root, found in targets.items()]


class Planner:
    """Compares files with what is indexed."""

    def __init__(
        self, known: Mapping[tuple[str, str], Document], fingerprint: str, max_file_mb: int
    ) -> None:
        """Remember what to compare with.

        Args:
            known: indexed documents by (source, path).
            fingerprint: of the pipeline in force; documents of another are indexed anew.
            max_file_mb: larger files fail.
        """
        self._known = known
        self._fingerprint = fingerprint
        self._max_bytes = max_file_mb * MIB
        self._added: list[PlannedFile] = []
        self._changed: list[PlannedFile] = []
        self._unsupported: list[str] = []
        self._failures: list[Failure] = []
        self._unchanged = 0

    def add(self, source: Source, file: ScannedFile) -> None:
        """Put a file where it belongs."""
        if file.problem:
            self._failures.append(Failure(file.path, file.problem))
        elif not file.supported:
            self._unsupported.append(file.path)
        elif file.size > self._max_bytes:
            self._failures.append(
                Failure(
                    file.path,
                    f"The file has {file.size / MIB:.0f} MiB; SEMSEARCH_INGEST__MAX_FILE_MB "
                    f"allows {self._max_bytes // MIB}.",
                )
            )
        else:
            self._compare(source, file)

    def plan(self) -> Plan:
        """Return the plan of all files added so far."""
        return Plan(
            tuple(self._added),
            tuple(self._changed),
            self._unchanged,
            tuple(self._unsupported),
            tuple(self._failures),
        )

    def _compare(self, source: Source, file: ScannedFile) -> None:
        try:
            digest = content_hash(file.absolute)
        except OSError as error:
            self._failures.append(Failure(file.path, f"The file cannot be read: {error.strerror}."))
            return
        known = self._known.get((str(source.root), file.path))
        planned = PlannedFile(source, file, digest)
        if known is None:
            self._added.append(planned)
        elif (known.content_hash, known.fingerprint) != (digest, self._fingerprint):
            self._changed.append(planned)
        else:
            self._unchanged += 1
