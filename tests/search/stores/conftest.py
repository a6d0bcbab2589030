"""A store of every kind, which a test finds empty."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from search.stores.base import Store
from tests.search.stores.factory import (
    edge_store,
    owned_store,
    server_store,
    server_store_on_disk,
)

ENGINES = {
    "edge": edge_store,
    "owned": owned_store,
    "server": server_store,
    "server-path": server_store_on_disk,
}


@pytest.fixture(scope="module", params=ENGINES)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    make: Callable[[Path], Store] = ENGINES[request.param]
    made = make(tmp_path_factory.mktemp("store"))
    yield made
    made.close()


@pytest.fixture
def store(opened: Store) -> Store:
    """Return an empty store, which other tests filled and emptied before."""
    opened.remove(list(opened.manifest()))
    opened.repair()
    return opened
