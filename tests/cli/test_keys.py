"""`semsearch keys`: made, listed, rotated, revoked."""

import sqlite3
import stat
from pathlib import Path

import pytest

from search.errors import StoreError
from search.state.database import MIGRATIONS, Database
from search.state.keys import PREFIX, Keys
from tests.cli.conftest import Semsearch


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(Database(tmp_path / "data"))


def test_a_key_is_shown_once_and_kept_as_a_digest(
    semsearch: Semsearch, keys: Keys, tmp_path: Path
) -> None:
    made = semsearch(
        "keys", "create", "intranet", "--group", "hr", "--group", "it", "--json"
    ).json()
    assert made["key"].startswith(PREFIX)
    assert (made["groups"], made["scopes"], made["expires"]) == (["hr", "it"], ["read"], None)
    database = tmp_path / "data" / "state.db"
    stored = b"".join(file.read_bytes() for file in database.parent.glob("state.db*"))
    assert made["key"].encode() not in stored
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    found = keys.find(made["key"])
    assert found is not None
    assert found.principal.groups == {"hr", "it"}
    assert keys.find(made["key"] + "x") is None


def test_for_people(semsearch: Semsearch) -> None:
    result = semsearch("keys", "create", "anna", "--user", "anna", "--expires", "90d")
    assert result.out.startswith(PREFIX)
    assert "cannot be shown again" in result.err
    listed = semsearch("keys", "list")
    assert "anna" in listed.out
    assert result.out.strip() not in listed.out


def test_rotate_and_revoke(semsearch: Semsearch, keys: Keys) -> None:
    first = semsearch(
        "keys", "create", "a", "--scope", "admin", "--expires", "12h", "--json"
    ).json()
    second = semsearch("keys", "rotate", "a", "--json").json()
    assert second["key"] != first["key"]
    assert second["scopes"] == ["admin"]
    old, new = keys.find(first["key"]), keys.find(second["key"])
    assert old is not None and old.state() == "revoked"
    assert new is not None and new.state() == "valid"
    assert new.expires is not None
    assert semsearch("keys", "revoke", second["id"][:8]).code == 0
    assert semsearch("keys", "list", "--json").json() == []
    states = [key["state"] for key in semsearch("keys", "list", "--all", "--json").json()]
    assert states == ["revoked", "revoked"]


def test_names_that_fit_none_or_several(semsearch: Semsearch) -> None:
    assert "No valid key" in semsearch("keys", "revoke", "nobody").err
    for _ in range(2):
        semsearch("keys", "create", "twin")
    result = semsearch("keys", "revoke", "twin")
    assert result.code == 2
    assert "2 valid keys" in result.err
    assert semsearch("keys", "create", "x", "--expires", "soon").code == 2


def test_a_database_of_a_newer_version(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "state.db") as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(StoreError, match="newer version"):
        Keys(Database(tmp_path)).all()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match=r"state\.db cannot be used"):
        Keys(Database(tmp_path)).all()
