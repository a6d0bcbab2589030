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
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        tenant TEXT NOT NULL,
        caller TEXT NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        created TEXT NOT NULL,
        started TEXT,
        ended TEXT,
        progress TEXT NOT NULL,
        outcome TEXT,
        error TEXT
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
        self.path = folder / "state.db"

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
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh = not self.path.exists()
            with closing(sqlite3.connect(self.path, timeout=10)) as connection:
                connection.row_factory = sqlite3.Row
                if fresh:
                    self.path.chmod(0o600)
                    connection.execute("PRAGMA journal_mode = WAL")
                if not durable:
                    connection.execute("PRAGMA synchronous = NORMAL")
                self._migrate(connection)
                with connection:
                    yield connection
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self.path} cannot be used: {error}.") from error

    def holds_anything(self) -> bool:
        """Tell whether there is a row in any table."""
        if not self.path.exists():
            return False
        with self.connect() as connection:
            tables = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            ).fetchall()
            return any(
                connection.execute(f"SELECT 1 FROM {table['name']} LIMIT 1").fetchone()
                for table in tables
            )

    def copy_to(self, copy: Path) -> bool:
        """Copy the file as it is at this moment, others may write on; False if there is none."""
        if not self.path.exists():
            return False
        with self.connect() as connection:
            connection.commit()
            with closing(sqlite3.connect(copy)) as target:
                connection.backup(target)
                target.execute("PRAGMA journal_mode = DELETE")  # one file, readable anywhere
        copy.chmod(0o600)
        return True

    def replace_with(self, copy: Path) -> None:
        """Make the contents those of a copy, at once; the next use migrates them."""
        with self.connect() as connection:
            connection.commit()
            with closing(_read_only(copy)) as source:
                source.backup(connection)

    @staticmethod
    def check(copy: Path) -> None:
        """Make sure that a copy can be used.

        Raises:
            StoreError: it is none, or was written by a newer version.
        """
        try:
            with closing(_read_only(copy)) as connection:
                (version,) = connection.execute("PRAGMA user_version").fetchone()
        except sqlite3.Error as error:
            raise StoreError(f"{copy} cannot be used: {error}.") from error
        _require_known(copy, version)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        _require_known(self.path, version)
        for number in range(version, len(MIGRATIONS)):
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                (now,) = connection.execute("PRAGMA user_version").fetchone()
                if now == number:  # another process may have been faster
                    connection.execute(MIGRATIONS[number])
                    connection.execute(f"PRAGMA user_version = {number + 1}")


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _require_known(path: Path, version: int) -> None:
    if version > len(MIGRATIONS):
        raise StoreError(f"{path} was written by a newer version of semsearch: upgrade this one.")
