"""Evaluation datasets in BEIR layout (Thakur et al. 2021): corpus, queries, qrels.

corpus.jsonl      {"_id", "title", "text"}
queries.jsonl     {"_id", "text", "metadata"?}
qrels/test.tsv    query-id, corpus-id, score; with a header line
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from search.errors import DatasetError
from search.lexical.analyzer import strip_diacritics

M = TypeVar("M", bound=BaseModel)


class Passage(BaseModel):
    """A line of `corpus.jsonl`."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(alias="_id", min_length=1)
    title: str = ""
    text: str


class Query(BaseModel):
    """A line of `queries.jsonl`."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(alias="_id", min_length=1)
    text: str = Field(min_length=1)
    metadata: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset in memory."""

    name: str
    corpus: tuple[Passage, ...]
    queries: tuple[Query, ...]
    qrels: Mapping[str, Mapping[str, int]]
    """Query id -> document id -> grade; queries without an answer are missing."""

    def judged_queries(self) -> list[Query]:
        """Return the queries that have at least one relevant document."""
        return [q for q in self.queries if any(self.qrels.get(q.id, {}).values())]


def load_dataset(folder: Path, split: str = "test") -> Dataset:
    """Read a dataset from its folder.

    Raises:
        DatasetError: a file is missing or a line malformed; the message names it.
    """
    if not folder.is_dir():
        raise DatasetError(f"There is no dataset folder {folder}.")
    corpus = tuple(_read_lines(folder / "corpus.jsonl", Passage))
    queries = tuple(_read_lines(folder / "queries.jsonl", Query))
    qrels = _read_qrels(folder / "qrels" / f"{split}.tsv")
    _check_ids(folder, corpus, queries, qrels)
    return Dataset(folder.resolve().name, corpus, queries, qrels)


def load_queries(
    path: Path, qrels: Path | None = None
) -> tuple[list[Query], Mapping[str, Mapping[str, int]]]:
    """Read queries for an index that is there already.

    Args:
        path: lines as in `queries.jsonl`.
        qrels: lines as in `qrels/test.tsv`, with documents' paths for ids; None where nothing
            is known of the right ones.

    Raises:
        DatasetError: a file is missing or a line malformed; the message names it.
    """
    queries = list(_read_lines(path, Query))
    judged = _read_qrels(qrels) if qrels else {}
    _check_unique(path, [query.id for query in queries])
    unknown = sorted(set(judged) - {query.id for query in queries})
    if unknown:
        raise DatasetError(f"{qrels} names a query that is not in {path}: {unknown[0]!r}.")
    return queries, judged


def without_diacritics(dataset: Dataset) -> Dataset:
    """Return the dataset with the diacritics of its queries stripped; the corpus keeps its own."""
    queries = tuple(
        query.model_copy(update={"text": strip_diacritics(query.text)}) for query in dataset.queries
    )
    return replace(dataset, queries=queries)


def _read_lines(path: Path, model: type[M]) -> Iterator[M]:
    with _open(path) as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield model.model_validate_json(line)
            except ValidationError as error:
                first = error.errors()[0]
                field = ".".join(str(part) for part in first["loc"]) or "line"
                raise DatasetError(f"{path}, line {number}: {field}: {first['msg']}.") from None


def _read_qrels(path: Path) -> dict[str, dict[str, int]]:
    qrels: dict[str, dict[str, int]] = {}
    with _open(path) as lines:
        for number, row in enumerate(csv.reader(lines, delimiter="\t"), 1):
            if number == 1 or not row:
                continue
            try:
                query, document, grade = row
                qrels.setdefault(query, {})[document] = int(grade)
            except ValueError:
                raise DatasetError(
                    f"{path}, line {number}: expected query-id, corpus-id and a whole-number "
                    f"score, separated by tabs, got {json.dumps(row)}."
                ) from None
    return qrels


def _check_ids(
    folder: Path,
    corpus: tuple[Passage, ...],
    queries: tuple[Query, ...],
    qrels: Mapping[str, Mapping[str, int]],
) -> None:
    for name, ids in (("corpus", [p.id for p in corpus]), ("queries", [q.id for q in queries])):
        _check_unique(folder / f"{name}.jsonl", ids)
    documents = {p.id for p in corpus}
    unknown = sorted({d for judged in qrels.values() for d in judged} - documents)
    unknown += sorted(set(qrels) - {q.id for q in queries})
    if unknown:
        raise DatasetError(f"{folder / 'qrels'} names an id that is nowhere else: {unknown[0]!r}.")


def _check_unique(path: Path, ids: Sequence[str]) -> None:
    if not ids:
        raise DatasetError(f"{path} is empty.")
    if len(set(ids)) < len(ids):
        twice = next(i for n, i in enumerate(ids) if i in ids[:n])
        raise DatasetError(f"{path}: the id {twice!r} stands twice.")


def _open(path: Path) -> Any:
    try:
        return path.open(encoding="utf-8", newline="")
    except OSError as error:
        raise DatasetError(f"Cannot read {path}: {error.strerror}.") from None
