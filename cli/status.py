"""`semsearch status`: what the index holds."""

import typer
from rich.markup import escape

from cli.output import JsonOption, bytes_for_people, print_json, stdout, table
from cli.search import GroupOption, UserOption, principal
from search.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(status)


def status(
    as_user: UserOption = None, as_group: GroupOption = None, json: JsonOption = False
) -> None:
    """Show what is indexed: documents, chunks, size, model, languages and types.

    Examples:

        semsearch status

        semsearch status --json | jq .documents
    """
    from search.assemble import index_folder, open_store_as_is

    settings = load_settings()
    who = principal(settings, as_user, as_group)
    store = open_store_as_is(settings)
    try:
        types = store.facet("type", who)
        found = {
            "documents": sum(types.values()),
            "chunks": store.count(who),
            "size_bytes": store.size_bytes(),
            "store": settings.store.url or str(index_folder(settings)),
            "model": store.identity.model,
            "revision": store.identity.revision,
            "dimension": store.identity.dimension,
            "languages": store.facet("language", who),
            "types": types,
            "sources": store.facet("source", who),
        }
    finally:
        store.close()
    if json:
        print_json(found)
        return
    console = stdout()
    size = found["size_bytes"]
    rows = table("", "")
    rows.show_header = False
    rows.add_row("documents", f"{found['documents']}")
    rows.add_row("chunks", f"{found['chunks']}")
    rows.add_row("size", bytes_for_people(size) if isinstance(size, int) else "on the server")
    rows.add_row("store", f"{found['store']}")
    rows.add_row("model", f"{found['model']} ({found['dimension']} dimensions)")
    console.print(rows)
    for title in ("languages", "types", "sources"):
        counts = found[title]
        assert isinstance(counts, dict)
        listing = table(title, "documents")
        for value, count in counts.items():
            listing.add_row(escape(value), str(count))
        console.print()
        console.print(listing)
