"""`semsearch eval`: how well this machine's settings rank a dataset."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.output import JsonOption, print_json, stdout, table
from cli.progress import bar
from cli.search import ModeName
from search.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("eval")(evaluate)


def evaluate(
    dataset: Annotated[Path, typer.Argument(help="Folder in BEIR layout.")],
    retriever: Annotated[
        ModeName, typer.Option(help="By meaning, by words, or both.")
    ] = ModeName.hybrid,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first so many judged queries.")
    ] = None,
    no_diacritics: Annotated[
        bool,
        typer.Option(
            "--no-diacritics", help="Ask as people type in a hurry: `zaleglosci` for `zaległości`."
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Measure ranking quality and latency on a dataset with known answers.

    Indexes title and text of each document into a temporary store with the settings in
    force, ranks documents by their best chunk and averages over the queries that have
    relevant documents. Your own index is not touched.

    Examples:

        semsearch eval examples/golden

        semsearch eval examples/golden --retriever dense --limit 50 --json
    """
    from ingest.corpus import temporary_index
    from search.assemble import local_administrator
    from search.experiments.datasets import load_dataset, without_diacritics
    from search.experiments.retrieval import evaluate as measure

    settings = load_settings()
    data = load_dataset(dataset)
    if no_diacritics:
        data = without_diacritics(data)
    with bar() as progress:
        indexing = progress.add_task("index", total=len(data.corpus), note="")
        with temporary_index(
            data, settings, on_documents=lambda n: progress.advance(indexing, n)
        ) as pipeline:
            asked = min(limit or len(data.queries), len(data.judged_queries()))
            asking = progress.add_task("ask", total=asked, note="")
            result = measure(
                pipeline,
                data,
                local_administrator(settings),
                retriever.value,
                limit=limit,
                on_query=lambda: progress.advance(asking),
            )
    if json:
        print_json(asdict(result))
        return
    console = stdout()
    console.print(f"{result.dataset}: {result.queries} queries, {result.retriever}\n")
    rows = table("measure", "value")
    for name, value in result.metrics.items():
        rows.add_row(name, f"{value:.4f}")
    console.print(rows)
    times = table("stage", "p50 ms", "p95 ms")
    for stage, values in result.latency_ms.items():
        times.add_row(stage, f"{values['p50']:.2f}", f"{values['p95']:.2f}")
    console.print()
    console.print(times)
