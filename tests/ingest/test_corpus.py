"""220 real files in one run: each is indexed, empty, unsupported or failed with a true reason."""

from pathlib import Path

import pytest

from ingest.parsers.tools import LIBREOFFICE, TESSERACT
from ingest.reading import Reading
from ingest.sync import sync
from search.assemble import build_embedder, open_store
from search.domain import Principal
from tests.ingest.folders import Silent, settings_in
from tests.ingest.parsers.samples import CORPUS, needs

ADMIN = Principal("default", admin=True)
SLOWEST = 60
"""Seconds that one file may take on a busy machine; 872 pages of Word take 7."""
FAILED = {
    "eml/empty.eml": "no message headers",
    "eml/fake-encrypted.eml": "encrypted",
    "eml/mime-no-body.eml/image.jpg": "cannot be decoded",
    "empty.xlsx": "no text",
    "fake-encrypted.msg": "encrypted",
    "fake-text-all-whitespace.txt": "no text",
    "img/bmp_24.bmp": "no legible text",
    "img/chi_sim_image.jpeg": "no legible text",  # tesseract is not asked to read Chinese
    "img/example.jpg": "no legible text",
    "img/jpn-vert.jpeg": "no legible text",
    "password_protected.xlsx": "password",
    "pdf/password.pdf": "password",
    "picture.pptx": "no text",
    "test-image-jpg-mime.pptx": "no text",
}
UNSUPPORTED = {
    "eml/signed-doc.p7s", "img/DA-1p.heic", "simple.yaml", "simple.zip",
    "eml/mime-attach-mp3.eml/sample-3s.mp3",
}  # fmt: skip
JUNK = {"\u00ad", "\u00a0", "\ufeff", "\x00", "\x0c"}


class Clock(Silent):
    """Notes how long each file took."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: dict[str, float] = {}

    def read(self, reading: Reading) -> None:
        self.seconds[reading.planned.file.path] = reading.seconds


@pytest.mark.slow
def test_the_whole_corpus(tmp_path: Path) -> None:
    needs(CORPUS.is_dir(), "shared/corpus")
    for tool in (TESSERACT, LIBREOFFICE):
        needs(tool.path(), tool.name)
    settings = settings_in(tmp_path)
    embedder = build_embedder(settings.embedder)
    store = open_store(settings, embedder, create=True)
    clock = Clock()
    report = sync([CORPUS], embedder, store, settings, clock)
    failed = {failure.path: failure.reason for failure in report.failures}
    assert failed.keys() == FAILED.keys()
    for path, reason in failed.items():
        assert FAILED[path] in reason
        assert "\n" not in reason
    assert set(report.unsupported) == UNSUPPORTED
    assert [file.path for file in report.plan.empty] == ["empty.txt"]
    slow = {path: seconds for path, seconds in clock.seconds.items() if seconds > SLOWEST}
    assert not slow
    indexed = {}
    for document in store.documents(ADMIN):
        indexed[document.path] = document
        text = " ".join(chunk.text for chunk in store.chunks(document, ADMIN))
        assert text.strip(), document.path
        assert not set(text) & JUNK, document.path
    store.close()
    files = {file.relative_to(CORPUS).as_posix() for file in CORPUS.rglob("*") if file.is_file()}
    whole = {path for path, document in indexed.items() if document.container is None}
    assert whole == files - FAILED.keys() - UNSUPPORTED - {"empty.txt"}
    assert indexed["fake-email-attachment.msg/fake-attachment.txt"].container
    assert indexed["pdf/multi-column.pdf"].pages == 13
    assert indexed["winter-sports.epub"].author == "E. F. Benson"
