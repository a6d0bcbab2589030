"""Fixtures and rules for all tests: no network beyond loopback, settings of their own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # before any test imports a model library

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run each test in an empty folder without the settings of the machine it runs on."""
    for name in list(os.environ):
        if name.upper().startswith("SEMSEARCH_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """Block every socket but loopback's."""
    request.getfixturevalue("socket_enabled")
    import pytest_socket

    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of evaluation data, which developers and CI have and users do not."""
    if not SHARED.is_dir():
        pytest.skip("shared/ is not here: evaluation data and the corpus of real files")
    return SHARED
