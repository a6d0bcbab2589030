"""The command line as people and scripts use it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.ab import ab_app
from cli.feedback import feedback_app
from cli.keys import keys_app
from cli.llm import llm_app
from cli.main import app
from tests.ingest.parsers.samples import picture

COMMANDS = [
    "ingest", "watch", "search", "ls", "show", "rm", "status", "eval", "config", "doctor", "serve",
    "backup", "restore",
]  # fmt: skip
GROUPS = {
    "keys": ["create", "list", "rotate", "revoke"],
    "feedback": ["export"],
    "ab": ["run", "gate"],
    "llm": ["list", "check"],
}
GROUPED = [f"{group} {name}" for group, names in GROUPS.items() for name in names]


@pytest.mark.parametrize("command", [*COMMANDS, *GROUPED])
def test_every_command_has_help_with_an_example(semsearch: Any, command: str) -> None:
    result = semsearch(*command.split(), "--help")
    assert result.code == 0
    assert f"semsearch {command}" in result.out
    assert "Examples" in result.out


def test_no_command_is_without_a_test() -> None:
    names = {c.name or c.callback.__name__ for c in app.registered_commands if c.callback}
    assert names == set(COMMANDS)
    groups = {"keys": keys_app, "feedback": feedback_app, "ab": ab_app, "llm": llm_app}
    for name, group in groups.items():
        there = {c.name or c.callback.__name__ for c in group.registered_commands if c.callback}
        assert there == set(GROUPS[name])


def test_ingest_then_search(semsearch: Any, docs: Path) -> None:
    done = semsearch("ingest", str(docs))
    assert done.code == 0
    assert "2 added" in done.out
    assert "2 new" in done.err
    found = semsearch("search", "zaległe urlopy")
    assert found.code == 0
    assert "urlop.md" in found.out
    assert "**Zaległy** **urlop** wykorzystuje" in found.out


def test_search_json(semsearch: Any, docs: Path) -> None:
    semsearch("ingest", str(docs))
    answer = semsearch("search", "zaległe urlopy", "--json", "--limit", "1").json()
    [hit] = answer["hits"]
    assert hit["path"] == "urlop.md"
    assert hit["title"] == "Urlop"
    assert {"section", "page", "score", "text", "file"} <= set(hit)
    assert [hit["text"][a:b] for a, b in hit["marks"]] == ["Zaległy", "urlop"]
    assert Path(hit["file"]) == docs / "urlop.md"
    assert answer["timings_ms"]["total"] > 0


def test_search_with_diversity(semsearch: Any, docs: Path) -> None:
    line = "Delegacja krajowa: zwrot kosztów w ciągu dwóch tygodni.\n"
    for name in ("a", "b"):
        (docs / f"{name}.md").write_text(line)
    (docs / "c.md").write_text("Delegacja zagraniczna: dieta, nocleg, ubezpieczenie i wiza.\n")
    semsearch("ingest", str(docs))
    asked = ("search", "delegacja krajowa zwrot kosztów", "--limit", "3", "--json")
    plain = [hit["path"] for hit in semsearch(*asked).json()["hits"]]
    assert plain[2] == "c.md"
    diverse = semsearch(*asked, "--diversity", "0.7").json()
    assert [hit["path"] for hit in diverse["hits"][:2]] == [plain[0], "c.md"]
    assert "diversify" in diverse["timings_ms"]
    assert semsearch(*asked, "--diversity", "1.5").code == 2


def test_search_marks_the_best_sentence_on_demand(semsearch: Any, docs: Path) -> None:
    text = "Sekretariat mieści się na parterze. Koszty podróży zwraca dział finansowy."
    (docs / "koszty.md").write_text(text)
    semsearch("ingest", str(docs))
    asked = ("search", "podróżnicy finansują kosztorys", "--mode", "dense", "--limit", "1")
    assert "**" not in semsearch(*asked).out
    assert semsearch(*asked, "--json").json()["hits"][0]["semantic"] is None
    found = semsearch(*asked, "--highlight", "semantic")
    assert "parterze. **Koszty podróży zwraca" in found.out
    [hit] = semsearch(*asked, "--highlight", "semantic", "--json").json()["hits"]
    assert hit["marks"] == []
    assert hit["text"][slice(*hit["semantic"])] == "Koszty podróży zwraca dział finansowy."


def test_search_with_filters(semsearch: Any, docs: Path) -> None:
    semsearch("ingest", str(docs))
    answer = semsearch("search", "urlop", "--language", "en", "--json").json()
    assert [hit["path"] for hit in answer["hits"]] == ["travel.md"]


def test_a_person_without_rights_sees_nothing(semsearch: Any, docs: Path) -> None:
    semsearch("ingest", str(docs))
    assert semsearch("search", "urlop", "--as-user", "ewa", "--json").json()["hits"] == []
    assert semsearch("status", "--as-group", "hr", "--json").json()["documents"] == 0
    assert "Nothing found" in semsearch("search", "urlop", "--as-user", "ewa").out


def test_what_the_default_access_lets_a_person_see(
    semsearch: Any, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEMSEARCH_INGEST__DEFAULT_ACCESS", "group:hr")
    semsearch("ingest", str(docs))
    assert len(semsearch("search", "urlop", "--as-group", "hr", "--json").json()["hits"]) == 2


def test_status(semsearch: Any, docs: Path) -> None:
    semsearch("ingest", str(docs))
    status = semsearch("status", "--json").json()
    assert (status["documents"], status["chunks"]) == (2, 2)
    assert status["languages"] == {"en": 1, "pl": 1}
    assert status["types"] == {"md": 2}
    assert status["model"] == "fake"
    assert status["size_bytes"] > 0
    assert "documents" in semsearch("status").out


def test_failures_end_with_3_and_are_listed(semsearch: Any, docs: Path) -> None:
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7")
    result = semsearch("ingest", str(docs))
    assert result.code == 3
    assert "broken.pdf" in result.out
    again = semsearch("ingest", str(docs), "--json")
    assert again.code == 3
    assert again.json()["failures"][0]["path"] == "broken.pdf"
    assert again.json()["unchanged"] == 2


def test_rebuild(semsearch: Any, docs: Path) -> None:
    semsearch("ingest", str(docs))
    assert semsearch("ingest", str(docs), "--json").json()["unchanged"] == 2
    assert semsearch("ingest", "--rebuild", str(docs), "--json").json()["added"] == 2


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["search", "urlop"], 5, "semsearch ingest"),
        (["status"], 5, "semsearch ingest"),
        (["ingest", "nowhere"], 2, "nowhere"),
        (["ingest", "--rebuild", "nowhere"], 2, "nowhere"),
        (["eval", "nowhere"], 2, "nowhere"),
        (["serve", "--host", "0.0.0.0"], 2, "127.0.0.1"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    semsearch: Any, arguments: list[str], code: int, message: str
) -> None:
    result = semsearch(*arguments)
    assert result.code == code
    assert result.out == ""
    [line] = result.err.strip().splitlines()
    assert line.startswith("error: ") and message in line


def test_a_missing_path_deletes_nothing(semsearch: Any, docs: Path) -> None:
    semsearch("ingest", str(docs))
    assert semsearch("ingest", "--rebuild", str(docs / "nowhere")).code == 2
    assert semsearch("status", "--json").json()["documents"] == 2


def test_an_empty_query(semsearch: Any, docs: Path) -> None:
    semsearch("ingest", str(docs))
    result = semsearch("search", "  ")
    assert (result.code, result.err.strip().count("\n")) == (2, 0)


def test_another_model_is_refused(
    semsearch: Any, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    semsearch("ingest", str(docs))
    monkeypatch.setenv("SEMSEARCH_EMBEDDER__MODEL", "bundled")
    result = semsearch("search", "urlop")
    assert result.code == 5
    assert "fake" in result.err and "multilingual-e5-small" in result.err
    assert "--rebuild" in result.err


def test_an_unknown_setting_is_one_line(semsearch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMSEARCH_STORE__ULR", "x")
    result = semsearch("status")
    assert result.code == 2
    assert "SEMSEARCH_STORE__ULR" in result.err


def test_a_dead_server_is_one_line(semsearch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMSEARCH_STORE__URL", "http://127.0.0.1:9")
    result = semsearch("search", "urlop")
    assert result.code == 7
    [line] = result.err.strip().splitlines()
    assert "SEMSEARCH_STORE__URL" in line


def test_config_masks_secrets_and_names_origins(
    semsearch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEMSEARCH_STORE__API_KEY", "very-secret")
    monkeypatch.setenv("COLUMNS", "200")
    settings = semsearch("config", "--json")
    assert "very-secret" not in settings.out
    assert settings.json()["store.api_key"]["origin"] == "SEMSEARCH_STORE__API_KEY"
    assert settings.json()["retrieval.limit"] == {
        "value": 10,
        "origin": "default",
        "variable": "SEMSEARCH_RETRIEVAL__LIMIT",
    }
    table = semsearch("config").out
    assert "very-secret" not in table and "**" in table


def test_eval_prints_one_object_and_nothing_else(semsearch: Any, tmp_path: Path) -> None:
    data = tmp_path / "data set"
    (data / "qrels").mkdir(parents=True)
    corpus = [
        {"_id": "d1", "title": "Urlop", "text": "Zaległy urlop do 30 września."},
        {"_id": "d2", "title": "Travel", "text": "Travel expenses are paid."},
    ]
    (data / "corpus.jsonl").write_text("\n".join(json.dumps(line) for line in corpus))
    queries = [{"_id": "q1", "text": "urlopy zaległe"}, {"_id": "q2", "text": "unanswerable"}]
    (data / "queries.jsonl").write_text("\n".join(json.dumps(line) for line in queries))
    (data / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n")
    for retriever in ("hybrid", "dense", "lexical"):
        result = semsearch("eval", str(data), "--retriever", retriever, "--json").json()
        assert set(result) == {"dataset", "retriever", "queries", "metrics", "latency_ms"}
        assert (result["dataset"], result["retriever"]) == ("data set", retriever)
        assert result["queries"] == 1
        assert result["metrics"] == {
            "ndcg@10": 1.0,
            "mrr@10": 1.0,
            "recall@10": 1.0,
            "recall@100": 1.0,
        }
        assert result["latency_ms"]["total"]["p50"] > 0
    assert "ndcg@10" in semsearch("eval", str(data)).out


def test_doctor_on_the_fake_model(semsearch: Any, docs: Path) -> None:
    semsearch("ingest", str(docs))
    checks = {check["name"]: check for check in semsearch("doctor", "--json").json()}
    assert set(checks) == {
        "Python", "CPU", "PyTorch", "disk", "store", "model", "OCR", "LibreOffice", "offline"
    }  # fmt: skip
    assert checks["store"]["state"] == "ok"
    assert "2 chunks" in checks["store"]["found"]
    assert all(check["fix"] for check in checks.values() if check["state"] == "failure")


@pytest.mark.slow
def test_doctor_fails_when_something_needed_does(
    semsearch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEMSEARCH_EMBEDDER__MODEL", "sentence-transformers:no/such-model")
    result = semsearch("doctor", "--json")
    assert result.code == 1
    states = {check["name"]: check["state"] for check in result.json()}
    assert states["model"] == "failure"


def test_completion_works(semsearch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_SEMSEARCH_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "semsearch st")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert "status" in semsearch().out


QUERY_ONLY = """
import sys
sys.argv = ["semsearch", "search", "zaległy urlop", "--json"]
from cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
heavy = {"torch", "transformers", "sentence_transformers", "qdrant_client", "unstructured", "spacy"}
assert not heavy & set(sys.modules), sorted(heavy & set(sys.modules))
"""


def test_a_search_imports_no_pytorch(docs: Path, tmp_path: Path) -> None:
    """The default model and store, as a process of its own."""
    from search.assemble import build_embedder, open_store
    from search.settings import load_settings

    settings = load_settings(data_dir=tmp_path / "data")
    open_store(settings, build_embedder(settings.embedder), create=True).close()
    done = subprocess.run(
        [sys.executable, "-c", QUERY_ONLY],
        cwd=tmp_path,
        env={"SEMSEARCH_DATA_DIR": str(tmp_path / "data"), "PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["hits"] == []


def test_missing_programs_are_said_once(
    semsearch: Any, docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        picture("Umowa").save(docs / f"{number}.png")
    (docs / "a.doc").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    result = semsearch("ingest", str(docs))
    assert result.code == 3
    assert "2 added" in result.out
    assert result.out.count("apt install tesseract-ocr") == 1
    assert "not read for want of tesseract: 2 .png." in result.out
    assert result.out.count("apt install libreoffice") == 1
    assert "not read for want of LibreOffice: 1 .doc." in result.out


def test_a_data_folder_that_cannot_be_written(
    semsearch: Any, docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", Path("/proc/nowhere")):
        monkeypatch.setenv("SEMSEARCH_DATA_DIR", str(folder))
        result = semsearch("ingest", str(docs))
        assert result.code == 7
        assert "SEMSEARCH_DATA_DIR" in result.err
        assert result.err.strip().count("\n") == 0


def test_a_damaged_index_says_how_to_mend_it(semsearch: Any, docs: Path, tmp_path: Path) -> None:
    semsearch("ingest", str(docs))
    (tmp_path / "data" / "index" / "edge_config.json").write_text("garbage")
    result = semsearch("search", "urlop")
    assert result.code == 7
    assert "--rebuild" in result.err
    assert semsearch("ingest", "--rebuild", str(docs)).code == 0
    assert semsearch("search", "urlop").code == 0


def test_serve_says_in_a_line_why_it_cannot(
    semsearch: Any, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    semsearch("ingest", str(docs))
    with monkeypatch.context() as other:
        other.setenv("SEMSEARCH_EMBEDDER__MODEL", "bundled")
        mismatch = semsearch("serve", "--port", "18765")
    assert mismatch.code == 5
    assert "--rebuild" in mismatch.err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = semsearch("serve", "--port", str(port))
    assert result.code == 2
    assert f"127.0.0.1:{port}" in result.err


def test_a_search_is_reranked_and_answered_on_demand(semsearch: Any, docs: Path) -> None:
    semsearch("ingest", str(docs))
    found = semsearch("search", "zaległe urlopy", "--rerank", "null", "--answer", "on", "--json")
    answer = found.json()
    assert answer["rerank"]["arm"] == "null"
    assert answer["answer"]["arm"] == "extractive"
    plain = semsearch("search", "zaległe urlopy", "--answer", "null")
    assert plain.code == 0
    unknown = semsearch("search", "urlop", "--rerank", "best")
    assert unknown.code == 2
    assert "likelihood:smollm2" in unknown.err
