"""Compares what folders hold with what the index holds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest import guard
from ingest.fingerprint import what_changed
from ingest.manifest import Manifest, file_of
from ingest.metadata import differences, renewed, type_of
from ingest.plan import Failure, Move, Plan, PlannedFile, Update, Withheld, one_per_file
from ingest.scan import ScannedFile, content_hash
from ingest.sources import Source
from search.domain import Document
from search.errors import PathError

MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Policy:
    """What decides where a file goes, besides its content."""

    fingerprint: str
    """Of the pipeline in force; documents of another are indexed anew."""
    max_file_mb: int
    allow_mass_delete: bool = False


class Planner:
    """Takes sources one by one and makes one plan of them."""

    def __init__(self, manifest: Manifest, policy: Policy) -> None:
        self._manifest = manifest
        self._policy = policy
        self._files = _Files()
        self._vanished: list[tuple[Source, list[Document], str | None]] = []
        self._present: set[str] = set()
        """Content hashes met."""

    def compare(self, source: Source, files: Iterator[ScannedFile]) -> None:
        """Put every file of a source, and every document without a file, where it belongs.

        Args:
            source: its targets say which documents should have been met.
            files: what a scan of the targets yields.

        Raises:
            PathError: a target is neither on disk nor in the index.
        """
        root = str(source.root)
        for target in source.targets:
            if not target.exists() and not any(self._expected(Source(source.root, (target,)))):
                raise PathError(f"There is no file or folder {target}.")
        met: dict[str, ScannedFile] = {}
        blocked: list[str] = []
        for file in files:
            if file.path in met:
                continue
            met[file.path] = file
            if file.problem is not None or file.held:
                blocked.append(file.path)
            self._sort(root, file)
        trouble = self._trouble(source, met)
        gone = [
            document
            for document in self._expected(source)
            if trouble is not None or not _is_met(source, document, met, blocked)
        ]
        self._vanished.append((source, gone, trouble))

    def plan(self) -> Plan:
        """Return the plan of all that was compared: renames are found across sources."""
        moves = list(self._files.moves)
        superseded = list(self._files.superseded)
        vanished = {d.id: d for _, documents, _ in self._vanished for d in documents}
        by_content: dict[str, list[Document]] = {}
        for document in vanished.values():
            by_content.setdefault(document.content_hash, []).append(document)
        added = []
        for planned in self._files.arrived:
            former = self._former(planned, by_content.get(planned.content_hash, []))
            if former is None:
                added.append(planned)
            else:
                moves.append(self._move(former, planned))
                by_content[planned.content_hash].remove(former)
                del vanished[former.id]
        deleted: list[Document] = []
        withheld: list[Withheld] = []
        for source, documents, trouble in self._vanished:
            going = [document for document in documents if document.id in vanished]
            verdict = self._judge(str(source.root), going, trouble)
            if verdict is None:
                deleted += going
            else:
                withheld.append(verdict)
        return Plan(
            added=tuple(added),
            changed=tuple(self._files.changed),
            renamed=tuple(m for move in moves for m in self._with_attachments(move)),
            updated=tuple(self._files.updated),
            deleted=self._all_of(deleted),
            superseded=self._all_of(superseded),
            withheld=tuple(withheld),
            unchanged=tuple(self._files.unchanged),
            unsupported=tuple(self._files.unsupported),
            empty=tuple(self._files.empty),
            left_out=tuple(self._files.left_out),
            failures=tuple(self._files.failures),
        )

    def _sort(self, source: str, file: ScannedFile) -> None:
        limit = self._policy.max_file_mb
        if file.problem is not None:
            self._files.failures.append(Failure(file.path, file.problem))
        elif file.held:
            self._files.left_out.append(file)
        elif not file.supported:
            self._files.unsupported.append(file)
        elif file.size == 0:
            self._files.empty.append(file)
        elif file.size > limit * MIB:
            reason = (
                f"The file has {file.size / MIB:.0f} MiB; SEMSEARCH_INGEST__MAX_FILE_MB "
                f"allows {limit}."
            )
            self._files.failures.append(Failure(file.path, reason))
        else:
            self._compare(source, file)

    def _compare(self, source: str, file: ScannedFile) -> None:
        versions = self._manifest.versions(source, file.path)
        known = versions[0] if versions else self._manifest.elsewhere(file.absolute, source)
        if known is not None and file.stamp and known.stamp == file.stamp:
            digest = known.content_hash
        else:
            try:
                digest = content_hash(file.absolute)
            except OSError as error:
                reason = f"The file cannot be read: {error.strerror}."
                self._files.failures.append(Failure(file.path, reason))
                return
        self._present.add(digest)
        planned = PlannedFile(source, file, digest)
        if known is None:
            self._files.arrived.append(planned)
        elif known.source != source:
            self._take_over(known, planned)
        elif reason := self._outdated(versions, digest):
            attachments = tuple(self._manifest.attachments(source, file.path))
            self._files.changed.append(PlannedFile(source, file, digest, reason, attachments))
        else:
            self._keep(known, planned)

    def _outdated(self, versions: Sequence[Document], digest: str) -> str:
        """Return why an indexed file must be parsed again; empty when it need not."""
        if len(versions) > 1:
            return "an interrupted run left two versions"
        [known] = versions
        if known.content_hash != digest:
            return "another content"
        return what_changed(known.fingerprint, self._policy.fingerprint)

    def _keep(self, known: Document, planned: PlannedFile) -> None:
        file = planned.file
        document = renewed(known, planned.source, file)
        if document.tenant != known.tenant:
            self._files.moves.append(Move(known, document, planned))
            return
        if document != known:
            for former in self._manifest.with_attachments(known):
                after = renewed(former, planned.source, file)
                self._files.updated.append(Update(former, after, differences(former, after)))
        if not differences(known, document):
            self._files.unchanged.append(file)

    def _take_over(self, known: Document, planned: PlannedFile) -> None:
        """Bring a document of an inner source under the source around it."""
        if self._same(known, planned):
            self._files.moves.append(self._move(known, planned))
        else:
            self._files.arrived.append(planned)
            self._files.superseded.append(known)

    def _former(self, planned: PlannedFile, vanished: Sequence[Document]) -> Document | None:
        """Return the document that a new file is the renamed file of, if any."""
        same = [document for document in vanished if self._same(document, planned)]
        name = Path(planned.file.path).name
        same.sort(key=lambda d: (Path(d.path).name != name, d.source != planned.source, d.path))
        return same[0] if same else None

    def _same(self, document: Document, planned: PlannedFile) -> bool:
        return (
            document.content_hash == planned.content_hash
            and document.fingerprint == self._policy.fingerprint
            and document.type == type_of(planned.file.path)
        )

    def _move(self, former: Document, planned: PlannedFile) -> Move:
        return Move(former, renewed(former, planned.source, planned.file), planned)

    def _with_attachments(self, move: Move) -> Iterator[Move]:
        yield move
        for former in self._manifest.attachments(move.former.source, move.former.path):
            yield self._move(former, move.planned)

    def _expected(self, source: Source) -> Iterator[Document]:
        """Yield the documents whose files the targets should hold."""
        for root, documents in self._manifest.sources.items():
            if root == str(source.root) or Path(root).is_relative_to(source.root):
                for document in documents:
                    if source.covers(file_of(document)):
                        yield document

    def _trouble(self, source: Source, met: Mapping[str, ScannedFile]) -> str | None:
        """Say what is wrong with a source's folder as a whole."""
        for target in source.targets:
            if not target.exists() and not self._manifest.holds(target):
                return f"the folder {target} is missing"
        if "." in met:
            return f"the folder {source.root} cannot be read"
        if source.root in source.targets and all(file.problem for file in met.values()):
            return f"the folder {source.root} is empty"
        return None

    def _judge(self, root: str, going: list[Document], trouble: str | None) -> Withheld | None:
        if self._policy.allow_mass_delete:
            return None
        lost = [d for d in one_per_file(going) if d.content_hash not in self._present]
        indexed = len(one_per_file(self._manifest.sources.get(root, [])))
        return guard.check(root, len(lost), max(indexed, len(lost)), trouble)

    def _all_of(self, documents: Sequence[Document]) -> tuple[Document, ...]:
        return tuple(d for document in documents for d in self._manifest.with_attachments(document))


