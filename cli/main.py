"""The `semsearch` command: gathers the command groups and turns errors into one line."""

import sys

import typer

from cli import (
    ab,
    backup,
    config,
    doctor,
    documents,
    evaluate,
    feedback,
    ingest,
    keys,
    llm,
    search,
    serve,
    status,
    watch,
)
from search.errors import SemsearchError

app = typer.Typer(
    name="semsearch",
    help="Search your own documents by meaning, in your own language, on your own hardware.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (
    ingest, watch, search, documents, status, evaluate, config, doctor, serve, keys, feedback,
    backup, llm, ab,
):  # fmt: skip
    group.register(app)


def main() -> None:
    """Run the command line; an error of ours ends in one line and its exit code."""
    try:
        app()
    except SemsearchError as error:
        typer.secho(f"error: {' '.join(str(error).split())}", fg="red", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of our output, `head` say, has gone
        sys.stderr.close()
        sys.exit(141)
