"""Which folder each path on a command line belongs to.

A source is a folder, known by its root, whose documents the index follows. A path inside a
known source stays part of it, so that no document is indexed under two roots; a folder
around known sources takes them over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from search.errors import PathError


@dataclass(frozen=True, slots=True)
class Source:
    """A folder whose documents belong together, and the parts of it to look at now."""

    root: Path
    targets: tuple[Path, ...]
    """Absolute: the root, folders and files in it; some may be missing."""

    def covers(self, path: Path) -> bool:
        """Tell whether a file or folder is, or lies in, one of the targets."""
        return any(path.is_relative_to(target) for target in self.targets)


def resolve_sources(paths: Sequence[Path], known_roots: Iterable[str]) -> list[Source]:
    """Find the source each path belongs to.

    Args:
        paths: files and folders as typed.
        known_roots: of sources that are indexed.

    Raises:
        PathError: a path does not exist and lies in no known source, or is neither a file
            nor a folder.
    """
    known = [Path(root) for root in known_roots]
    roots = sorted(known, key=lambda root: len(root.parts))
    targets: dict[Path, list[Path]] = {}
    for target in sorted(map(_absolute, paths), key=lambda path: len(path.parts)):
        exists = target.exists()
        own = target if target.is_dir() or not exists else target.parent
        candidates = roots if exists else sorted(known, key=lambda root: len(root.parts))
        root = next((root for root in candidates if own.is_relative_to(root)), None)
        if root is None and not exists:
            raise PathError(f"There is no file or folder {target}.")
        if root is None:
            root = own
            roots = sorted([*roots, root], key=lambda root: len(root.parts))
        targets.setdefault(root, []).append(target)
    return [Source(root, tuple(dict.fromkeys(found))) for root, found in targets.items()]


def _absolute(path: Path) -> Path:
    try:
        target = path.expanduser().resolve()
        special = target.exists() and not (target.is_dir() or target.is_file())
    except (OSError, RuntimeError, ValueError) as error:
        raise PathError(f"{path} cannot be used: {error}.") from None
    if special:
        raise PathError(f"{path} is neither a file nor a folder.")
    return target
