"""Blocks of a file, made short for comparison."""

from pathlib import Path

from ingest.parsers import parse

Short = list[tuple[str, str]]


def blocks_of(path: Path) -> Short:
    """Return kind and text of each block; headings and list items with their level."""
    found = []
    for block in parse(path).blocks:
        level = str(block.level) if block.kind == "heading" or block.level else ""
        found.append((f"{block.kind}{level}", block.text))
    return found


def text_file(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path
