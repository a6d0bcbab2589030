"""The SQLite file: opened for each use, migrated step by step."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from search.errors import StoreError

MIGRATIONS = (
    """
    CREATE TABLE keys (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        digest BLOB NOT NULL UNIQUE,
        tenant TEXT NOT NULL,
        user TEXT,
        groups TEXT NOT NULL,
        scopes TEXT NOT NULL,
        created TEXT NOT NULL,
        expires TEXT,
        revoked TEXT
    ) STRICT
    """,
    """
    CREATE TABLE searches (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        trace TEXT NOT NULL,
        tenant TEXT NOT NULL,
        caller TEXT NOT NULL,
        made TEXT NOT NULL,
        mode TEXT NOT NULL,
        query TEXT,
        shown TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX searches_by_trace ON searches (trace)",
    "CREATE INDEX searches_by_time ON searches (made)",
    """
    CREATE TABLE feedback (
        id INTEGER PRIMARY KEY,
        search INTEGER NOT NULL REFERENCES searches (id),
        given TEXT NOT NULL,
        kind TEXT NOT NULL,
        document TEXT NOT NULL,
        chunk INTEGER,
        note TEXT
    ) STRICT
    """,
    "CREATE INDEX feedback_by_search ON feedback (search)",
)
"""Statement n takes the file from version n to n + 1; never change one that was released."""


class Database:
    """The file and its schema; safe to share between threads and processes."""

    def __init__(self, folder: Path) -> None:
        """Remember where the file is; it is made at the first use."""
        self._path = folder / "state.db"

    @contextmanager
    def connect(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a transaction that is committed at the end.

        Args:
            durable: whether what is written must survive a power cut (as a revoked key must),
                which costs a wait for the disk.

        Raises:
            StoreError: the file cannot be opened or was written by a newer version.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = not self._path.exists()
            with closing(sqlite3.connect(self._path, timeout=10)) as connection:
                connection.row_factory = sqlite3.Row
                if fresh:
                    self._path.chmod(0o600)
                    connection.execute("PRAGMA journal_mode = WAL")
                if not durable:
                    connection.execute("PRAGMA synchronous = NORMAL")
                self._migrate(connection)
                with connection:
                    yield connection
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self._path} cannot be used: {error}.") from error

    def _migrate(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{self._path} was written by a newer version of semsearch: upgrade this one."
            )
        for number in range(version, len(MIGRATIONS)):
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                (now,) = connection.execute("PRAGMA user_version").fetchone()
                if now == number:  # another process may have been faster
                    connection.execute(MIGRATIONS[number])
                    connection.execute(f"PRAGMA user_version = {number + 1}")
