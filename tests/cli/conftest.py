"""The command line run in this process: what it prints and how it ends."""

import json
import sys
from pathlib import Path
from typing import Any, Protocol

import pytest

from cli.main import main


class Result:
    """What a command printed and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def json(self) -> Any:
        return json.loads(self.out)


class Semsearch(Protocol):
    def __call__(self, *arguments: str) -> Result: ...


@pytest.fixture
def semsearch(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Semsearch:
    monkeypatch.setenv("SEMSEARCH_EMBEDDER__MODEL", "fake")
    monkeypatch.setenv("SEMSEARCH_DATA_DIR", str(tmp_path / "data"))

    def run(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["semsearch", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        code = end.value.code
        return Result(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "urlop.md").write_text("# Urlop\n\nZaległy urlop wykorzystuje się do 30 września.\n")
    (folder / "travel.md").write_text("# Travel\n\nTravel expenses are paid within two weeks.\n")
    return folder
