"""`semsearch backup` and `restore`."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Semsearch


def paths(semsearch: Semsearch) -> list[str]:
    return [hit["path"] for hit in semsearch("search", "urlop", "--json").json()["hits"]]


def test_there_and_back(
    semsearch: Semsearch, docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    semsearch("ingest", str(docs))
    semsearch("keys", "create", "intranet")
    found = paths(semsearch)
    saved = semsearch("backup", str(tmp_path / "saved"), "--json").json()
    assert saved == {
        "folder": str(tmp_path / "saved"),
        "documents": 2, "chunks": 2, "state": True, "uploads": False,
    }  # fmt: skip
    monkeypatch.setenv("SEMSEARCH_DATA_DIR", str(tmp_path / "elsewhere"))
    restored = semsearch("restore", str(tmp_path / "saved"))
    assert restored.out == "restored: 2 documents, 2 chunks, keys and feedback\n"
    assert paths(semsearch) == found
    assert [key["name"] for key in semsearch("keys", "list", "--json").json()] == ["intranet"]
    assert "2 unchanged" in semsearch("ingest", str(docs)).out


def test_the_checksums_are_those_of_coreutils(
    semsearch: Semsearch, docs: Path, tmp_path: Path
) -> None:
    semsearch("ingest", str(docs))
    semsearch("backup", "saved")
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path / "saved", check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    assert checked.stdout.count(": OK") == 3


def test_errors_are_one_line(semsearch: Semsearch, docs: Path, tmp_path: Path) -> None:
    assert semsearch("backup", "saved").code == 5
    semsearch("ingest", str(docs))
    assert semsearch("backup", "saved").code == 0
    again = semsearch("backup", "saved")
    assert (again.code, again.err.count("\n")) == (2, 1)
    assert "not empty" in again.err
    (docs / "new.md").write_text("# Nowy\n")
    semsearch("ingest", str(docs))
    refused = semsearch("restore", "saved")
    assert (refused.code, refused.err.count("\n")) == (5, 1)
    assert "--force" in refused.err
    assert semsearch("restore", "saved", "--force").code == 0
    assert "new.md" not in semsearch("ls").out
