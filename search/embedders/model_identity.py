"""What tells one model folder from another, and what its card says."""

import hashlib
import re
from pathlib import Path

_SMALL_FILE = 1 << 20
_SAMPLES, _SAMPLE_SIZE = 16, 4096
_COMMIT = re.compile(r"[0-9a-f]{40}")
_CARD_HEADER = re.compile(r"\A---\n(.*?)\n---", re.DOTALL)
_CARD_LICENCE = re.compile(r"^license:[ \t]*(\S.*)$", re.MULTILINE)


def folder_revision(folder: Path) -> str:
    """Return what changes whenever the model in the folder does.

    The commit when the folder is a snapshot in the Hub's cache; otherwise a hash of the names
    and sizes of all files, of the small ones whole and of samples throughout the large ones.
    """
    if _COMMIT.fullmatch(folder.name):
        return folder.name
    digest = hashlib.blake2b(digest_size=10)
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in relative.parts):
            size = path.stat().st_size
            digest.update(f"{relative.as_posix()}\0{size}\0".encode())
            with path.open("rb") as file:
                if size <= _SMALL_FILE:
                    digest.update(file.read())
                    continue
                for sample in range(_SAMPLES + 1):
                    file.seek((size - _SAMPLE_SIZE) * sample // _SAMPLES)
                    digest.update(file.read(_SAMPLE_SIZE))
    return digest.hexdigest()


def licence_of(folder: Path) -> str:
    """Return the licence that the model card (README.md) names, or `unknown`."""
    try:
        card = (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return "unknown"
    header = _CARD_HEADER.match(card)
    licence = _CARD_LICENCE.search(header[1]) if header else None
    return licence[1].strip(" \"'") if licence else "unknown"
