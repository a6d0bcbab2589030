"""Hardware, threads and the identity of model folders."""

import ctypes
import os
import threading
from pathlib import Path

import pytest

from search.embedders.bundled_e5 import BundledE5
from search.embedders.hardware import choose_precision, cpu_computes_bfloat16, usable_cores
from search.embedders.model_identity import folder_revision, licence_of
from search.embedders.openmp import one_thread
from search.embedders.text import encodable
from search.settings import EmbedderSettings


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16 clzero", True),
        ("flags\t\t: fpu avx512f amx_bf16 amx_tile", True),
        ("Features\t: fp asimd bf16 sve", True),
        ("flags\t\t: fpu avx512f avx512_vnni", False),
        ("", False),
    ],
)
def test_bfloat16_where_the_cpu_computes_it(tmp_path: Path, line: str, expected: bool) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\n{line}\n")
    assert cpu_computes_bfloat16(cpuinfo) is expected
    assert cpu_computes_bfloat16(tmp_path / "absent") is False


def test_precision_follows_the_device_unless_set() -> None:
    automatic, fixed = EmbedderSettings(), EmbedderSettings(precision="float32")
    assert choose_precision(automatic, "cuda") == "float16"
    assert choose_precision(automatic, "cpu") in ("bfloat16", "float32")
    assert choose_precision(fixed, "cuda") == "float32"


def test_cores_respect_the_quota_of_a_container(tmp_path: Path) -> None:
    limit = tmp_path / "cpu.max"
    limit.write_text("100000 100000\n")
    assert usable_cores(limit) == 1
    limit.write_text("50000 100000\n")
    assert usable_cores(limit) == 1
    limit.write_text("max 100000\n")
    assert usable_cores(limit) == usable_cores(tmp_path / "absent") >= 1


@pytest.mark.skipif(os.name != "posix", reason="finds the engine's symbols by dlsym")
def test_query_runs_on_one_thread_and_restores_the_others(bundled: BundledE5) -> None:
    engine = bundled._load_engine()._lib
    assert isinstance(engine, ctypes.CDLL)
    before = engine.omp_get_max_threads()
    with one_thread(engine):
        assert engine.omp_get_max_threads() == 1
        elsewhere = []
        thread = threading.Thread(target=lambda: elsewhere.append(engine.omp_get_max_threads()))
        thread.start()
        thread.join()
    assert elsewhere == [before]  # other threads keep theirs
    assert engine.omp_get_max_threads() == before


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(bytes(3 << 20))
    return tmp_path


def test_revision_changes_with_the_model(folder: Path) -> None:
    first = folder_revision(folder)
    (folder / ".cache").mkdir()
    (folder / ".cache" / "note").write_text("not the model's")
    assert folder_revision(folder) == first
    (folder / "model.safetensors").write_bytes(bytes((3 << 20) - 1) + b"\1")
    second = folder_revision(folder)
    (folder / "config.json").write_text('{"dtype": "float16"}')
    assert len({first, second, folder_revision(folder)}) == 3


def test_revision_of_a_snapshot_is_its_commit(tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshots" / ("0123456789" * 4)
    snapshot.mkdir(parents=True)
    assert folder_revision(snapshot) == "0123456789" * 4


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlanguage: pl\nlicense: cc-by-4.0\n---\n# Model", "cc-by-4.0"),
        ('---\nlicense: "mit"\n---\n', "mit"),
        ("---\nlanguage: pl\n---\nlicense: mit", "unknown"),
        ("# Model", "unknown"),
    ],
)
def test_licence_comes_from_the_card(tmp_path: Path, card: str, licence: str) -> None:
    assert licence_of(tmp_path) == "unknown"
    (tmp_path / "README.md").write_text(card)
    assert licence_of(tmp_path) == licence


def test_text_is_made_encodable() -> None:
    assert encodable("a\0b") == "a b"
    assert encodable("zażółć 🙂") == "zażółć 🙂"
    assert encodable("\ud83d\ude42") == "🙂"
    assert encodable("x\ud83dy\ude42") == "x\ufffdy\ufffd"
