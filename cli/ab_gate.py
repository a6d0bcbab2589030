"""What `semsearch ab gate` does: rerank a dataset, note what that did, print how a gate does."""

from pathlib import Path

from cli.ab_arms import build_arms
from cli.ab_searched import searched
from cli.output import stdout, table
from cli.progress import bar
from search.assemble import local_administrator
from search.experiments.gating import GateCheck, Observation, observations
from search.experiments.laboratory import Experiment, run_experiment
from search.experiments.questions import sampled
from search.experiments.runner import Plan, pool_for
from search.experiments.verdict import Worth, duration, signed
from search.rerankers.gate import Gate
from search.settings import Settings, variable_of


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


def show(gate: Gate, checks: list[GateCheck], learned_on: int) -> None:
    """Print how a gate does, dataset by dataset, and the settings that let `auto` use it."""
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
    console.print("For `auto` to rerank where this gate opens, set:")
    for name, value in (("gate_feature", gate.feature), ("gate_threshold", gate.threshold)):
        console.print(f"  {variable_of(('rerank', name))}={value}", soft_wrap=True, markup=False)
