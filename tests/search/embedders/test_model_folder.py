import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from search.embedders.model_folder import CHECKSUMS, is_sound, publish, verify
from search.errors import ModelCorruptError, ModelError

ROOT = Path(__file__).resolve().parents[3]
WRITER = """
import sys, time
from pathlib import Path
from search.embedders.model_folder import publish

def write(folder):
    (folder / "config.json").write_text("{}")
    print("writing", flush=True)
    time.sleep(float(sys.argv[2]))
    (folder / "model").write_bytes(b"weights")

publish(Path(sys.argv[1]), write)
"""


def write(folder: Path) -> None:
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text("{}")
    (folder / "model").write_bytes(b"weights")


def writer(folder: Path, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(seconds)],
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def visible(parent: Path) -> list[str]:
    return sorted(path.name for path in parent.iterdir() if not path.name.endswith(".lock"))


def test_folder_appears_whole_and_is_written_once(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "model"
    publish(folder, write)
    verify(folder)
    assert visible(folder) == ["1_Pooling", CHECKSUMS, "model"]
    assert visible(folder.parent) == ["model"]
    publish(folder, lambda _: pytest.fail("it was there"))


def test_failed_writer_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "model").write_bytes(b"weig")
        raise OSError("No space left on device")

    with pytest.raises(ModelError, match=r"No space left.*SEMSEARCH_EMBEDDER__CACHE_DIR"):
        publish(tmp_path / "model", fail)
    assert visible(tmp_path) == []


@pytest.mark.parametrize("damage", ["change", "remove", "checksums", "garbage"])
def test_damage_is_named_and_mended(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "model"
    publish(folder, write)
    match damage:
        case "change":
            (folder / "model").write_bytes(b"weightz")
        case "remove":
            (folder / "1_Pooling" / "config.json").unlink()
        case "checksums":
            (folder / CHECKSUMS).unlink()
        case _:
            (folder / CHECKSUMS).write_text("[1")
    with pytest.raises(ModelCorruptError, match=str(folder)):
        verify(folder)
    publish(folder, write)
    assert is_sound(folder)
    assert visible(tmp_path) == ["model"]


@pytest.mark.processes
def test_two_processes_at_once_both_end_well(tmp_path: Path) -> None:
    processes = [writer(tmp_path / "model", 0.5) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(outputs) == ["", "writing\n"]  # one wrote, the other waited
    assert is_sound(tmp_path / "model")


@pytest.mark.processes
def test_killed_writer_does_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with writer(folder, 60) as process:
        assert process.stdout is not None and process.stdout.readline() == "writing\n"
        process.send_signal(signal.SIGKILL)
    assert not folder.exists() and len(visible(tmp_path)) == 1
    started = time.monotonic()
    publish(folder, write)
    assert time.monotonic() - started < 5
    assert is_sound(folder)
    assert visible(tmp_path) == ["model"]
