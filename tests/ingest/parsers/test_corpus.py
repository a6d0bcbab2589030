"""Real files: each parses or raises an error of ours, fast, without a socket."""

import time
from pathlib import Path

import pytest
import pytest_socket

from ingest.parsers import is_supported, parse
from search.errors import ParseError

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
SLOWEST = 30
"""Seconds that one file may take on a busy machine; 872 pages of Word take 7."""
UNREADABLE = {
    "empty.txt", "empty.eml", "empty.xlsx", "fake-text-all-whitespace.txt", "picture.pptx",
    "test-image-jpg-mime.pptx", "password_protected.xlsx", "password.pdf", "fake-encrypted.eml",
    "loremipsum-flat.pdf", "single_table.pdf", "table-multi-row-column-cells.pdf",
}  # fmt: skip


@pytest.mark.slow
def test_files_of_the_corpus(shared: Path) -> None:
    corpus = shared / "corpus" / "unstructured-example-docs"
    if not corpus.is_dir():
        pytest.skip("shared/corpus is not here")
    pytest_socket.disable_socket()
    failed = set()
    for path in sorted(filter(is_supported, corpus.rglob("*"))):
        start = time.monotonic()
        try:
            document = parse(path)
        except ParseError as error:
            failed.add(path.name)
            assert "\n" not in str(error)
        else:
            text = "\n".join(block.text for block in document.blocks)
            assert not set(text) & {"\u00ad", "\u00a0", "\ufeff", "\x00", "\x0c"}, path
        assert time.monotonic() - start < SLOWEST, path
    assert failed == UNREADABLE


def test_examples_parse() -> None:
    paths = [p for p in sorted(EXAMPLES.glob("[a-z]*/*")) if is_supported(p)]
    paths = [p for p in paths if p.parent.name not in ("golden",)]
    assert len(paths) >= 40
    for path in paths:
        document = parse(path)
        assert document.blocks, path
        assert sum(len(block.text) for block in document.blocks) > 300, path
