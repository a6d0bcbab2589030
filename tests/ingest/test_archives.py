"""Zip bombs are refused before anything is unpacked; real archives pass."""

import io
import zipfile
import zlib
from pathlib import Path

import pytest

from ingest.archives import MIB, MOST_MEMBERS, check_archive
from search.errors import UnsafeFileError
from tests.conftest import SHARED

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def archive(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return made.getvalue()


def refused(path: Path, data: bytes, match: str) -> None:
    path.write_bytes(data)
    with pytest.raises(UnsafeFileError, match=match):
        check_archive(path)


def test_what_unpacks_to_too_much(tmp_path: Path) -> None:
    refused(tmp_path / "a.docx", archive({"word/document.xml": bytes(150 * MIB)}), "zip bomb")


def test_what_is_nested(tmp_path: Path) -> None:
    inner = archive({"a.xml": bytes(150 * MIB)})
    refused(tmp_path / "a.xlsx", archive({"xl/embeddings/b.docx": inner}), "zip bomb")


def test_what_is_nested_without_end(tmp_path: Path) -> None:
    data = archive({"a.txt": b"text"})
    for _ in range(6):
        data = archive({"a.zip": data})
    refused(tmp_path / "a.zip", data, "archives in archives")


def test_too_many_members(tmp_path: Path) -> None:
    members = {f"{i}.txt": b"" for i in range(MOST_MEMBERS + 1)}
    refused(tmp_path / "a.epub", archive(members), "members")


def test_overlapping_members(tmp_path: Path) -> None:
    """Two entries of the central directory point at one local file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.txt", b"x" * 1000)
        file.writestr("b.txt", b"y" * 1000)
        file.filelist[1].header_offset = file.filelist[0].header_offset
    refused(tmp_path / "a.odt", made.getvalue(), "overlap")


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 cut short",
        b"PK\x05\x06" + bytes(18),
        b"plain text",
        b"",
        archive({"a.txt": b"x"})[:-30],
        archive({"a.docx": b"no archive at all"}),
        archive({"a.xml": zlib.compress(b"x" * 10)}),
    ],
    ids=["cut", "empty archive", "text", "nothing", "half", "no archive inside", "zlib inside"],
)
def test_what_is_harmless_passes(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    check_archive(tmp_path / "a.zip")


def test_real_files_pass() -> None:
    folders = [EXAMPLES, SHARED / "corpus"]
    files = [file for folder in folders for file in folder.rglob("*.*") if file.is_file()]
    assert len(files) >= 48
    for file in files:
        check_archive(file)
