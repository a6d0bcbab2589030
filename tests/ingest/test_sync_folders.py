"""Sync, not import: the index follows the folders, and no careless command loses documents."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.sync import EVERYTHING, Scope
from search.errors import PathError
from search.settings import Settings
from tests.ingest.folders import Silent, changed, documents_in, run_sync, settings_in

CONFIRMED = Scope(allow_mass_delete=True)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """Return a folder of 30 documents: 15 in hr/, 15 in it/."""
    folder = tmp_path / "docs"
    for part in ("hr", "it"):
        (folder / part).mkdir(parents=True)
        for number in range(15):
            text = f"# {part} {number}\n\nDokument numer {number} działu {part}.\n"
            (folder / part / f"{number:02}.md").write_text(text)
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def embedded(docs: Path, settings: Settings) -> Callable[..., int]:
    """Index the folder; return a function that syncs again and tells how much was embedded."""
    run_sync([docs], settings)

    def again(*paths: Path, scope: Scope = EVERYTHING, using: Settings = settings) -> int:
        observer = Silent()
        run_sync(list(paths or (docs,)), using, observer, scope)
        return observer.chunks

    return again


def test_deletions_propagate(docs: Path, settings: Settings, embedded: Callable[..., int]) -> None:
    (docs / "hr" / "03.md").unlink()
    report = run_sync([docs], settings)
    assert [d.path for d in report.plan.files_deleted] == ["hr/03.md"]
    assert len(documents_in(settings)) == 29
    assert "hr/03.md" not in documents_in(settings)


def test_a_renamed_file_is_moved_without_embedding(
    docs: Path, settings: Settings, embedded: Callable[..., int]
) -> None:
    before = documents_in(settings)["hr/03.md"]
    (docs / "hr" / "03.md").rename(docs / "it" / "nowy.md")
    assert embedded() == 0
    after = documents_in(settings)
    assert "hr/03.md" not in after
    moved = after["it/nowy.md"]
    assert (moved.title, moved.content_hash) == (before.title, before.content_hash)
    assert moved.id != before.id
    assert len(after) == 30


def test_a_renamed_folder_is_moved_and_is_no_mass_deletion(
    docs: Path, settings: Settings, embedded: Callable[..., int]
) -> None:
    (docs / "hr").rename(docs / "kadry")
    observer = Silent()
    report = run_sync([docs], settings, observer)
    assert (observer.chunks, report.plan.withheld) == (0, ())
    assert len(report.plan.files_renamed) == 15
    assert {path.split("/")[0] for path in documents_in(settings)} == {"kadry", "it"}


def test_a_title_that_is_a_file_name_follows_the_rename(docs: Path, settings: Settings) -> None:
    (docs / "plan_2025.txt").write_text("Bez nagłówka, sam tekst o planie pracy.")
    run_sync([docs], settings)
    (docs / "plan_2025.txt").rename(docs / "budżet_2026.txt")
    observer = Silent()
    run_sync([docs], settings, observer)
    moved = documents_in(settings)["budżet_2026.txt"]
    assert (moved.title, observer.chunks) == ("budżet 2026", 0)
    fresh = changed(settings, "ingest").model_copy(update={"data_dir": settings.data_dir / "new"})
    run_sync([docs], fresh)
    assert documents_in(fresh)["budżet_2026.txt"] == moved


def test_a_rename_to_another_type_is_parsed_again(
    docs: Path, settings: Settings, embedded: Callable[..., int]
) -> None:
    (docs / "hr" / "03.md").rename(docs / "hr" / "03.txt")
    assert embedded() == 1
    assert documents_in(settings)["hr/03.txt"].type == "txt"


def test_much_of_a_source_gone_takes_a_confirmation(
    docs: Path, settings: Settings, embedded: Callable[..., int]
) -> None:
    shutil.rmtree(docs / "hr")
    report = run_sync([docs], settings)
    [withheld] = report.plan.withheld
    assert (withheld.source, withheld.documents, withheld.of) == (str(docs), 15, 30)
    assert len(documents_in(settings)) == 30
    run_sync([docs], settings, scope=CONFIRMED)
    assert {path.split("/")[0] for path in documents_in(settings)} == {"it"}


def test_nine_deletions_or_a_fifth_take_none(
    docs: Path, settings: Settings, embedded: Callable[..., int]
) -> None:
    for number in range(9):
        (docs / "hr" / f"{number:02}.md").unlink()
    assert not run_sync([docs], settings).plan.withheld
    assert len(documents_in(settings)) == 21


@pytest.mark.parametrize("trouble", ["missing", "empty"])
def test_a_folder_that_is_missing_or_empty_deletes_nothing(
    docs: Path, settings: Settings, embedded: Callable[..., int], trouble: str
) -> None:
    shutil.rmtree(docs)
    if trouble == "empty":
        docs.mkdir()
    [withheld] = run_sync([docs], settings).plan.withheld
    assert trouble in withheld.reason
    assert len(documents_in(settings)) == 30
    run_sync([docs], settings, scope=CONFIRMED)
    assert documents_in(settings) == {}


def test_a_small_source_that_is_empty_deletes_nothing_either(
    tmp_path: Path, settings: Settings
) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "a.md").write_text("Jeden dokument.")
    run_sync([folder], settings)
    (folder / "a.md").unlink()
    assert run_sync([folder], settings).plan.withheld
    assert set(documents_in(settings)) == {"a.md"}


def test_an_unreadable_folder_protects_what_was_in_it(
    docs: Path, settings: Settings, embedded: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(monkeypatch, docs / "hr")
    report = run_sync([docs], settings)
    assert [failure.path for failure in report.failures] == ["hr"]
    assert len(documents_in(settings)) == 30
    forbid(monkeypatch, docs)
    [withheld] = run_sync([docs], settings).plan.withheld
    assert "cannot be read" in withheld.reason
    assert len(documents_in(settings)) == 30


def forbid(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make a folder unreadable, for an administrator too."""
    import os

    real = os.scandir

    def refusing(path: object = ".") -> object:
        if Path(str(path)) == folder:
            raise PermissionError(13, "Permission denied")
        return real(path)  # type: ignore[call-overload]

    monkeypatch.setattr("os.scandir", refusing)


