"""What the index holds, looked up the ways a plan needs it."""

from collections.abc import Iterable
from pathlib import Path

from search.domain import Document


class Manifest:
    """All indexed documents of all tenants, in memory: about 2 kB each."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._files: dict[tuple[str, str], list[Document]] = {}
        self._attachments: dict[tuple[str, str], list[Document]] = {}
        self._by_file: dict[str, Document] = {}
        self.sources: dict[str, list[Document]] = {}
        """Documents of files on disk, by source."""
        for document in documents:
            key = (document.source, document.container or document.path)
            if document.container is None:
                self._files.setdefault(key, []).append(document)
                self._by_file[str(file_of(document))] = document
                self.sources.setdefault(document.source, []).append(document)
            else:
                self._attachments.setdefault(key, []).append(document)

    def versions(self, source: str, path: str) -> list[Document]:
        """Return the indexed versions of a file: one, or two after an interrupted run."""
        return self._files.get((source, path), [])

    def attachments(self, source: str, path: str) -> list[Document]:
        """Return the documents inside a file."""
        return self._attachments.get((source, path), [])

    def with_attachments(self, document: Document) -> list[Document]:
        """Return a document and those inside it."""
        return [document, *self.attachments(document.source, document.path)]

    def holds(self, file: Path) -> bool:
        """Tell whether a file on disk is indexed, under whatever source."""
        return str(file) in self._by_file

    def elsewhere(self, file: Path, source: str) -> Document | None:
        """Return the document of a file that another source holds."""
        found = self._by_file.get(str(file))
        return found if found is not None and found.source != source else None


def file_of(document: Document) -> Path:
    """Return the file on disk that a document was read from."""
    return Path(document.source) / (document.container or document.path)
