"""Two syncs at once: the second says who holds the index, or waits for it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from cli.main import main; main()"]


@pytest.mark.processes
@pytest.mark.parametrize("patience", ["0", "60"])
def test_two_syncs_at_once(tmp_path: Path, patience: str) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(300):
        (docs / f"{number}.md").write_text(f"Dokument {number}. " * 60)
    environment = os.environ | {
        "SEMSEARCH_EMBEDDER__MODEL": "fake",
        "SEMSEARCH_DATA_DIR": str(tmp_path / "data"),
        "SEMSEARCH_STORE__LOCK_TIMEOUT": patience,
    }
    first = subprocess.Popen(
        [*COMMAND, "ingest", str(docs), "--log-json"], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert first.stderr is not None
    assert json.loads(first.stderr.readline())["event"] == "planned"
    second = subprocess.run(
        [*COMMAND, "ingest", str(docs)], env=environment, text=True, capture_output=True
    )
    out, err = first.communicate(timeout=120)
    assert first.returncode == 0, err
    assert "300 added" in out
    if patience == "0":
        assert second.returncode == 7
        assert f"process {first.pid}" in second.stderr
        assert second.stderr.count("\n") == 1
    else:
        assert second.returncode == 0, second.stderr
        assert "0 added, 300 unchanged" in second.stdout
