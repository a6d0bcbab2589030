"""`semsearch ab` as people and scripts use it."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from search.experiments.arms import Arm, with_controls
from search.experiments.questions import Question
from search.rerankers.base import Reranker
from tests.search.experiments.arms_for_tests import Constant, Partly, Shuffling, dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made, data = tmp_path / "synthetic", dataset()
    (made / "qrels").mkdir(parents=True)
    for name, lines in (("corpus", data.corpus), ("queries", data.queries)):
        text = "".join(f"{line.model_dump_json(by_alias=True)}\n" for line in lines)
        (made / f"{name}.jsonl").write_text(text, encoding="utf-8")
    rows = [f"{q}\t{d}\t{g}\n" for q, judged in data.qrels.items() for d, g in judged.items()]
    (made / "qrels" / "test.tsv").write_text("query\tdocument\tgrade\n" + "".join(rows))
    return made


@pytest.fixture(autouse=True)
def _arms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let names stand for arms whose effect is known."""

    def build(
        names: Sequence[str], settings: Any, embedder: Any, questions: Sequence[Question]
    ) -> list[Arm]:
        known: dict[str, Reranker] = {
            "right": Partly(list(questions), 1.0, "right"),
            "shuffling": Shuffling(),
        }
        return with_controls([Arm(n, known[n]) for n in names], questions, Constant(""))

    monkeypatch.setattr("cli.ab_arms.build_arms", build)


def test_a_run_says_what_it_found_and_writes_a_report(
    semsearch: Any, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = semsearch("ab", "run", str(folder), "--arms", "off,right,shuffling", "--report",
                     str(out), "--seed", "4")  # fmt: skip
    assert done.code == 0
    assert "synthetic: 48 queries, pools of 10 passages, hybrid" in done.out
    said = " ".join(done.out.split())
    assert "right is worth it: it gains" in said
    assert "shuffling is not worth it: it loses" in said
    for arm in ("off", "null", "oracle", "right", "shuffling"):
        assert f"\n{arm} " in done.out
    assert {path.name for path in out.iterdir()} == {
        "run.jsonl", "report.html", "report.md", "report.json", "queries.csv",
    }  # fmt: skip
    command = "semsearch ab run"
    assert command in (out / "report.md").read_text(encoding="utf-8")


def test_json(semsearch: Any, folder: Path) -> None:
    asked = ("ab", "run", str(folder), "--arms", "right", "--limit", "12", "--json")
    first, second = semsearch(*asked).json(), semsearch(*asked).json()
    assert first["configuration"] == second["configuration"]
    [family] = first["families"]
    assert [arm["name"] for arm in family["arms"]] == ["off", "null", "oracle", "right"]
    assert family["worth"] == "0.01 nDCG@10 per 200 ms"
    for one, other in zip(family["arms"], second["families"][0]["arms"], strict=True):
        assert one["measures"] == other["measures"]


def test_a_run_goes_on_only_with_the_same_settings(
    semsearch: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("ab", "run", str(folder), "--arms", "right", "--limit", "12", "--report", "out")
    assert semsearch(*asked).code == 0
    lines = (tmp_path / "out" / "run.jsonl").read_text()
    assert semsearch(*asked).code == 0
    assert (tmp_path / "out" / "run.jsonl").read_text() == lines
    refused = semsearch(*asked, "--seed", "7")
    assert refused.code == 2
    assert "--report" in refused.err and len(refused.err.splitlines()) == 1
    monkeypatch.setenv("SEMSEARCH_RERANK__WEIGHT", "0.7")
    refused = semsearch(*asked)
    assert refused.code == 2
    assert "another settings" in refused.err


def test_ones_own_index_is_asked(semsearch: Any, docs: Path, tmp_path: Path) -> None:
    semsearch("ingest", str(docs))
    queries, qrels = tmp_path / "queries.jsonl", tmp_path / "qrels.tsv"
    asked = {"a": "zaległy urlop", "b": "travel expenses", "c": "wniosek"}
    queries.write_text("".join(json.dumps({"_id": i, "text": t}) + "\n" for i, t in asked.items()))
    qrels.write_text("query\tdocument\tgrade\na\turlop.md\t1\nb\ttravel.md\t1\n")
    given = ("ab", "run", "--queries", str(queries), "--arms", "shuffling", "--json")
    judged = semsearch(*given, "--qrels", str(qrels)).json()
    assert judged["queries"] == 2 and judged["judged"] == 2
    assert judged["families"][0]["arms"][0]["measures"]["ndcg@10"]["mean"]["value"] == 1
    unjudged = semsearch(*given).json()
    assert unjudged["queries"] == 3 and unjudged["judged"] == 0
    verdict = unjudged["families"][0]["arms"][-1]["verdict"]
    assert verdict["kind"] == "no verdict" and "only times were" in verdict["sentence"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--arms names nothing"),
        (["--arms", "off,null"], "--arms names nothing"),
        (["--arms", "right", "--worth", "much"], "no exchange rate"),
        (["--arms", "right", "--worth", "0.1 joy per 1 s"], "'joy', which is not measured"),
        (["--arms", "right", *("--worth", "0.01 nDCG per 1 s") * 2], "one rate for rankings"),
        (["--arms", "right", "--queries", "q.jsonl"], "brings its queries"),
    ],
)
def test_what_cannot_be_run_is_one_line(
    semsearch: Any, folder: Path, options: list[str], message: str
) -> None:
    refused = semsearch("ab", "run", str(folder), "--limit", "2", *options)
    assert refused.code == 2
    assert message in refused.err and len(refused.err.splitlines()) == 1


def test_nothing_to_search_is_one_line(semsearch: Any) -> None:
    refused = semsearch("ab", "run", "--arms", "right")
    assert refused.code == 2
    assert "Name a DATASET folder" in refused.err


def test_a_gate_is_learned_checked_and_told(semsearch: Any, folder: Path) -> None:
    asked = ("ab", "gate", str(folder), "--arm", "right")
    made = semsearch(*asked, "--transfer", str(folder), "--json").json()
    assert made["learned_on"] == 24
    half, transferred = made["checks"]
    assert half["queries"] == 24 and transferred["queries"] == 48
    assert half["always"]["share"] == 1
    assert half["gated"]["gain"]["mean"]["value"] > 0
    harmful = semsearch("ab", "gate", str(folder), "--arm", "shuffling", "--json").json()
    assert harmful["checks"][0]["gated"]["share"] < 0.1
    told = semsearch(*asked)
    assert told.code == 0
    assert "the other half of synthetic: 24 queries, learned on 24 others" in told.out
    assert re.search(r"SEMSEARCH_RERANK__GATE_FEATURE=(cosine|coverage|both)\n", told.out)
    assert re.search(r"SEMSEARCH_RERANK__GATE_THRESHOLD=-?[\d.e-]+\n", told.out)
