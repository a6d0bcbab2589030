"""`semsearch search`: ask the index."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.padding import Padding
from rich.text import Text

from cli.output import JsonOption, print_json, stdout
from search.answering import Answered
from search.domain import Hit, Principal, SearchResult
from search.filters import matching
from search.lexical.highlight import best_window, matching_spans, within
from search.settings import Settings, load_settings

EXCERPT = 480
"""Characters of a passage shown unless all of it is asked for."""


class ModeName(StrEnum):
    """The retrievers one can choose."""

    hybrid = "hybrid"
    dense = "dense"
    lexical = "lexical"


class HighlightName(StrEnum):
    """What can be marked in passages."""

    words = "words"
    semantic = "semantic"


UserOption = Annotated[
    str | None,
    typer.Option("--as-user", help="Search as this person instead of the local administrator."),
]
GroupOption = Annotated[
    list[str] | None, typer.Option("--as-group", help="Search as a member of this group.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(search)


def search(
    query: Annotated[str, typer.Argument(help="What you are looking for, in any language.")],
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, max=1000, help="How many passages.")
    ] = None,
    mode: Annotated[
        ModeName | None, typer.Option(help="By meaning, by words, or both (the default).")
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="Only documents in this language, e.g. `pl`.")
    ] = None,
    type: Annotated[
        list[str] | None, typer.Option(help="Only files of this type, e.g. `pdf`.")
    ] = None,
    diversity: Annotated[
        float,
        typer.Option(min=0, max=1, help="From 0 (most relevant) to 1 (least repetition)."),
    ] = 0,
    highlight: Annotated[
        HighlightName | None,
        typer.Option(help="Mark matching words, or where none matches also the best sentence."),
    ] = None,
    rerank: Annotated[
        str | None,
        typer.Option(
            help="A second look at the first passages: `off`, `on`, `auto`, or a reranker's name, "
            "e.g. `likelihood:smollm2`."
        ),
    ] = None,
    answer: Annotated[
        str | None,
        typer.Option(
            help="Answer from the first passages: `off`, `on`, `auto`, or an answerer's name, "
            "e.g. `extractive`."
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Show whole passages.")] = False,
    as_user: UserOption = None,
    as_group: GroupOption = None,
    json: JsonOption = False,
) -> None:
    """Find the passages that answer a question.

    Examples:

        semsearch search "ile dni urlopu zaległego mogę przenieść"

        semsearch search "formularz F-17" --type pdf --limit 3

        semsearch search "password rules" --json | jq '.hits[].path'

        semsearch search "ile dni urlopu zaległego" --rerank likelihood:gemma3-270m --answer on
    """
    from search.answering import answer_from
    from search.assemble import build_layer, build_pipeline
    from search.deadline import NEVER

    settings = load_settings()
    pipeline = build_pipeline(settings)
    layer = build_layer(settings, pipeline.embedder)
    asking = principal(settings, as_user, as_group)
    answered = None
    try:
        how = layer.answer(answer)
        result = pipeline.search(
            query,
            asking,
            mode=mode.value if mode else None,
            where=matching(language=tuple(language or ()), type=tuple(type or ())),
            limit=limit,
            diversity=diversity,
            highlight=highlight.value if highlight else None,
            rerank=layer.rerank(rerank),
        )
        if how is not None:
            pool = pipeline.pool(result, asking)
            with result.trace.span("answer"):
                answered = answer_from(pool, how, NEVER)
    finally:
        pipeline.close()
    if json:
        print_json(as_json(result) | {"answer": _answer_json(answered) if answered else None})
    else:
        if answered:
            _show_answer(answered)
        show(result, EXCERPT if not full else None)


def principal(settings: Settings, user: str | None, groups: list[str] | None) -> Principal:
    """Return whom the command acts as: the local administrator unless a person is named."""
    from search.assemble import local_administrator

    if user is None and not groups:
        return local_administrator(settings)
    return Principal(settings.tenant, user, frozenset(groups or ()))


def as_json(result: SearchResult) -> dict[str, Any]:
    """Lay a result out for scripts."""
    return {
        "query": result.query,
        "mode": result.mode,
        "hits": [_hit_json(hit, result.query) for hit in result.hits],
        "rerank": asdict(result.reranked) if result.reranked else None,
        "trace_id": result.trace.id,
        "timings_ms": {k: round(v, 3) for k, v in result.trace.timings_ms.items()},
    }


def _hit_json(hit: Hit, query: str) -> dict[str, Any]:
    document, chunk = hit.document, hit.chunk
    return {
        "path": document.path,
        "title": document.title,
        "section": " › ".join(chunk.section),
        "page": chunk.page,
        "score": hit.score,
        "text": chunk.text,
        "marks": matching_spans(query, chunk.text, document.language),
        "semantic": hit.semantic,
        "source": document.source,
        "file": str(Path(document.source) / (document.container or document.path)),
        "attached_to": document.container,
        "type": document.type,
        "language": document.language,
        "modified": document.modified.isoformat(),
        "document_id": document.id,
        "chunk": chunk.index,
    }


def _answer_json(answered: Answered) -> dict[str, Any]:
    answer = answered.answer
    citations = [
        {
            "path": answered.passages[citation.passage].document.path,
            "chunk": answered.passages[citation.passage].chunk.index,
            "quote": citation.quote,
        }
        for citation in (answer.citations if answer else ())
    ]
    return {
        "arm": answered.arm,
        "text": answer.text if answer else "",
        "citations": citations,
        "confidence": answer.confidence if answer else None,
        "withheld": answer.withheld if answer else None,
        "degraded": answered.degraded,
    }


def _show_answer(answered: Answered) -> None:
    """Print the answer above the hits, with where it stands, or why there is none."""
    console, answer = stdout(), answered.answer
    if answer is None or not answer.answered:
        reason = answered.degraded if answer is None else answer.withheld
        console.print(f"No answer: {reason}.\n", style="dim", markup=False)
        return
    console.print(Text(answer.text, style="bold"))
    cited = [answered.passages[citation.passage].document.path for citation in answer.citations]
    console.print(Text(f"   {', '.join(dict.fromkeys(cited))}\n", style="green"))


def show(result: SearchResult, excerpt: int | None) -> None:
    """Print a result for people: the words that match, or else the best sentence, are marked."""
    console = stdout()
    if not result.hits:
        console.print("Nothing found.")
    for rank, hit in enumerate(result.hits, 1):
        document, chunk = hit.document, hit.chunk
        head = Text(f"{rank}. ", style="bold")
        head.append(document.title, style="bold cyan")
        section = [part for part in chunk.section if part != document.title]
        if section:
            head.append(" › " + " › ".join(section), style="cyan")
        where = Text(f"   {document.path}", style="green")
        if chunk.page is not None:
            where.append(f" · page {chunk.page}")
        where.append(f" · score {hit.score:.3f}", style="dim")
        console.print(head)
        console.print(where)
        console.print(_passage(hit, result.query, excerpt, plain=not console.is_terminal))
        console.print()
    timings = result.trace.timings_ms
    stages = ", ".join(f"{stage} {timings[stage]:.0f}" for stage in timings if stage != "total")
    console.print(
        f"{len(result.hits)} passages in {timings['total']:.0f} ms ({stages}), {result.mode}",
        style="dim",
    )
    if result.reranked and result.reranked.degraded:
        console.print(f"{result.reranked.arm}: {result.reranked.degraded}", style="yellow")


def _passage(hit: Hit, query: str, excerpt: int | None, plain: bool) -> Padding:
    """Return a passage, or its best stretch, with what answers the query marked.

    Args:
        hit: what was found.
        query: as typed.
        excerpt: about how many characters to show; None for all.
        plain: mark with `**`, as colours would be lost.
    """
    text = hit.chunk.text
    spans = matching_spans(query, text, hit.document.language)
    if not spans and hit.semantic:
        spans = [hit.semantic]
    start, end = best_window(text, spans, excerpt) if excerpt else (0, len(text))
    shown = Text("… " if start else "")
    place = start
    for first, last in within(spans, start, end):
        shown.append(text[place:first])
        word = text[first:last]
        shown.append(f"**{word}**" if plain else word, style="bold yellow underline")
        place = last
    shown.append(text[place:end])
    if end < len(text):
        shown.append(" …")
    return Padding(shown, (0, 0, 0, 3))
