"""What an experiment searches: a dataset indexed for it, or the user's own index."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.progress import bar
from search.errors import InputError
from search.experiments.datasets import load_dataset, load_queries
from search.experiments.laboratory import content_of
from search.experiments.questions import Question, questions_of
from search.pipeline import Pipeline
from search.settings import Settings


@dataclass(frozen=True, slots=True)
class Searched:
    """An open index and what it is asked."""

    name: str
    content: str
    questions: Sequence[Question]
    pipeline: Pipeline


@contextmanager
def searched(
    dataset: Path | None, queries: Path | None, qrels: Path | None, settings: Settings
) -> Iterator[Searched]:
    """Open what is searched while the context is open.

    Args:
        dataset: a folder in BEIR layout, indexed into a temporary store; None for the index of
            the settings.
        queries: what the index is asked.
        qrels: its right documents by their paths, where they are known.
        settings: all settings.

    Raises:
        InputError: both or neither are named.
        DatasetError: a file is missing or malformed.
        IndexMissingError: nothing has been indexed yet.
    """
    from ingest.corpus import temporary_index
    from search.assemble import build_pipeline

    if dataset is None:
        if queries is None:
            raise InputError("Name a DATASET folder, or --queries to ask your own index.")
        known = questions_of(*load_queries(queries, qrels))
        pipeline = build_pipeline(settings)
        try:
            yield Searched(queries.stem, "index", known, pipeline)
        finally:
            pipeline.close()
        return
    if queries or qrels:
        raise InputError("A DATASET brings its queries: leave --queries and --qrels away.")
    data = load_dataset(dataset)
    with bar() as progress:
        task = progress.add_task("index", total=len(data.corpus), note="")
        with temporary_index(data, settings, lambda n: progress.advance(task, n)) as pipeline:
            progress.stop()
            content = content_of(data)
            yield Searched(data.name, content, questions_of(data.queries, data.qrels), pipeline)
