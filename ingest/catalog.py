"""Documents of the index by what people call them: a path, a file on disk, an id."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ingest.manifest import file_of
from search.domain import Document
from search.errors import InputError

SHOWN = 5
"""Documents named where a name fits several."""


def named(documents: Iterable[Document], name: str) -> list[Document]:
    """Return the documents that a name means.

    The first of these that fits any: the id, the file on disk, the path below its source,
    the end of that path.

    Args:
        documents: to choose from.
        name: as typed.
    """
    known = list(documents)
    file = _on_disk(name)
    tail = "/" + name.strip("/")
    for fits in (
        lambda d: d.id == name,
        lambda d: d.container is None and file_of(d) == file,
        lambda d: d.path == name,
        lambda d: f"/{d.path}".endswith(tail),
    ):
        if found := [document for document in known if fits(document)]:
            return found
    return []


def one_named(documents: Iterable[Document], name: str) -> Document:
    """Return the document that a name means.

    Raises:
        InputError: none is called so, or several are.
    """
    found = named(documents, name)
    if len(found) == 1:
        return found[0]
    if not found:
        raise InputError(
            f"No document is called {name}: `semsearch ls` lists what is indexed, with its paths."
        )
    paths = ", ".join(f"{document.path} ({document.id})" for document in found[:SHOWN])
    raise InputError(f"{len(found)} documents are called {name}: {paths}. Give more of the path.")


def with_attachments(documents: Sequence[Document], known: Iterable[Document]) -> list[Document]:
    """Return documents and what is attached to them."""
    files = {(document.tenant, document.source, document.path) for document in documents}
    inside = [d for d in known if d.container and (d.tenant, d.source, d.container) in files]
    return [*documents, *inside]


def in_source(documents: Iterable[Document], name: str) -> list[Document]:
    """Return all documents of the source that a name means: its root, or its given name."""
    folder = str(_on_disk(name))
    return [document for document in documents if document.source in (name, folder)]


def still_there(document: Document) -> bool:
    """Tell whether the file of a document exists, so that the next sync would index it again."""
    return file_of(document).is_file()


def _on_disk(name: str) -> Path:
    return Path(name).expanduser().resolve()
