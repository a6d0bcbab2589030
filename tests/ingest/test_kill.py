"""A sync killed at any moment: nothing is missing, nothing is half there, a rerun converges."""

from pathlib import Path

import pytest

from tests.ingest.killing import kill_often


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("engine", ["edge", "server"])
def test_killed_at_random_points(engine: str, seed: int, tmp_path: Path) -> None:
    killed = kill_often(engine, tmp_path, kills=30, seed=seed)
    assert killed >= 25, "the runs are over before they are killed"
