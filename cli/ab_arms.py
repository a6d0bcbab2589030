"""The arms that a user names, built."""

from collections.abc import Sequence

from search.embedders.base import Embedder
from search.errors import InputError
from search.experiments.arms import OFF, Arm, with_controls
from search.experiments.questions import Question
from search.settings import Settings, field_paths, value_of, variable_of

CONTROLS = frozenset({"off", "null", "oracle", "answer:null", "answer:oracle"})
"""They run whether they are named or not."""
_ANSWER = "answer:"


def split_names(given: Sequence[str]) -> list[str]:
    """Return the names of arms, each once.

    Args:
        given: names, or lists of them with commas.

    Raises:
        InputError: there is none but controls.
    """
    names = dict.fromkeys(name.strip() for part in given for name in part.split(","))
    wanted = [name for name in names if name and name not in CONTROLS]
    if not wanted:
        raise InputError(
            "--arms names nothing to compare with `off`: say e.g. --arms likelihood:smollm2."
        )
    return wanted


def answering(names: Sequence[str]) -> bool:
    """Tell whether one of these arms answers."""
    return any(_ANSWER in name for name in names)


def build_arms(
    names: Sequence[str], settings: Settings, embedder: Embedder, questions: Sequence[Question]
) -> list[Arm]:
    """Build the arms, their baseline and controls.

    Args:
        names: `RERANKER`, `answer:ANSWERER`, or both as `RERANKER+answer:ANSWERER`.
        settings: all settings.
        embedder: of the index.
        questions: what the oracles know.

    Raises:
        InputError: there is no such arm.
        ModelMissingError: an arm's model is not on this machine.
    """
    from search.answer_arms import build_answerer

    arms = [_build(name, settings, embedder) for name in names]
    null = build_answerer("null", settings, embedder) if answering(names) else None
    return with_controls(arms, questions, null)


def deciding(settings: Settings) -> dict[str, str]:
    """Return the settings that decide figures, by their variables; secrets are masked."""
    sections = ("retrieval", "lexical", "layer", "rerank", "answer", "llm")
    paths = [path for path in field_paths() if path[0] in sections]
    return {variable_of(path): str(value_of(settings, path)) for path in paths}


def _build(name: str, settings: Settings, embedder: Embedder) -> Arm:
    from search.answer_arms import build_answerer
    from search.arms import build_reranker

    if name.startswith(_ANSWER):
        return Arm(name, answerer=build_answerer(name.removeprefix(_ANSWER), settings, embedder))
    reranking, plus, answered = name.partition(f"+{_ANSWER}")
    reranker = None if reranking == OFF.name else build_reranker(reranking, settings)
    if not plus:
        return Arm(name, reranker)
    return Arm(name, reranker, build_answerer(answered, settings, embedder))
