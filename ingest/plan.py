"""What a run will do: every file and every indexed document in exactly one place."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.scan import ScannedFile
from search.domain import Document


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file that will be parsed."""

    source: str
    file: ScannedFile
    content_hash: str
    reason: str = ""
    """Why a file that is indexed already will be indexed anew."""
    attachments: tuple[Document, ...] = ()
    """What is indexed of the files inside the former version."""


@dataclass(frozen=True, slots=True)
class Move:
    """A document whose content is known and whose id changes: another path, source or tenant."""

    former: Document
    document: Document
    planned: PlannedFile
    """To parse the file after all, should its former version turn out to be incomplete."""


@dataclass(frozen=True, slots=True)
class Update:
    """A document whose metadata changes while its text stays."""

    former: Document
    document: Document
    reason: str
    """Empty when only the file system's stamp changes, which is nobody's news."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be indexed, and why."""

    path: str
    reason: str
    tool: str | None = None
    """The optional program that it would take."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """Deletions of one source that look like an accident and are not done unless confirmed."""

    source: str
    documents: int
    of: int
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The files of a run, by what will happen to them."""

    added: tuple[PlannedFile, ...] = ()
    changed: tuple[PlannedFile, ...] = ()
    renamed: tuple[Move, ...] = ()
    updated: tuple[Update, ...] = ()
    deleted: tuple[Document, ...] = ()
    superseded: tuple[Document, ...] = ()
    """Indexed anew under another source; removed once that is done."""
    withheld: tuple[Withheld, ...] = ()
    unchanged: tuple[ScannedFile, ...] = ()
    unsupported: tuple[ScannedFile, ...] = ()
    empty: tuple[ScannedFile, ...] = ()
    left_out: tuple[ScannedFile, ...] = ()
    """Met, but outside what this run looks at: their documents stay as they are."""
    failures: tuple[Failure, ...] = ()
    """Files that fail before they are parsed: unreadable, too large."""

    @property
    def work(self) -> tuple[PlannedFile, ...]:
        """Return the files to parse."""
        return self.added + self.changed

    @property
    def news(self) -> tuple[Update, ...]:
        """Return the changes of metadata that a person would care about, one for each file."""
        return tuple(
            update for update in self.updated if update.reason and not update.document.container
        )

    @property
    def files_renamed(self) -> tuple[Move, ...]:
        """Return the moves, one for each file."""
        return tuple(move for move in self.renamed if not move.document.container)

    @property
    def files_deleted(self) -> tuple[Document, ...]:
        """Return the documents that go, one for each file."""
        return one_per_file(self.deleted)

    @property
    def reasons(self) -> Counter[str]:
        """Count why files are indexed anew."""
        return Counter(planned.reason for planned in self.changed)


def one_per_file(documents: Iterable[Document]) -> tuple[Document, ...]:
    """Keep one document for each file on disk: no attachments, no second versions."""
    files = {document.id: document for document in documents if document.container is None}
    return tuple(files.values())
