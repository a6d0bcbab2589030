"""`make bench` or `python -m bench [NAME…]`: run, print, keep as JSON."""

import json
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import indexing, load, memory, reranking, search, serving, startup, syncing
from bench.figures import Figure

RESULTS = Path(__file__).parent / "results"
BENCHES: dict[str, Callable[[], Sequence[Figure]]] = {
    "startup": startup.run,
    "search": search.run,
    "indexing": indexing.run,
    "syncing": syncing.run,
    "memory": memory.run,
    "serving": serving.run,
    "load": load.run,
    "reranking": reranking.run,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures of one bench."""

    name: str
    figures: Sequence[Figure]


def main(names: Sequence[str]) -> None:
    """Run the benches named, or all."""
    unknown = set(names) - set(BENCHES)
    if unknown:
        sys.exit(f"There is no bench {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}.")
    console = Console()
    outcomes = []
    for name in names or BENCHES:
        console.print(f"\n[bold]{name}[/]")
        outcome = Outcome(name, BENCHES[name]())
        console.print(_table(outcome.figures))
        outcomes.append(outcome)
    RESULTS.mkdir(exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    file = RESULTS / f"{stamp}.json"
    file.write_text(
        json.dumps(
            {"machine": platform.platform(), "benches": [asdict(outcome) for outcome in outcomes]},
            indent=2,
        ),
        encoding="utf-8",
    )
    console.print(
        f"\nkept in {file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file}"
    )


def _table(figures: Sequence[Figure]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("what", "value", "unit", "ratio", "goal"):
        table.add_column(column)
    for figure in figures:
        ratio = f"{figure.ratio:.2f}x" if figure.ratio is not None else ""
        table.add_row(figure.what, f"{figure.value:.4g}", figure.unit, ratio, figure.goal)
    return table


if __name__ == "__main__":
    main(sys.argv[1:])
