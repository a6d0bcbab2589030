"""Options that `ingest` and `watch` share."""

from typing import Annotated

import typer

Include = Annotated[
    list[str] | None,
    typer.Option(help="Look only at files that match, e.g. '*.pdf' (gitignore syntax)."),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(help="Pass over files that match; what is indexed of them stays."),
]
AllowMassDelete = Annotated[
    bool, typer.Option("--allow-mass-delete", help="Delete even if much of a source is gone.")
]
LogJson = Annotated[
    bool, typer.Option("--log-json", help="Report progress as JSON lines on standard error.")
]
