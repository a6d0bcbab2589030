"""Folders indexed for tests with the fake embedder."""

from pathlib import Path

from ingest.plan import Plan
from ingest.reading import Reading
from ingest.sync import EVERYTHING, Report, Scope, sync
from search.assemble import build_embedder, local_administrator, open_store, open_store_as_is
from search.domain import Document
from search.settings import Settings, load_settings


class Silent:
    """An observer that only remembers."""

    def __init__(self) -> None:
        self.plan: Plan | None = None
        self.files: dict[str, int | None] = {}
        self.chunks = 0

    def planned(self, plan: Plan) -> None:
        self.plan = plan

    def read(self, reading: Reading) -> None:
        chunks = sum(len(prepared.chunks) for prepared in reading.documents)
        self.files[reading.planned.file.path] = chunks if reading.documents else None

    def embedded(self, chunks: int) -> None:
        self.chunks += chunks


def settings_in(folder: Path) -> Settings:
    return load_settings(data_dir=folder / "data", embedder={"model": "fake"})


def run_sync(
    paths: list[Path],
    settings: Settings,
    observer: Silent | None = None,
    scope: Scope = EVERYTHING,
) -> Report:
    embedder = build_embedder(settings.embedder)
    store = open_store(settings, embedder, create=True)
    try:
        return sync(paths, embedder, store, settings, observer or Silent(), scope)
    finally:
        store.close()


def index_folder(folder: Path, data: Path) -> Settings:
    settings = settings_in(data)
    assert not run_sync([folder], settings).failures
    return settings


def documents_in(settings: Settings) -> dict[str, Document]:
    """Return what is indexed, by path."""
    store = open_store_as_is(settings)
    found = {d.path: d for d in store.documents(local_administrator(settings))}
    store.close()
    return found


def changed(settings: Settings, section: str, **fields: object) -> Settings:
    """Return settings with some fields of a section changed."""
    part = getattr(settings, section).model_copy(update=fields)
    return settings.model_copy(update={section: part})
