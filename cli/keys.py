"""`semsearch keys`: who may use the HTTP service."""

import re
from datetime import timedelta
from enum import Enum
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.output import JsonOption, print_json, stderr, stdout, table
from search.errors import InputError
from search.settings import load_settings
from search.state.database import Database
from search.state.keys import Key, Keys

_LIFETIME = re.compile(r"(\d{1,5})([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}

keys_app = typer.Typer(
    help="Make, list, rotate and revoke the keys of the HTTP service.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
NameArgument = Annotated[
    str, typer.Argument(help="The key's id, the beginning of it, or its name.", show_default=False)
]


class ScopeName(Enum):
    """What a key may do."""

    read = "read"
    write = "write"
    metrics = "metrics"
    admin = "admin"


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(keys_app, name="keys")


@keys_app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whom the key is for.", show_default=False)],
    tenant: Annotated[str | None, typer.Option(help="Whose documents it reads.")] = None,
    user: Annotated[str | None, typer.Option(help="The person it acts as.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="A group it is a member of.")] = None,
    scope: Annotated[
        list[ScopeName] | None, typer.Option(help="What it may do; `read` unless given.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="Its lifetime: 12h, 30d, 52w.", metavar="TIME")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Make a key and print it, this once.

    Examples:

        semsearch keys create intranet --group staff

        semsearch keys create anna --user anna --group hr --group board --expires 90d

        semsearch keys create operations --scope admin --json | jq -r .key
    """
    settings = load_settings()
    secret, key = Keys(Database(settings.data_dir)).create(
        name,
        tenant or settings.tenant,
        user=user,
        groups=group or (),
        scopes=[chosen.value for chosen in scope or [ScopeName.read]],
        lifetime=_lifetime(expires),
    )
    _show_secret(secret, key, json)


@keys_app.command("list")
def list_keys(
    all: Annotated[bool, typer.Option("--all", help="Also revoked and expired ones.")] = False,
    json: JsonOption = False,
) -> None:
    """List keys; the keys themselves are not kept.

    Examples:

        semsearch keys list

        semsearch keys list --all --json | jq '.[] | select(.state == "expired")'
    """
    keys = Keys(Database(load_settings().data_dir)).all()
    shown = [key for key in keys if all or key.state() == "valid"]
    if json:
        print_json([_as_json(key) for key in shown])
        return
    rows = table("id", "name", "tenant", "user", "groups", "scopes", "expires", "state")
    for key in shown:
        rows.add_row(
            key.id[:8], escape(key.name), key.tenant, key.user or "", ", ".join(key.groups),
            ", ".join(key.scopes), f"{key.expires:%Y-%m-%d}" if key.expires else "never",
            key.state(),
        )  # fmt: skip
    stdout().print(rows)


@keys_app.command()
def rotate(name: NameArgument, json: JsonOption = False) -> None:
    """Replace a key by a new one with the same rights, and print that.

    Examples:

        semsearch keys rotate intranet
    """
    secret, key = Keys(Database(load_settings().data_dir)).rotate(name)
    _show_secret(secret, key, json)


@keys_app.command()
def revoke(name: NameArgument, json: JsonOption = False) -> None:
    """End a key; the next request with it is refused.

    Examples:

        semsearch keys revoke intranet
    """
    key = Keys(Database(load_settings().data_dir)).revoke(name)
    if json:
        print_json({"revoked": key.id})
    else:
        stdout().print(f"revoked: {key.name} ({key.id})", markup=False)


def _show_secret(secret: str, key: Key, json: bool) -> None:
    if json:
        print_json(_as_json(key) | {"key": secret})
        return
    stdout().print(secret, markup=False, soft_wrap=True)
    stderr().print("Keep it safe: it cannot be shown again.", style="yellow")


def _as_json(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "tenant": key.tenant,
        "user": key.user,
        "groups": list(key.groups),
        "scopes": list(key.scopes),
        "created": key.created.isoformat(),
        "expires": key.expires.isoformat() if key.expires else None,
        "revoked": key.revoked.isoformat() if key.revoked else None,
        "state": key.state(),
    }


def _lifetime(text: str | None) -> timedelta | None:
    if text is None:
        return None
    match = _LIFETIME.fullmatch(text.strip())
    if not match or int(match[1]) == 0:
        raise InputError(f"--expires {text} is no lifetime: write 12h, 30d or 52w.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
