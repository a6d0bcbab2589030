"""API keys: made once, shown once, kept as a digest.

A key is 32 random bytes, so that a plain SHA-256 is enough: there is nothing to guess.
"""

import hashlib
import json
import secrets
import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from search.domain import Principal
from search.errors import InputError
from search.state.database import Database

Scope = Literal["read", "write", "metrics", "admin"]
SCOPES: tuple[Scope, ...] = ("read", "write", "metrics", "admin")
PREFIX = "sem_"


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key; the key itself is not."""

    id: str
    name: str
    tenant: str
    user: str | None
    groups: tuple[str, ...]
    scopes: tuple[Scope, ...]
    created: datetime
    expires: datetime | None
    revoked: datetime | None

    @property
    def principal(self) -> Principal:
        """Return whom a request with this key acts as."""
        admin = "admin" in self.scopes
        return Principal(self.tenant, self.user, frozenset(self.groups), admin)

    def state(self, now: datetime | None = None) -> Literal["valid", "expired", "revoked"]:
        """Tell whether it is still good."""
        if self.revoked is not None:
            return "revoked"
        if self.expires is not None and self.expires <= (now or datetime.now(UTC)):
            return "expired"
        return "valid"


class Keys:
    """The keys of a data folder."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        name: str,
        tenant: str,
        *,
        user: str | None = None,
        groups: Sequence[str] = (),
        scopes: Sequence[Scope] = ("read",),
        lifetime: timedelta | None = None,
    ) -> tuple[str, Key]:
        """Make a key.

        Args:
            name: for people, e.g. of the intranet that gets it.
            tenant: whose documents it reads.
            user: acts as this person.
            groups: and as a member of these.
            scopes: what it may do; `admin` reads all of the tenant.
            lifetime: None for no end.

        Returns:
            The key, which nobody can be told again, and what is kept of it.
        """
        secret = PREFIX + secrets.token_urlsafe(32)
        now = datetime.now(UTC)
        key = Key(
            str(uuid.uuid4()), name, tenant, user, tuple(sorted(set(groups))),
            tuple(scope for scope in SCOPES if scope in scopes),
            now, now + lifetime if lifetime else None, None,
        )  # fmt: skip
        with self._database.connect() as connection:
            connection.execute(
                "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    key.id, name, _digest(secret), tenant, user, json.dumps(key.groups),
                    json.dumps(key.scopes), now.isoformat(), _iso(key.expires), None,
                ),
            )  # fmt: skip
        return secret, key

    def find(self, secret: str) -> Key | None:
        """Return what is kept of a key that somebody presents; None if there is none."""
        with self._database.connect() as connection:
            row = connection.execute(
                "SELECT * FROM keys WHERE digest = ?", (_digest(secret),)
            ).fetchone()
        return _key(row) if row else None

    def all(self) -> list[Key]:
        """Return all keys, oldest first."""
        with self._database.connect() as connection:
            rows = connection.execute("SELECT * FROM keys ORDER BY created, id").fetchall()
        return [_key(row) for row in rows]

    def revoke(self, name: str) -> Key:
        """End a key, at once.

        Args:
            name: its id, the beginning of it, or its name if no other valid one has it.

        Raises:
            InputError: no valid key is called so, or several are.
        """
        found = self._one_valid(name)
        with self._database.connect() as connection:
            now = datetime.now(UTC).isoformat()
            connection.execute("UPDATE keys SET revoked = ? WHERE id = ?", (now, found.id))
        return found

    def rotate(self, name: str) -> tuple[str, Key]:
        """Make a new key like another, and end that one.

        Raises:
            InputError: no valid key is called so, or several are.
        """
        old = self._one_valid(name)
        lifetime = old.expires - old.created if old.expires else None
        made = self.create(old.name, old.tenant, user=old.user, groups=old.groups,
                           scopes=old.scopes, lifetime=lifetime)  # fmt: skip
        self.revoke(old.id)
        return made

    def _one_valid(self, name: str) -> Key:
        keys = [key for key in self.all() if key.state() == "valid"]
        found = [key for key in keys if key.name == name or key.id.startswith(name)]
        if len(found) == 1:
            return found[0]
        if not found:
            raise InputError(f"No valid key is called {name}: `semsearch keys list` shows them.")
        raise InputError(f"{len(found)} valid keys are called {name}: give the id of one.")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _key(row: sqlite3.Row) -> Key:
    return Key(
        id=row["id"],
        name=row["name"],
        tenant=row["tenant"],
        user=row["user"],
        groups=tuple(json.loads(row["groups"])),
        scopes=tuple(json.loads(row["scopes"])),
        created=datetime.fromisoformat(row["created"]),
        expires=datetime.fromisoformat(row["expires"]) if row["expires"] else None,
        revoked=datetime.fromisoformat(row["revoked"]) if row["revoked"] else None,
    )
