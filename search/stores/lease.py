"""A lease on a collection of a Qdrant server: one sync at a time, wherever it runs.

A point of the collection says who holds it and until when; a thread renews it. When the
holder dies, the lease runs out.
"""

import os
import socket
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Any

from qdrant_client import QdrantClient, models

from search.errors import StoreBusyError, StoreError
from search.stores.client_errors import client_errors
from search.stores.repair import MARKER_POINT

LASTS = 60.0
"""Seconds; renewed three times as often."""

SETTLE = 0.2
"""Seconds between writing a claim and reading it back: of two at once, the later one wins."""


class Lease:
    """Held while the context is open."""

    def __init__(self, client: QdrantClient, collection: str, holder: str) -> None:
        self._client = client
        self._collection = collection
        self._holder = holder
        self._token = uuid.uuid4().hex
        self._released = threading.Event()
        self._renewal = threading.Thread(target=self._renew, name="lease", daemon=True)

    def __enter__(self) -> bool:
        """Take the lease; tells whether the last holder never gave it back.

        Raises:
            StoreBusyError: another sync holds it.
        """
        left_behind = self._refuse_if_held()
        self._write()
        time.sleep(SETTLE)
        self._refuse_if_held()
        self._renewal.start()
        return left_behind

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go; a sync that failed leaves its lease expired, for the next one to find."""
        self._released.set()
        self._renewal.join()
        if error is not None:
            with suppress(StoreError):
                self._write(lasts=0)
            return
        with client_errors("release the lease"):
            self._client.delete(self._collection, models.PointIdsList(points=[MARKER_POINT]))

    def _refuse_if_held(self) -> bool:
        """Return whether there is a lease, which then has run out or is ours."""
        with client_errors("look for other syncs"):
            records = self._client.retrieve(self._collection, [MARKER_POINT])
        held = (records[0].payload or {}).get("lease") if records else None
        if held and held["token"] != self._token and _is_alive(held):
            until = datetime.fromtimestamp(held["until"]).astimezone().isoformat("T", "seconds")
            raise StoreBusyError(
                f"Collection {self._collection!r} is being synced by {held['holder']}: wait for it "
                f"to finish, or stop it; if it is dead, its claim runs out at {until}."
            )
        return held is not None

    def _write(self, lasts: float = LASTS) -> None:
        lease = {
            "token": self._token,
            "holder": self._holder,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "until": time.time() + lasts,
        }
        point = models.PointStruct(id=MARKER_POINT, vector={}, payload={"lease": lease})
        with client_errors("claim the collection"):
            self._client.upsert(self._collection, [point], wait=True)

    def _renew(self) -> None:
        while not self._released.wait(LASTS / 3):
            try:
                self._write()
            except StoreError:
                continue  # the sync itself will meet the failure, or the next renewal succeeds


def _is_alive(lease: Mapping[str, Any]) -> bool:
    """Tell whether a lease still holds: not run out, nor left by a dead process of this machine."""
    if lease["until"] <= time.time():
        return False
    if lease["host"] != socket.gethostname():
        return True
    try:
        os.kill(lease["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
