"""Datasets: read as they are, refused with the line that is wrong."""

from pathlib import Path

import pytest

from search.errors import DatasetError
from search.experiments.datasets import load_dataset, without_diacritics

CORPUS = '{"_id": "d1", "title": "T", "text": "x"}\n{"_id": "d2", "text": "y"}\n'
QUERIES = '{"_id": "q1", "text": "?", "metadata": {"language": "pl"}}\n{"_id": "q2", "text": "!"}\n'
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n"


def write(folder: Path, corpus: str = CORPUS, queries: str = QUERIES, qrels: str = QRELS) -> Path:
    (folder / "qrels").mkdir()
    (folder / "corpus.jsonl").write_text(corpus)
    (folder / "queries.jsonl").write_text(queries)
    (folder / "qrels" / "test.tsv").write_text(qrels)
    return folder


def test_a_dataset(tmp_path: Path) -> None:
    data = load_dataset(write(tmp_path))
    assert [p.id for p in data.corpus] == ["d1", "d2"]
    assert data.qrels == {"q1": {"d1": 2, "d2": 0}}
    assert [q.id for q in data.judged_queries()] == ["q1"]
    assert data.queries[0].metadata == {"language": "pl"}


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"corpus": '{"_id": "d1"}'}, r"corpus\.jsonl, line 1: text"),
        ({"corpus": CORPUS + "{"}, r"corpus\.jsonl, line 3"),
        ({"corpus": CORPUS + CORPUS}, "'d1' stands twice"),
        ({"corpus": ""}, r"corpus\.jsonl is empty"),
        ({"queries": '{"_id": "q1", "text": ""}'}, r"queries\.jsonl, line 1: text"),
        ({"qrels": "h\nq1\td1\tbest\n"}, r"test\.tsv, line 2"),
        ({"qrels": "h\nq1 d1 1\n"}, r"test\.tsv, line 2"),
        ({"qrels": "h\nq1\td9\t1\n"}, "'d9'"),
        ({"qrels": "h\nq9\td1\t1\n"}, "'q9'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, broken: dict[str, str], message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        load_dataset(write(tmp_path, **broken))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "queries.jsonl").unlink()
    with pytest.raises(DatasetError, match=r"queries\.jsonl"):
        load_dataset(folder)
    with pytest.raises(DatasetError, match="nowhere"):
        load_dataset(tmp_path / "nowhere")


def test_queries_without_diacritics(tmp_path: Path) -> None:
    queries = '{"_id": "q1", "text": "Zaległości Łódź", "metadata": {"language": "pl"}}\n'
    folder = write(tmp_path, queries=queries)
    data = without_diacritics(load_dataset(folder))
    assert [query.text for query in data.queries] == ["Zaleglosci Lodz"]
    assert data.queries[0].metadata == {"language": "pl"}
