"""`semsearch ab`: whether a reranker or an answerer is worth its time."""

import math
import shlex
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.output import JsonOption, print_json, stderr
from cli.progress import bar
from cli.search import ModeName
from search.settings import load_settings

ab_app = typer.Typer(no_args_is_help=True, help="Measure whether an arm is worth its time.")

DatasetArgument = Annotated[
    Path | None,
    typer.Argument(help="Folder in BEIR layout; without it your own index, with --queries."),
]
USUAL_WORTH = "0.01 nDCG per 200 ms"
PoolOption = Annotated[int, typer.Option(min=2, max=200, help="Passages that arms are given.")]
SeedOption = Annotated[int, typer.Option(help="Of all that is drawn at random.")]
LimitOption = Annotated[
    int | None, typer.Option(min=2, help="Only so many queries, drawn at random by the seed.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(ab_app, name="ab")


@ab_app.command()
def run(
    dataset: DatasetArgument = None,
    arms: Annotated[
        list[str] | None,
        typer.Option(help="What to compare: names with commas. `off` and controls always run."),
    ] = None,
    queries: Annotated[
        Path | None, typer.Option(help="Ask your own index these: lines as in queries.jsonl.")
    ] = None,
    qrels: Annotated[
        Path | None,
        typer.Option(help="Which documents of your index are right: query-id, path, grade."),
    ] = None,
    worth: Annotated[
        list[str] | None, typer.Option(help="What gain is worth what time to you.")
    ] = None,
    limit: LimitOption = None,
    pool: PoolOption = 10,
    retriever: Annotated[
        ModeName, typer.Option(help="By meaning, by words, or both.")
    ] = ModeName.hybrid,
    seed: SeedOption = 0,
    repeats: Annotated[
        int, typer.Option(min=1, max=100, help="How often each arm treats each pool.")
    ] = 1,
    deadline: Annotated[
        float | None,
        typer.Option(min=0.001, help="Seconds an arm has for a query; past it the base stands."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Folder for the report; a killed run that had one goes on there."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compare rerankers and answerers on the same pools: gain, latency, and a verdict.

    Every query is retrieved once; all arms treat the same passages, in random order. Arms are
    rerankers (`likelihood:smollm2`, `auto`, `cross-encoder:FOLDER`, `listwise:URL#model`),
    answerers (`answer:extractive`, `answer:llm:smollm2`), or both joined by `+`.

    Examples:

        semsearch ab run examples/golden --arms likelihood:smollm2,auto --report out

        semsearch ab run my-dataset --arms listwise:http://localhost:11434/v1#qwen3:4b
        --worth "0.01 nDCG per 500 ms" --limit 200 --repeats 2

        semsearch ab run --queries queries.jsonl --qrels qrels.tsv --arms auto
    """
    from cli.ab_arms import answering, build_arms, deciding, split_names
    from cli.ab_output import show
    from cli.ab_searched import searched
    from search.assemble import local_administrator
    from search.experiments.judging import judge
    from search.experiments.laboratory import Experiment, run_experiment
    from search.experiments.questions import sampled
    from search.experiments.report import LOG, as_json, write_report
    from search.experiments.runner import Plan
    from search.experiments.verdict import parse_worth

    settings = load_settings()
    names = split_names(arms or [])
    worths = [parse_worth(text) for text in worth or [USUAL_WORTH]]
    plan = Plan(pool, repeats, seed, deadline or math.inf, retriever.value)
    with ExitStack() as stack:
        folder = report or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        made = stack.enter_context(searched(dataset, queries, qrels, settings))
        known = [q for q in made.questions if q.judged]
        asked = made.questions if answering(names) or not known else known
        drawn = sampled(asked, limit, seed)
        ids = {question.id for question in drawn}
        experiment = Experiment(
            name=made.name,
            content=made.content,
            questions=drawn,
            arms=build_arms(names, settings, made.pipeline.embedder, drawn),
            plan=plan,
            settings=deciding(settings),
            warm_up=next((q for q in made.questions if q.id not in ids), None),
        )
        progress = stack.enter_context(bar())
        turns = len(drawn) * len(experiment.arms) * repeats
        task = progress.add_task("compare", total=turns, note="")
        findings, log = run_experiment(
            experiment,
            made.pipeline,
            local_administrator(settings),
            folder / LOG,
            worths,
            judge,
            on_measured=lambda arm: progress.update(task, advance=1, note=arm),
        )
        progress.stop()
        if report:
            command = shlex.join(["semsearch", *sys.argv[1:]])
            page, *_ = write_report(findings, log, report, command)
            stderr().print(f"[dim]report: {page}[/]", soft_wrap=True)
    if json:
        print_json(as_json(findings))
    else:
        show(findings)


@ab_app.command()
def gate(
    dataset: Annotated[Path, typer.Argument(help="Folder in BEIR layout.")],
    arm: Annotated[str, typer.Option(help="The reranker behind the gate.")] = "likelihood:smollm2",
    transfer: Annotated[
        Path | None, typer.Option(help="A second dataset, on which nothing is learned.")
    ] = None,
    worth: Annotated[str, typer.Option(help="What gain is worth what time to you.")] = USUAL_WORTH,
    limit: LimitOption = None,
    pool: PoolOption = 10,
    seed: SeedOption = 0,
    report: Annotated[
        Path | None,
        typer.Option(help="Folder for the logs; a killed run that had one goes on there."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Learn on half of a dataset when reranking pays, and measure that on the other half.

    The gate looks at signals that mean the same for every query: cosine and coverage of the
    first passages and their margins. `auto` reranks where it opens, once the settings that are
    printed are set.

    Examples:

        semsearch ab gate my-dataset --arm likelihood:gemma3-270m

        semsearch ab gate my-dataset --transfer another-dataset --limit 300 --json
    """
    from cli.ab_gate import observe, show
    from search.experiments.gating import Observation, check_gate, halves, price_of
    from search.experiments.verdict import parse_worth
    from search.rerankers.gate import learn_gate

    settings, rate = load_settings(), parse_worth(worth)
    with ExitStack() as stack:
        folder = report or Path(stack.enter_context(tempfile.TemporaryDirectory()))

        def observed(data: Path) -> list[Observation]:
            return observe(data, arm, settings, rate, folder, limit, pool, seed)

        learning, measuring = halves(observed(dataset), seed)
        learned = learn_gate(learning, price_of(learning, rate))
        checks = [check_gate(dataset.name, learned, measuring, rate, seed)]
        if transfer:
            checks.append(check_gate(transfer.name, learned, observed(transfer), rate, seed))
    if json:
        print_json(
            {
                "gate": asdict(learned),
                "learned_on": len(learning),
                "checks": [asdict(c) for c in checks],
            }
        )
    else:
        show(learned, checks, len(learning))
