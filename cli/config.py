"""`semsearch config`: the effective settings and where each came from."""

from typing import Any

import typer
from pydantic import SecretStr

from cli.output import JsonOption, print_json, stdout, table
from search.settings import field_paths, load_settings, origins, value_of, variable_of


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(config)


def config(json: JsonOption = False) -> None:
    """Show every setting: its value (secrets masked), where it came from, how to set it.

    Examples:

        semsearch config

        SEMSEARCH_RETRIEVAL__LIMIT=5 semsearch config --json | jq '."retrieval.limit"'
    """
    settings = load_settings()
    origin = origins(settings)
    values = {path: _shown(value_of(settings, path)) for path in field_paths()}
    if json:
        print_json(
            {
                ".".join(path): {
                    "value": value, "origin": origin[path], "variable": variable_of(path)
                }
                for path, value in values.items()
            }
        )  # fmt: skip
        return
    rows = table("setting", "value", "from")
    for path, value in values.items():
        style = None if origin[path] == "default" else "bold"
        rows.add_row(variable_of(path), "" if value is None else str(value), origin[path],
                     style=style)  # fmt: skip
    stdout().print(rows)


def _shown(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return str(value)
    return value if isinstance(value, int | float | bool | None) else str(value)
