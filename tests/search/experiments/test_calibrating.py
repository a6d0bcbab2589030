"""Learning which sentences hold answers, on a corpus whose law is known."""

import pytest

from search.answer_settings import AnswerSettings
from search.answerers.extractive import ExtractiveAnswerer
from search.answerers.null import NullAnswerer
from search.errors import InputError
from search.experiments.calibrating import Known, halves, learn, measure
from tests.search.answerers.factory import EMBEDDER, pool

THINGS = (
    "komputer", "drukarka", "samochód", "magazyn", "kuchnia", "projektor", "serwer", "telefon",
    "parking", "winda", "biurko", "krzesło", "lampa", "monitor", "klucz", "szafa",
)  # fmt: skip
SETTINGS = AnswerSettings(threshold=0.5)


def known(answerable: bool = True) -> list[Known]:
    """Ask where things are: half of them are told of, the others only mentioned."""
    asked = []
    for place, thing in enumerate(THINGS):
        told = place % 2 == 0 and answerable
        text = f"Każdy {thing} ma numer. " if not told else ""
        text += f"Nasz {thing} stoi w pokoju {place}." if told else "Numer jest na naklejce."
        pooled = pool(f"gdzie stoi {thing} w pokoju", text, "Kawa jest darmowa dla wszystkich.")
        references = (f"pokój {place}",) if told else ()
        relevant = frozenset({"0.md"} if told else ())
        asked.append(Known(pooled, references, told, relevant, "pl"))
    return asked


def test_what_is_learned_tells_answers_from_mentions() -> None:
    calibration = learn(known(), EMBEDDER, SETTINGS)
    assert calibration.pick.cosine + calibration.pick.coverage > 0
    figures = measure(known(), ExtractiveAnswerer(EMBEDDER, SETTINGS, calibration))
    assert (figures.questions, figures.false_answer, figures.false_refusal) == (16, 0, 0)
    assert figures.token_recall == 1
    # Each answer is a sentence of 6 words with the 2 of the reference, so that F1 is 4/8; the
    # 8 questions that were rightly left open count 1.
    assert figures.token_f1 == pytest.approx((4 / 8 + 1) / 2)


def test_a_constant_reply_gains_nothing() -> None:
    figures = measure(known(), NullAnswerer())
    assert (figures.token_f1, figures.token_recall, figures.risk_coverage) == (0, 0, 1)
    assert (figures.false_answer, figures.false_refusal) == (1, 0)


def test_questions_that_nothing_answers_teach_nothing() -> None:
    with pytest.raises(InputError, match="right and wrong"):
        learn(known(answerable=False), EMBEDDER, SETTINGS)


def test_halves_are_disjoint_and_the_same_again() -> None:
    asked = known()
    ours, theirs = halves(asked)
    assert sorted(map(asked.index, ours + theirs)) == list(range(16))
    assert len(ours) == len(theirs) == 8
    assert halves(asked) == (ours, theirs)
    assert halves(asked, seed=1) != (ours, theirs)
