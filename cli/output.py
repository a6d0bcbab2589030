"""How commands print: consoles for people, JSON for scripts."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object for scripts, and nothing else.")
]


def stdout() -> Console:
    """Return the console for results."""
    return Console(highlight=False)


def stderr() -> Console:
    """Return the console for progress and remarks, which keeps standard output clean."""
    return Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """Print a value as JSON, with the letters of all languages as they are."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def table(*columns: str, title: str | None = None) -> Table:
    """Return an empty table without frills."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column)
    return made


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: `1 document`, `2 documents`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def bytes_for_people(count: float) -> str:
    """Return a size with its unit: 1536 -> `1.5 KiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