def test_another_folder_deletes_nothing_of_the_first(
    docs: Path, tmp_path: Path, settings: Settings, embedded: Callable[..., int]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.md").write_text("Inny folder.")
    assert embedded(other) == 1
    assert len(documents_in(settings)) == 31


def test_a_single_file_deletes_no_sibling(
    docs: Path, settings: Settings, embedded: Callable[..., int]
) -> None:
    (docs / "hr" / "03.md").unlink()
    assert embedded(docs / "hr" / "04.md") == 0
    assert len(documents_in(settings)) == 30


def test_single_files_of_a_new_folder_delete_no_sibling(docs: Path, settings: Settings) -> None:
    run_sync([docs / "hr" / "01.md"], settings)
    run_sync([docs / "hr" / "02.md"], settings)
    assert set(documents_in(settings)) == {"01.md", "02.md"}


def test_a_glob_deletes_no_sibling(
    docs: Path, settings: Settings, embedded: Callable[..., int]
) -> None:
    for name in ("03.md", "14.md"):
        (docs / "hr" / name).unlink()
    embedded(*sorted((docs / "hr").glob("0*.md")))
    assert len(documents_in(settings)) == 30


def test_a_folder_inside_deletes_only_its_own(
    docs: Path, settings: Settings, embedded: Callable[..., int]
) -> None:
    (docs / "hr" / "03.md").unlink()
    (docs / "it" / "03.md").unlink()
    embedded(docs / "hr")
    assert set(range(29)) == set(range(len(documents_in(settings))))
    assert "it/03.md" in documents_in(settings)
    assert "hr/03.md" not in documents_in(settings)


def test_a_folder_around_takes_over_without_embedding_and_without_copies(
    docs: Path, settings: Settings
) -> None:
    run_sync([docs / "hr"], settings)
    (docs / "hr" / "03.md").unlink()
    (docs / "hr" / "04.md").write_text("# Zmieniony\n\nNowa treść.")
    observer = Silent()
    run_sync([docs], settings, observer)
    found = documents_in(settings)
    assert len(found) == 29
    assert {document.source for document in found.values()} == {str(docs)}
    assert observer.chunks == 16  # it/ and the changed file
    assert observer.plan is not None
    assert [d.path for d in observer.plan.files_deleted] == ["03.md"]


def test_a_folder_around_leaves_what_it_does_not_show(docs: Path, settings: Settings) -> None:
    run_sync([docs / "hr"], settings)
    (docs / ".semsearchignore").write_text("hr/\n")
    run_sync([docs], settings)
    found = list(documents_in(settings).values())
    assert len(found) == 30
    assert {document.source for document in found} == {str(docs), str(docs / "hr")}


def test_a_deleted_file_may_be_named(
    docs: Path, settings: Settings, embedded: Callable[..., int]
) -> None:
    (docs / "hr" / "03.md").unlink()
    embedded(docs / "hr" / "03.md")
    assert len(documents_in(settings)) == 29


def test_a_missing_folder_inside_a_source_deletes_nothing(
    docs: Path, settings: Settings, embedded: Callable[..., int]
) -> None:
    shutil.rmtree(docs / "hr")
    assert run_sync([docs / "hr"], settings).plan.withheld
    assert len(documents_in(settings)) == 30


def test_a_mistyped_path_is_said(
    docs: Path, settings: Settings, embedded: Callable[..., int]
) -> None:
    with pytest.raises(PathError, match="typo"):
        run_sync([docs / "typo"], settings)


def test_what_is_ignored_later_leaves_the_index(
    docs: Path, settings: Settings, embedded: Callable[..., int]
) -> None:
    (docs / ".semsearchignore").write_text("0[0-4].md\n")
    run_sync([docs], settings, scope=CONFIRMED)
    assert len(documents_in(settings)) == 20


def test_what_a_run_excludes_stays(
    docs: Path, settings: Settings, embedded: Callable[..., int]
) -> None:
    (docs / "hr" / "03.md").write_text("# Zmieniony\n\nNowa treść.")
    assert embedded(scope=Scope(exclude=("hr/",))) == 0
    assert embedded(scope=Scope(include=("it/*",))) == 0
    assert len(documents_in(settings)) == 30
    assert embedded() == 1


def test_identical_files_are_embedded_once(tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.md").write_text("# Urlop\n\nTen sam tekst w pięciu plikach.\n")
    from search.embedders.fake import FakeEmbedder

    asked: list[str] = []

    class Counting(FakeEmbedder):
        def embed_passages(self, texts):  # type: ignore[no-untyped-def]
            asked.extend(texts)
            return super().embed_passages(texts)

    from ingest.sync import sync
    from search.assemble import open_store

    store = open_store(settings, Counting(), create=True)
    report = sync([folder], Counting(), store, settings, Silent())
    store.close()
    assert (report.added, report.chunks, len(asked)) == (5, 5, 1)
    assert len(documents_in(settings)) == 5
