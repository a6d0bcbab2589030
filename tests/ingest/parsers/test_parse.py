"""What holds for every format: errors of ours, one line, no path; no network; picklable."""

import pickle
import zipfile
from pathlib import Path

import pytest
import pytest_socket

from ingest.parsers import PARSERS, is_supported, parse, supported_extensions
from search.errors import (
    CorruptDocumentError,
    EmptyDocumentError,
    ParseError,
    ProtectedDocumentError,
    UnsupportedFormatError,
)
from tests.ingest.parsers.samples import FORMATS, SENTENCE, make

OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)


@pytest.mark.parametrize("extension", FORMATS)
def test_every_format_parses_without_a_socket(tmp_path: Path, extension: str) -> None:
    pytest_socket.disable_socket()
    path = make(tmp_path, extension)
    document = parse(path)
    text = " ".join(block.text for block in document.blocks)
    assert SENTENCE in text or extension == ".msg"
    assert pickle.loads(pickle.dumps(document)) == document
    assert parse(path) == document


@pytest.mark.parametrize("extension", FORMATS)
def test_garbage_is_an_error_of_ours_or_text(tmp_path: Path, extension: str) -> None:
    for content in (b"\x00" * 50, bytes(range(256)) * 20, b"PK\x03\x04" + bytes(100), b"%PDF-1.4"):
        path = tmp_path / f"umowa{extension}"
        path.write_bytes(content)
        try:
            parse(path)
        except ParseError as error:
            check_message(error)


@pytest.mark.parametrize("extension", [".docx", ".pptx", ".xlsx", ".pdf"])
def test_half_a_file_is_corrupt(tmp_path: Path, extension: str) -> None:
    path = make(tmp_path, extension)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])
    with pytest.raises(CorruptDocumentError) as caught:
        parse(path)
    check_message(caught.value)


@pytest.mark.parametrize("extension", [".docx", ".pptx", ".xlsx"])
def test_office_package_of_another_kind(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"umowa{extension}"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("hello.txt", "x")
    with pytest.raises(CorruptDocumentError) as caught:
        parse(path)
    check_message(caught.value)


@pytest.mark.parametrize("extension", [".docx", ".pptx", ".xlsx"])
def test_password_of_an_office_file(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"umowa{extension}"
    path.write_bytes(OLE)
    with pytest.raises(ProtectedDocumentError, match="password") as caught:
        parse(path)
    check_message(caught.value)


@pytest.mark.parametrize("extension", sorted(PARSERS))
def test_empty_file(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"umowa{extension}"
    path.touch()
    with pytest.raises(EmptyDocumentError) as caught:
        parse(path)
    check_message(caught.value)


def test_file_of_blanks(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(" \n\u00a0\n", encoding="utf-8")
    with pytest.raises(EmptyDocumentError, match="no text"):
        parse(tmp_path / "a.txt")


def test_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormatError, match=r"type \.xyz"):
        parse(tmp_path / "umowa.xyz")
    with pytest.raises(UnsupportedFormatError, match="unknown"):
        parse(tmp_path / "umowa")


def test_extensions_are_matched_in_any_case() -> None:
    assert is_supported(Path("A.DOCX"))
    assert not is_supported(Path("docx"))
    assert {".md", ".pdf", ".eml"} <= supported_extensions()


def check_message(error: ParseError) -> None:
    message = str(error)
    assert "\n" not in message
    assert message.endswith(".")
    assert "umowa" not in message, "the caller adds the path"
    assert any(word in message for word in ("exclude", "Run OCR", "again")), message
