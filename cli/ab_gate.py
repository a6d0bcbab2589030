"""`semsearch ab gate`: when does it pay to rerank?"""

import json as jsons
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.ab_arms import build_arms
from cli.ab_searched import searched
from cli.output import JsonOption, print_json, stdout, table
from cli.progress import bar
from search.experiments.gating import (
    GateCheck,
    Learn,
    Observation,
    check_gate,
    halves,
    observations,
    price_of,
)
from search.experiments.verdict import Worth, duration, parse_worth, signed
from search.settings import Settings, load_settings


def gate(
    dataset: Annotated[Path, typer.Argument(help="Folder in BEIR layout.")],
    arm: Annotated[str, typer.Option(help="The reranker behind the gate.")] = "likelihood:smollm2",
    transfer: Annotated[
        Path | None, typer.Option(help="A second dataset, on which nothing is learned.")
    ] = None,
    worth: Annotated[
        str, typer.Option(help="What gain is worth what time to you.")
    ] = "0.01 nDCG per 200 ms",
    limit: Annotated[
        int | None, typer.Option(min=4, help="Only so many queries, drawn at random by the seed.")
    ] = None,
    pool: Annotated[int, typer.Option(min=2, max=200, help="Passages that are reranked.")] = 10,
    seed: Annotated[int, typer.Option(help="Of the halves and all that is drawn.")] = 0,
    save: Annotated[Path | None, typer.Option(help="Write the gate to this file.")] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Folder for the logs; a killed run that had one goes on there."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Learn on half of a dataset when reranking pays, and measure that on the other half.

    The gate looks at signals that mean the same for every query: cosine and coverage of the
    first passages and their margins. `auto` reranks where it opens.

    Examples:

        semsearch ab gate my-dataset --arm likelihood:gemma3-270m --save gate.json

        semsearch ab gate my-dataset --transfer another-dataset --limit 300 --json
    """
    from search.rerankers.gate import learn_gate

    learn: Learn = learn_gate
    settings, rate = load_settings(), parse_worth(worth)
    with ExitStack() as stack:
        folder = report or Path(stack.enter_context(tempfile.TemporaryDirectory()))

        def observed(data: Path) -> list[Observation]:
            return observe(data, arm, settings, rate, folder, limit, pool, seed)

        learning, measuring = halves(observed(dataset), seed)
        learned = learn(learning, price_of(learning, rate))
        checks = [check_gate(dataset.name, learned, measuring, rate, seed)]
        if transfer:
            checks.append(check_gate(transfer.name, learned, observed(transfer), rate, seed))
    made = asdict(learned)  # type: ignore[call-overload]
    if save:
        save.write_text(jsons.dumps(made, indent=2) + "\n", encoding="utf-8")
    if json:
        print_json(
            {"gate": made, "learned_on": len(learning), "checks": [asdict(c) for c in checks]}
        )
    else:
        show(checks, len(learning))


def observe(
    dataset: Path,
    arm: str,
    settings: Settings,
    worth: Worth,
    folder: Path,
    limit: int | None,
    pool: int,
    seed: int,
) -> list[Observation]:
    """Rerank the pools of a dataset and note what that did for each query.

    Args:
        dataset: a folder in BEIR layout.
        arm: the reranker's name.
        settings: all settings.
        worth: in whose measure gains are.
        folder: for the log.
        limit: how many queries; None for all with known documents.
        pool: how many passages are reranked.
        seed: what decides which queries are drawn.
    """
    from search.assemble import local_administrator
    from search.experiments.laboratory import Experiment, run_experiment
    from search.experiments.questions import sampled
    from search.experiments.runner import Plan, pool_for

    with searched(dataset, None, None, settings) as made:
        asked = sampled([q for q in made.questions if q.judged], limit, seed)
        arms = build_arms([arm], settings, made.pipeline.embedder, asked)
        experiment = Experiment(made.name, made.content, asked, arms, Plan(pool=pool, seed=seed))
        principal = local_administrator(settings)
        with bar() as progress:
            task = progress.add_task("rerank", total=len(asked) * len(arms), note="")
            _, run = run_experiment(
                experiment,
                made.pipeline,
                principal,
                folder / f"gate-{made.name}.jsonl",
                [worth],
                on_measured=lambda name: progress.update(task, advance=1, note=name),
            )
        pools = {
            question.id: pool_for(made.pipeline, question.text, principal, experiment.plan)[1]
            for question in asked
        }
    return observations(run, arm, pools, worth.measure)


def show(checks: list[GateCheck], learned_on: int) -> None:
    """Print how a gate does, dataset by dataset."""
    console = stdout()
    for number, check in enumerate(checks):
        seen = "the other half of " if not number else ""
        console.print(
            f"{seen}{check.dataset}: {check.queries} queries, learned on {learned_on} others"
        )
        console.print(f"• {check.verdict}\n")
        rows = table("rerank", "queries", "gain", "95 % interval", "extra", "net")
        for policy in (check.always, check.gated):
            gain = policy.gain.mean
            rows.add_row(
                policy.name, f"{policy.share:.0%}", signed(gain.value),
                f"{signed(gain.low)} … {signed(gain.high)}", duration(policy.seconds),
                signed(policy.net.mean.value),
            )  # fmt: skip
        console.print(rows)
        console.print()
