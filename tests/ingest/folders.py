"""Folders indexed for tests with the fake embedder."""

from pathlib import Path

from ingest.plan import Failure, Plan
from ingest.sync import Report, sync
from search.assemble import build_embedder, open_store
from search.settings import Settings, load_settings


class Silent:
    """An observer that only remembers."""

    def __init__(self) -> None:
        self.plan: Plan | None = None
        self.files: dict[str, int | None] = {}
        self.chunks = 0

    def planned(self, plan: Plan) -> None:
        self.plan = plan

    def parsed(self, path: str, chunks: int) -> None:
        self.files[path] = chunks

    def failed(self, failure: Failure) -> None:
        self.files[failure.path] = None

    def embedded(self, chunks: int) -> None:
        self.chunks += chunks


def settings_in(folder: Path) -> Settings:
    return load_settings(data_dir=folder / "data", embedder={"model": "fake"})


def run_sync(paths: list[Path], settings: Settings, observer: Silent | None = None) -> Report:
    embedder = build_embedder(settings.embedder)
    store = open_store(settings, embedder, create=True)
    try:
        return sync(paths, embedder, store, settings, observer or Silent())
    finally:
        store.close()


def index_folder(folder: Path, data: Path) -> Settings:
    settings = settings_in(data)
    assert not run_sync([folder], settings).failures
    return settings
