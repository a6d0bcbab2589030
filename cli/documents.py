"""`semsearch ls`, `show` and `rm`: the documents of the index one by one."""

import sys
from collections.abc import Callable
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.output import JsonOption, bytes_for_people, counted, print_json, stderr, stdout, table
from cli.search import GroupOption, UserOption, principal
from search.domain import Document
from search.errors import InputError
from search.filters import matching
from search.settings import load_settings


class SortKey(Enum):
    """What a listing can be sorted by."""

    path = "path"
    title = "title"
    modified = "modified"
    size = "size"
    chunks = "chunks"


_KEYS: dict[SortKey, Callable[[Document], Any]] = {
    SortKey.path: lambda d: (d.source, d.path),
    SortKey.title: lambda d: (d.title.casefold(), d.path),
    SortKey.modified: lambda d: (d.modified, d.path),
    SortKey.size: lambda d: (d.size, d.path),
    SortKey.chunks: lambda d: (d.chunk_count, d.path),
}


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (ls, show, rm):
        app.command()(command)


def ls(
    patterns: Annotated[
        list[str] | None,
        typer.Argument(help="Only paths that match, e.g. 'hr/*.pdf'.", metavar="[PATTERN…]"),
    ] = None,
    language: Annotated[list[str] | None, typer.Option(help="Only in this language.")] = None,
    type: Annotated[list[str] | None, typer.Option(help="Only files of this type.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only with this tag.")] = None,
    author: Annotated[list[str] | None, typer.Option(help="Only by this author.")] = None,
    source: Annotated[list[str] | None, typer.Option(help="Only of this source.")] = None,
    sort: Annotated[SortKey, typer.Option(help="What to sort by.")] = SortKey.path,
    reverse: Annotated[bool, typer.Option("--reverse", "-r", help="Sort downwards.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="How many.")] = None,
    as_user: UserOption = None,
    as_group: GroupOption = None,
    json: JsonOption = False,
) -> None:
    """List what is indexed.

    Examples:

        semsearch ls

        semsearch ls 'hr/*' --language pl --sort modified --reverse

        semsearch ls --type pdf --json | jq -r '.[].path'
    """
    from search.assemble import open_store_as_is

    settings = load_settings()
    where = matching(
        language=tuple(language or ()),
        type=tuple(type or ()),
        tags=tuple(tag or ()),
        author=tuple(author or ()),
        source=tuple(source or ()),
    )
    store = open_store_as_is(settings)
    try:
        documents = list(store.documents(principal(settings, as_user, as_group), where))
    finally:
        store.close()
    if patterns:
        documents = [d for d in documents if any(_matches(d.path, p) for p in patterns)]
    documents.sort(key=_KEYS[sort], reverse=reverse)
    shown = documents[:limit]
    if json:
        print_json([as_json(document) for document in shown])
        return
    rows = table("path", "title", "type", "language", "modified", "size", "chunks")
    for document in shown:
        rows.add_row(
            escape(document.path),
            escape(document.title),
            document.type,
            document.language,
            f"{document.modified:%Y-%m-%d}",
            bytes_for_people(document.size),
            str(document.chunk_count),
        )
    console = stdout()
    console.print(rows)
    said = f"{len(shown)} of " if len(shown) < len(documents) else ""
    stderr().print(f"{said}{counted(len(documents), 'document')}", style="dim")


def show(
    document: Annotated[
        str,
        typer.Argument(help="Its path, the end of it, its file, or its id.", show_default=False),
    ],
    as_user: UserOption = None,
    as_group: GroupOption = None,
    json: JsonOption = False,
) -> None:
    """Show a document as it is indexed: what is known of it, and its chunks.

    Each chunk stands as the model reads it, with its headings, and with its tokens.

    Examples:

        semsearch show hr/regulamin-pracy.docx

        semsearch show regulamin-pracy.docx --json | jq '.chunks[0].embedded'
    """
    from ingest.catalog import one_named
    from ingest.chunking import passage_text
    from ingest.indexer import embedded_title
    from search.assemble import open_store_as_is

    settings = load_settings()
    who = principal(settings, as_user, as_group)
    store = open_store_as_is(settings)
    try:
        found = one_named(store.documents(who), document)
        chunks = store.chunks(found, who)
    finally:
        store.close()
    title = embedded_title(found)
    if json:
        pieces = [
            {
                "index": chunk.index,
                "section": " › ".join(chunk.section),
                "page": chunk.page,
                "tokens": chunk.tokens,
                "text": chunk.text,
                "embedded": passage_text(title, chunk),
            }
            for chunk in chunks
        ]
        print_json(as_json(found) | {"chunks": pieces})
        return
    console = stdout()
    rows = table("", "")
    rows.show_header = False
    for name, value in as_json(found).items():
        if name == "access":
            value = value or ["administrators only"]
        if value not in (None, [], ""):
            said = ", ".join(value) if isinstance(value, list) else str(value)
            rows.add_row(name, escape(said))
    console.print(rows)
    for chunk in chunks:
        page = f", page {chunk.page}" if chunk.page is not None else ""
        console.print(f"\n[{chunk.index}] {chunk.tokens} tokens{page}", style="bold", markup=False)
        console.print(passage_text(title, chunk), markup=False, soft_wrap=True)


def rm(
    names: Annotated[
        list[str],
        typer.Argument(
            help="Documents, by path or id; or whole sources, by their root folder.",
            metavar="DOCUMENT…",
            show_default=False,
        ),
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Also documents whose files are still in their folder.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be removed, and touch nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: JsonOption = False,
) -> None:
    """Remove documents, or all of a source, from the index; your files are never touched.

    A document whose file still lies in its folder comes back with the next sync, so it is
    refused without --force; to leave it out for good, name it in a `.semsearchignore`. What was
    uploaded over HTTP goes with the copy that the kit keeps.

    Examples:

        semsearch rm hr/old-rules.pdf

        semsearch rm /srv/share/archive --yes
    """
    from ingest.catalog import in_source, one_named, still_there, with_attachments
    from ingest.sync import whoami
    from ingest.uploads import Uploads, check_removable
    from search.assemble import open_store_as_is

    settings = load_settings()
    who = principal(settings, None, None)
    store = open_store_as_is(settings)
    try:
        known = list(store.documents(who))
        doomed: dict[str, Document] = {}
        for name in names:
            whole = in_source(known, name)
            chosen = whole or with_attachments([one_named(known, name)], known)
            if not whole:
                exists = still_there(chosen[0]) and not force
                check_removable(chosen[0], settings.data_dir, exists=exists)
            doomed |= {document.id: document for document in chosen}
        removed = sorted(doomed.values(), key=_KEYS[SortKey.path])
        if not dry_run:
            if not yes:
                _confirm(removed)
            with store.claim(whoami()) as interrupted:
                if interrupted:
                    store.repair()
                Uploads(settings.data_dir, settings.tenant).remove(removed)
                store.remove(removed)
    finally:
        store.close()
    if json:
        print_json({"removed": [as_json(document) for document in removed], "dry_run": dry_run})
        return
    for document in removed:
        stdout().print(f"{'would remove' if dry_run else 'removed'}: {document.path}",
                       markup=False, soft_wrap=True)  # fmt: skip


def as_json(document: Document) -> dict[str, Any]:
    """Lay a document out for scripts."""
    return {
        "path": document.path,
        "title": document.title,
        "type": document.type,
        "language": document.language,
        "author": document.author,
        "created": document.created.isoformat() if document.created else None,
        "modified": document.modified.isoformat(),
        "size": document.size,
        "pages": document.pages,
        "tags": list(document.tags),
        "access": list(document.access),
        "tenant": document.tenant,
        "source": document.source,
        "attached_to": document.container,
        "file": str(Path(document.source) / (document.container or document.path)),
        "chunk_count": document.chunk_count,
        "content_hash": document.content_hash,
        "document_id": document.id,
    }


def _matches(path: str, pattern: str) -> bool:
    """Match a whole path, or its end: `*.pdf`, `hr/*`, `rules.md`."""
    return fnmatchcase(path, pattern) or fnmatchcase(f"/{path}", f"*/{pattern}")


def _confirm(documents: list[Document]) -> None:
    """Ask before anything is removed.

    Raises:
        InputError: there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise InputError(
            f"{counted(len(documents), 'document')} would be removed: confirm with --yes."
        )
    for document in documents[:20]:
        stderr().print(document.path, markup=False, soft_wrap=True)
    typer.confirm(
        f"Remove {counted(len(documents), 'document')} from the index?", abort=True, err=True
    )
