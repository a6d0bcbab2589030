"""Indexing folders: skip what is unchanged, survive what fails, converge when repeated."""

from pathlib import Path

import pytest

from ingest.sources import resolve_sources
from search.assemble import local_administrator, open_store_as_is
from search.errors import IndexMismatchError, PathError
from search.settings import ChunkingSettings, Settings
from tests.ingest.folders import Silent, changed, documents_in, run_sync, settings_in


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "hr").mkdir(parents=True)
    (folder / "hr" / "urlop.md").write_text("# Urlop\n\nZaległy urlop do 30 września.\n")
    (folder / "travel.txt").write_text("Travel expenses are paid within two weeks of the claim.")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


indexed = documents_in


def ids(settings: Settings) -> set[tuple[str, str, int]]:
    return {(d.id, d.content_hash, d.chunk_count) for d in indexed(settings).values()}


def test_a_folder(docs: Path, settings: Settings) -> None:
    observer = Silent()
    report = run_sync([docs], settings, observer)
    assert (report.added, report.changed, report.failures) == (2, 0, ())
    assert observer.chunks == report.chunks == 2
    assert observer.files == {"hr/urlop.md": 1, "travel.txt": 1}
    found = indexed(settings)
    assert set(found) == {"hr/urlop.md", "travel.txt"}
    document = found["hr/urlop.md"]
    assert (document.title, document.type, document.language) == ("Urlop", "md", "pl")
    assert document.source == str(docs)
    assert document.size == (docs / "hr" / "urlop.md").stat().st_size
    assert found["travel.txt"].title == "travel"
    assert found["travel.txt"].language == "en"


def test_a_second_run_indexes_nothing_anew(docs: Path, settings: Settings) -> None:
    run_sync([docs], settings)
    before = ids(settings)
    observer = Silent()
    report = run_sync([docs], settings, observer)
    assert (report.added, report.changed, report.chunks) == (0, 0, 0)
    assert len(report.plan.unchanged) == 2
    assert observer.files == {}
    assert ids(settings) == before


def test_a_touched_file_is_unchanged_and_an_edited_one_is_not(
    docs: Path, settings: Settings
) -> None:
    run_sync([docs], settings)
    (docs / "travel.txt").touch()
    (docs / "hr" / "urlop.md").write_text("# Urlop\n\nTeraz do końca roku.\n")
    report = run_sync([docs], settings)
    assert (report.added, report.changed, len(report.plan.unchanged)) == (0, 1, 1)
    store = open_store_as_is(settings)
    assert store.count(local_administrator(settings)) == 2  # the old version is gone
    store.close()


def test_other_chunking_indexes_anew(docs: Path, settings: Settings) -> None:
    run_sync([docs], settings)
    smaller = settings.model_copy(update={"chunking": ChunkingSettings(max_tokens=100)})
    report = run_sync([docs], smaller)
    assert report.changed == 2
    assert report.plan.reasons == {"another chunking": 2}


def test_a_file_that_fails_is_reported_and_the_rest_goes_on(docs: Path, settings: Settings) -> None:
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7 nothing follows")
    (docs / "broken.docx").write_bytes(b"PK\x03\x04 not a package")
    (docs / "empty.txt").write_text("")
    (docs / "picture.xyz").write_bytes(b"?")
    report = run_sync([docs], settings)
    assert report.added == 2
    assert report.unsupported == ("picture.xyz",)
    reasons = {failure.path: failure.reason for failure in report.failures}
    assert set(reasons) == {"broken.pdf", "broken.docx"}
    assert [file.path for file in report.plan.empty] == ["empty.txt"]
    assert all("\n" not in reason for reason in reasons.values())
    assert "PDF" in reasons["broken.pdf"]
    assert set(indexed(settings)) == {"hr/urlop.md", "travel.txt"}


def test_a_new_version_that_fails_leaves_the_old_one(docs: Path, settings: Settings) -> None:
    run_sync([docs], settings)
    (docs / "hr" / "urlop.md").write_text("   \n")
    report = run_sync([docs], settings)
    assert [failure.path for failure in report.failures] == ["hr/urlop.md"]
    assert "hr/urlop.md" in indexed(settings)


def test_what_an_emptied_file_said_is_not_served_any_more(docs: Path, settings: Settings) -> None:
    run_sync([docs], settings)
    (docs / "hr" / "urlop.md").write_text("")
    report = run_sync([docs], settings)
    assert not report.failures
    assert set(indexed(settings)) == {"travel.txt"}


def test_a_file_that_is_too_large_is_reported(docs: Path, settings: Settings) -> None:
    (docs / "large.txt").write_text("x" * (1024 * 1024 + 1))
    [failure] = run_sync([docs], changed(settings, "ingest", max_file_mb=1)).failures
    assert "SEMSEARCH_INGEST__MAX_FILE_MB" in failure.reason


def test_default_access(docs: Path, settings: Settings) -> None:
    run_sync([docs], settings)
    assert {d.access for d in indexed(settings).values()} == {()}
    observer = Silent()
    report = run_sync([docs], changed(settings, "ingest", default_access="public"), observer)
    assert {d.access for d in indexed(settings).values()} == {("public",)}
    assert [update.reason for update in report.plan.news] == ["another access"] * 2
    assert observer.chunks == 0


def test_a_missing_path_stops_before_anything_is_done(docs: Path, settings: Settings) -> None:
    with pytest.raises(PathError, match="nowhere"):
        run_sync([docs, docs / "nowhere"], settings)
    assert indexed(settings) == {}


def test_another_model_is_refused(
    docs: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_sync([docs], settings)
    monkeypatch.setattr("search.assemble.ANALYZER_VERSION", "later")
    with pytest.raises(IndexMismatchError, match="--rebuild") as refusal:
        run_sync([docs], settings)
    assert "analyzer 1" in str(refusal.value) and "analyzer later" in str(refusal.value)


def test_one_document_may_be_many_windows_long(docs: Path, settings: Settings) -> None:
    paragraphs = (f"Akapit numer {i} o częściach zamiennych. " * 20 for i in range(1200))
    (docs / "long.txt").write_text("\n\n".join(paragraphs))
    report = run_sync([docs], settings)
    assert indexed(settings)["long.txt"].chunk_count == report.chunks - 2 > 256


def test_paths_find_their_source(docs: Path, tmp_path: Path) -> None:
    inner, single = docs / "hr", docs / "travel.txt"

    def roots(paths: list[Path], known: list[str]) -> dict[str, list[str]]:
        sources = resolve_sources(paths, known)
        return {str(s.root): [str(t) for t in s.targets] for s in sources}

    assert roots([docs], []) == {str(docs): [str(docs)]}
    assert roots([inner], [str(docs)]) == {str(docs): [str(inner)]}
    assert roots([single], [str(docs)]) == {str(docs): [str(single)]}
    assert roots([single], []) == {str(docs): [str(single)]}
    assert roots([docs, inner], []) == {str(docs): [str(docs), str(inner)]}
    assert roots([inner, docs], []) == {str(docs): [str(docs), str(inner)]}
    assert roots([docs], [str(tmp_path / "do")]) == {str(docs): [str(docs)]}


def test_a_folder_inside_an_indexed_one_adds_no_second_copy(docs: Path, settings: Settings) -> None:
    run_sync([docs], settings)
    assert len(run_sync([docs / "hr"], settings).plan.unchanged) == 1
    assert len(run_sync([docs / "travel.txt"], settings).plan.unchanged) == 1
    assert len(indexed(settings)) == 2