class _Files:
    """Files and what becomes of them."""

    def __init__(self) -> None:
        self.arrived: list[PlannedFile] = []
        self.changed: list[PlannedFile] = []
        self.moves: list[Move] = []
        self.updated: list[Update] = []
        self.superseded: list[Document] = []
        self.unchanged: list[ScannedFile] = []
        self.unsupported: list[ScannedFile] = []
        self.empty: list[ScannedFile] = []
        self.left_out: list[ScannedFile] = []
        self.failures: list[Failure] = []


def _is_met(
    source: Source, document: Document, met: Mapping[str, ScannedFile], blocked: Sequence[str]
) -> bool:
    """Tell whether a document still has its file, or may have it where nobody could look."""
    path = file_of(document).relative_to(source.root).as_posix()
    if path in met:
        return met[path].size > 0 or met[path].problem is not None or met[path].held
    if any(path.startswith(f"{folder}/") for folder in blocked):
        return True
    inner = document.source != str(source.root)  # its own rules may show what ours hide
    return inner and file_of(document).exists()


Scan = Callable[[Source], Iterator[ScannedFile]]
"""Walks the targets of a source."""


def make_plan(sources: Sequence[Source], manifest: Manifest, policy: Policy, scan: Scan) -> Plan:
    """Compare sources with the index; touches nothing."""
    planner = Planner(manifest, policy)
    for source in sources:
        planner.compare(source, scan(source))
    return planner.plan()
