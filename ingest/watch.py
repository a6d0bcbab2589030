"""Watch folders and sync them whenever something changes."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from watchfiles import Change, watch

from ingest.scan import IGNORE_FILE
from search.errors import PathError

PATIENCE = 10
"""Changes that never pause are synced after so many times the quiet period."""
TICK = 0.5
"""Seconds between looks at the clock while nothing changes."""
RETRY = 30.0
"""Seconds after which a sync that failed is tried again."""


def keep_synced(
    paths: Sequence[Path],
    sync: Callable[[], bool],
    *,
    quiet: float,
    ignored: Sequence[Path] = (),
    stop: threading.Event,
    retry: float = RETRY,
) -> None:
    """Sync now, and whenever something changes, until `stop` is set or a signal comes.

    What changes while a sync is under way is noticed, and leads to another.

    Args:
        paths: files and folders that exist.
        sync: does it; returns False when it failed and should be tried again.
        quiet: seconds without a change before a sync begins.
        ignored: folders in which changes do not count.
        stop: ends the watch.
        retry: seconds until a sync that failed is tried again.

    Raises:
        PathError: a path does not exist, at the start or any more.
    """
    roots = [path.expanduser().resolve() for path in paths]
    left_out = [path.resolve() for path in ignored]

    def counts(change: Change, name: str) -> bool:
        path = Path(name)
        if any(path.is_relative_to(folder) for folder in left_out):
            return False
        root = next((root for root in roots if path.is_relative_to(root)), None)
        parts = path.relative_to(root).parts if root else ()
        return path.name == IGNORE_FILE or not any(part.startswith(".") for part in parts)

    due = 0.0
    try:
        for changes in watch(
            *roots,
            watch_filter=counts,
            step=round(quiet * 1000),
            debounce=round(quiet * 1000 * PATIENCE),
            rust_timeout=round(TICK * 1000),
            yield_on_timeout=True,  # also at once, so that the first sync misses no change
            stop_event=stop,
            raise_interrupt=False,
            ignore_permission_denied=True,
        ):
            if changes or time.monotonic() >= due:
                due = float("inf") if sync() else time.monotonic() + retry
    except FileNotFoundError as error:
        raise PathError(f"What is to be watched is missing: {error}.") from None
