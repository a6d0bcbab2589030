"""From the log of an experiment to its findings: all that is compared is paired by query."""

from collections.abc import Mapping, Sequence

import numpy as np

from search.errors import InputError
from search.experiments.arms import Arm, Family
from search.experiments.families import FamilyAnalysis, measures_of
from search.experiments.findings import Findings
from search.experiments.records import RunLog
from search.experiments.retrieval import MEASURES
from search.experiments.treated import Treated, treated_by
from search.experiments.verdict import Worth

DECIDING: Mapping[Family, str] = {"ranking": "ndcg@10", "answers": "token_f1"}
"""What exchange rates are applied to in a family where they name nothing that is measured."""
FAMILIES: tuple[Family, ...] = ("ranking", "answers")


def analyse(
    run: RunLog, arms: Sequence[Arm], worths: Sequence[Worth], machine: Mapping[str, str]
) -> Findings:
    """Compare the arms of an experiment that is complete.

    Args:
        run: its log.
        arms: as they were run.
        worths: exchange rates; for a family of measures that none of them is in, the first
            one's numbers are applied to the family's usual measure.
        machine: where it ran.

    Raises:
        InputError: the log is not complete.
        ConflictError: the arms were not given the same pools.
    """
    treated = [treated_by(run, arm) for arm in arms]
    recalls = [line.recall for line in run.retrievals.values() if line.recall is not None]
    families = []
    for family in FAMILIES:
        members = [each for each in treated if each.arm.family == family]
        if len(members) > 1:  # not the baseline alone
            worth = _worth_in(family, members, worths)
            families.append(FamilyAnalysis(members, worth, run).find())
    return Findings(
        configuration=run.configuration,
        machine=machine,
        queries=len(run.retrievals),
        judged=sum(line.judged for line in run.retrievals.values()),
        pool_recall=float(np.mean(recalls)) if recalls else None,
        families=tuple(families),
    )


def check_worths(worths: Sequence[Worth], arms: Sequence[Arm]) -> None:
    """Make sure, before anything is measured, that exchange rates are in what will be.

    Raises:
        InputError: one names a measure of rankings that there is not, and no arm answers; or
            there are two for rankings, or two for answers.
    """
    of_rankings = [worth for worth in worths if worth.measure in MEASURES]
    if max(len(of_rankings), len(worths) - len(of_rankings)) > 1:
        raise InputError("--worth is given twice: one rate for rankings and one for answers do.")
    for worth in worths:
        known = [*MEASURES, *DECIDING.values()]
        if worth.measure not in known and all(arm.family == "ranking" for arm in arms):
            raise InputError(
                f"--worth names {worth.measure!r}, which is not measured; "
                f"{', '.join(MEASURES)} are."
            )


def _worth_in(family: Family, members: Sequence[Treated], worths: Sequence[Worth]) -> Worth:
    measured = measures_of(members)
    for worth in worths:
        if worth.measure in measured:
            return worth
    return Worth(worths[0].gain, DECIDING[family], worths[0].seconds)
