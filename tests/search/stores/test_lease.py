"""One sync at a time on a server, wherever it runs; a dead one does not block for long."""

import socket
import subprocess
import sys
import time

import pytest
from qdrant_client import QdrantClient, models

from search.errors import StoreBusyError
from search.stores import lease as lease_module
from search.stores.repair import MARKER_POINT
from search.stores.server import ServerStore
from tests.search.stores.factory import IDENTITY


@pytest.fixture
def client() -> QdrantClient:
    return QdrantClient(":memory:")


@pytest.fixture
def stores(client: QdrantClient) -> tuple[ServerStore, ServerStore]:
    return ServerStore(client, "ours", create=IDENTITY), ServerStore(client, "ours")


def hold(client: QdrantClient, **fields: object) -> None:
    """Write the lease of somebody else."""
    lease = {"token": "theirs", "holder": "ingest on there", "host": "there", "pid": 1} | fields
    point = models.PointStruct(id=MARKER_POINT, vector={}, payload={"lease": lease})
    client.upsert("ours", [point])


def test_the_second_is_told_who_holds_it(stores: tuple[ServerStore, ServerStore]) -> None:
    first, second = stores
    with (
        first.claim("ingest docs on host-a"),
        pytest.raises(StoreBusyError, match="ingest docs on host-a"),
        second.claim("other"),
    ):
        pass
    with second.claim("other") as interrupted:
        assert not interrupted


def test_a_lease_of_another_machine_holds_until_it_runs_out(
    client: QdrantClient, stores: tuple[ServerStore, ServerStore]
) -> None:
    hold(client, until=4e9)
    with pytest.raises(StoreBusyError, match="ingest on there"), stores[0].claim("ours"):
        pass
    hold(client, until=1.0)
    with stores[0].claim("ours") as interrupted:
        assert interrupted


def test_a_dead_process_of_this_machine_holds_nothing(
    client: QdrantClient, stores: tuple[ServerStore, ServerStore]
) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    hold(client, until=4e9, host=socket.gethostname(), pid=dead.pid)
    with stores[0].claim("ours") as interrupted:
        assert interrupted


def test_a_lease_is_renewed_while_it_is_held(
    client: QdrantClient,
    stores: tuple[ServerStore, ServerStore],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lease_module, "LASTS", 0.3)
    with stores[0].claim("ours"):
        until = []
        for _ in range(2):
            time.sleep(0.3)
            [record] = client.retrieve("ours", [MARKER_POINT])
            assert record.payload is not None
            until.append(record.payload["lease"]["until"])
    assert until[0] < until[1]
