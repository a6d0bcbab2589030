"""`semsearch feedback`: what people made of what they were shown."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

import typer

from search.settings import load_settings

feedback_app = typer.Typer(
    help="Read out the clicks and votes that the HTTP service was sent.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(feedback_app, name="feedback")


@feedback_app.callback()
def _group() -> None:
    """Keep `export` a command of its own while it is the only one."""


@feedback_app.command()
def export() -> None:
    """Print all feedback of all tenants, oldest first: a JSON object a line.

    Each says what was shown, best first, and which of it was clicked or voted on. The text of
    queries is there where SEMSEARCH_FEEDBACK__KEEP_QUERIES was set.

    Examples:

        semsearch feedback export > feedback.jsonl

        semsearch feedback export | jq -r 'select(.kind == "down") | .query'
    """
    from search.state.database import Database
    from search.state.feedback import FeedbackLog

    settings = load_settings()
    for given in FeedbackLog(Database(settings.data_dir), settings.feedback).all():
        typer.echo(json.dumps(asdict(given), default=_as_json, ensure_ascii=False))


def _as_json(value: Any) -> str:
    assert isinstance(value, datetime)
    return value.isoformat()
