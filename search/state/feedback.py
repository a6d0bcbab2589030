"""What searches showed, and what people made of it: the evidence for later experiments.

Of a search only ids and scores are kept, its text where the settings allow it, and only for a
while; one that somebody gave feedback on stays.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from search.domain import Mode, Shown
from search.errors import InputError, NotFoundError
from search.service_settings import FeedbackSettings
from search.state.database import Database

Kind = Literal["click", "up", "down"]

MOST_FOR_A_SEARCH = 100
PRUNE_EVERY = 100
"""Searches between two looks for those that are too old or too many."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A search as it is kept."""

    trace_id: str
    tenant: str
    caller: str
    """Who asked, so that nobody else can speak for them; never told to anybody."""
    made: datetime
    mode: Mode
    shown: tuple[Shown, ...]
    query: str | None = None


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody made of a hit, with what they were shown."""

    trace_id: str
    tenant: str
    searched: datetime
    mode: Mode
    query: str | None
    shown: tuple[Shown, ...]
    given: datetime
    kind: Kind
    document_id: str
    chunk: int | None
    note: str | None


class FeedbackLog:
    """The searches and the feedback of a data folder."""

    def __init__(self, database: Database, settings: FeedbackSettings) -> None:
        self._database = database
        self._settings = settings

    def remember(self, searches: Sequence[Remembered]) -> None:
        """Keep searches, and now and then forget those that are too old or too many."""
        if not self._settings.keep_searches:
            return
        with self._database.connect(durable=False) as connection:
            for search in searches:
                made = connection.execute(
                    "INSERT INTO searches (trace, tenant, caller, made, mode, query, shown) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    self._row(search),
                ).lastrowid
                assert made is not None
                if made % PRUNE_EVERY == 0:
                    self._forget(connection, made, search.made)

    def add(
        self,
        trace_id: str,
        tenant: str,
        caller: str,
        kind: Kind,
        document_id: str,
        chunk: int | None = None,
        note: str | None = None,
    ) -> None:
        """Keep what a caller made of a hit of a search of theirs.

        Raises:
            NotFoundError: they made no such search (any more), or it did not show that.
            InputError: they have said enough of it.
        """
        with self._database.connect() as connection:
            searches = connection.execute(
                "SELECT id, shown FROM searches WHERE trace = ? AND tenant = ? AND caller = ? "
                "ORDER BY id DESC",
                (trace_id, tenant, caller),
            )
            search = next((r["id"] for r in searches if _showed(r, document_id, chunk)), None)
            if search is None:
                raise NotFoundError(
                    "There is no search of yours with this trace id that showed this: feedback "
                    "is taken for what a search has returned to the same caller, for a while."
                )
            (said,) = connection.execute(
                "SELECT count(*) FROM feedback WHERE search = ?", (search,)
            ).fetchone()
            if said >= MOST_FOR_A_SEARCH:
                raise InputError(f"At most {MOST_FOR_A_SEARCH} are taken for one search.")
            connection.execute(
                "INSERT INTO feedback (search, given, kind, document, chunk, note) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (search, datetime.now(UTC).isoformat(), kind, document_id, chunk, note),
            )

    def all(self) -> Iterator[Feedback]:
        """Yield all feedback of all tenants, oldest first: for who owns the file, not callers."""
        with self._database.connect() as connection:
            for row in connection.execute(
                "SELECT * FROM feedback JOIN searches ON searches.id = search ORDER BY feedback.id"
            ):
                yield Feedback(
                    trace_id=row["trace"],
                    tenant=row["tenant"],
                    searched=datetime.fromisoformat(row["made"]),
                    mode=row["mode"],
                    query=row["query"],
                    shown=_shown(row),
                    given=datetime.fromisoformat(row["given"]),
                    kind=row["kind"],
                    document_id=row["document"],
                    chunk=row["chunk"],
                    note=row["note"],
                )

    def _row(self, search: Remembered) -> tuple[str | None, ...]:
        shown = json.dumps([asdict(hit) for hit in search.shown])
        query = search.query if self._settings.keep_queries else None
        made = search.made.isoformat()
        return search.trace_id, search.tenant, search.caller, made, search.mode, query, shown

    def _forget(self, connection: sqlite3.Connection, newest: int, now: datetime) -> None:
        oldest = now - timedelta(days=self._settings.keep_days)
        connection.execute(
            "DELETE FROM searches WHERE (id <= ? OR made < ?) "
            "AND NOT EXISTS (SELECT 1 FROM feedback WHERE search = searches.id)",
            (newest - self._settings.keep_searches, oldest.isoformat()),
        )


def _shown(row: sqlite3.Row) -> tuple[Shown, ...]:
    return tuple(Shown(**hit) for hit in json.loads(row["shown"]))


def _showed(row: sqlite3.Row, document_id: str, chunk: int | None) -> bool:
    hits: Sequence[Shown] = _shown(row)
    return any(h.document_id == document_id and chunk in (None, h.chunk) for h in hits)
