"""Make the index equal to folders: plan, then read, embed and store in three stages at once.

A file that fails is reported and the rest goes on. What was indexed stays until its new
version is complete; a run killed at any moment is repaired by the next.
"""

import os
import shlex
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from ingest.fingerprint import fingerprint
from ingest.indexer import Indexer
from ingest.manifest import Manifest
from ingest.plan import Failure, Plan
from ingest.planner import Policy, make_plan
from ingest.reading import Reader, Reading, readings
from ingest.run import Run
from ingest.sandbox import Sandbox
from ingest.scan import ScannedFile, scan
from ingest.sidecar import Rules
from ingest.sources import Source, resolve_sources
from search.embedders.base import Embedder
from search.settings import Settings
from search.stores.base import Store


class Observer(Protocol):
    """Is told how a run goes on; always from the thread that called `sync`."""

    def planned(self, plan: Plan) -> None:
        """Take note of what will be done."""
        ...

    def read(self, reading: Reading) -> None:
        """Take note of a file read and cut into chunks, or failed."""
        ...

    def embedded(self, chunks: int) -> None:
        """Take note of chunks embedded."""
        ...


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run looks at, besides its paths."""

    include: tuple[str, ...] = ()
    """Patterns in gitignore syntax; only files that match one are looked at."""
    exclude: tuple[str, ...] = ()
    """Patterns of files that are not looked at; what is indexed of them stays."""
    allow_mass_delete: bool = False
    root: Path | None = None
    """Of the source that all paths belong to, where that is settled beforehand."""


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Stages:
    """Seconds that each stage was busy; they overlap."""

    read: float = 0.0
    """Summed over the threads that read."""
    embed: float = 0.0
    store: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did; files are counted, attachments are not."""

    plan: Plan
    added: int = 0
    changed: int = 0
    failures: tuple[Failure, ...] = ()
    unsupported: tuple[str, ...] = ()
    """Files and attachments of a type that is not indexed."""
    notes: tuple[tuple[str, str], ...] = ()
    """Path and remark: what could not be read of a file that was."""
    chunks: int = 0
    """Written in this run."""
    seconds: float = 0.0
    stages: Stages = field(default_factory=Stages)

    @property
    def did_something(self) -> bool:
        """Tell whether the index was changed, or something went wrong."""
        plan = self.plan
        done = self.added or self.changed or plan.files_renamed or plan.news or plan.files_deleted
        return bool(done or self.failures or plan.withheld)


def plan_for(
    paths: Sequence[Path],
    embedder: Embedder,
    store: Store | None,
    settings: Settings,
    scope: Scope = EVERYTHING,
) -> Plan:
    """Compare files and folders with the index; touches nothing.

    Args:
        paths: files and folders; a path inside an indexed folder belongs to that source.
        embedder: of the store's model.
        store: None when there is no index yet.
        settings: what would be done with them.
        scope: what to look at.

    Raises:
        PathError: a path does not exist.
        StoreError: the store failed.
    """
    manifest = Manifest(store.manifest() if store else ())
    policy = Policy(
        fingerprint(embedder, settings), settings.ingest.max_file_mb, scope.allow_mass_delete
    )
    default = settings.ingest.default_access
    rules = Rules(settings.tenant, (), () if default == "private" else (default,))
    if scope.root is not None:
        sources = [Source(scope.root, tuple(paths))]
    else:
        sources = resolve_sources(paths, manifest.sources)
    return make_plan(sources, manifest, policy, partial(_scan, rules=rules, scope=scope))


def sync(
    paths: Sequence[Path],
    embedder: Embedder,
    store: Store,
    settings: Settings,
    observer: Observer,
    scope: Scope = EVERYTHING,
) -> Report:
    """Bring the index up to date with files and folders.

    Args:
        paths: files and folders; a path inside an indexed folder belongs to that source.
        embedder: of the store's model.
        store: open for this embedder.
        settings: chunking, access, limits.
        observer: is told how it goes on.
        scope: what to look at.

    Raises:
        PathError: a path does not exist; nothing was done.
        StoreBusyError: another sync is under way.
        StoreError: the store failed; what was written so far stays.
        ModelError: the model cannot be loaded or run.
    """
    start = time.monotonic()
    with store.claim(whoami()) as interrupted:
        if interrupted:
            store.repair()
        plan = plan_for(paths, embedder, store, settings, scope)
        observer.planned(plan)
        indexer = Indexer(embedder, store, settings)
        run = Run(indexer, store, observer.read)
        work = plan.work + run.apply(plan)
        with Sandbox(settings.parsing) as sandbox:
            reader = Reader(sandbox.parse, indexer)
            run.index(readings(work, reader.read, sandbox.workers), observer.embedded)
        run.remove(plan.superseded)
    failed = {failure.path for failure in run.failures}
    return Report(
        plan=plan,
        added=sum(planned.file.path not in failed for planned in plan.added),
        changed=sum(planned.file.path not in failed for planned in plan.changed),
        failures=plan.failures + tuple(run.failures),
        unsupported=(*(file.path for file in plan.unsupported), *run.unsupported),
        notes=tuple(run.notes),
        chunks=run.chunks,
        seconds=time.monotonic() - start,
        stages=Stages(run.read_seconds, run.embed_seconds, run.store_seconds),
    )


def _scan(source: Source, rules: Rules, scope: Scope) -> Iterator[ScannedFile]:
    for target in source.targets:
        if target.exists():
            yield from scan(
                source.root, target, rules, include=scope.include, exclude=scope.exclude
            )


def whoami() -> str:
    """Say which process this is, for those that wait for it."""
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    return f"process {os.getpid()} on {socket.gethostname()} (`{command}`)"
