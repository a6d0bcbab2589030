"""When it pays to rerank: learned on one half, measured on the other."""

import random

import pytest

from search.domain import Chunk, Hit
from search.experiments.gating import Observation, check_gate, halves, price_of
from search.experiments.verdict import Worth
from search.pool import Pool, Signals
from search.rerankers.gate import Gate, learn_gate
from tests.search.stores.factory import document

WORTH = Worth(0.01, "ndcg@10", 0.1)


def seen(queries: int, seed: int, *, helpful: bool = True) -> list[Observation]:
    """Reranking gains 0.2 where coverage leads by less than a half, and else loses 0.1; noisily."""
    drawn = random.Random(seed)
    made = []
    for number in range(queries):
        lead = drawn.random()
        effect = (0.2 if lead < 0.5 else -0.1) if helpful else -0.1
        hits = tuple(Hit(document(f"{number}.md"), Chunk(place, "x"), 1.0) for place in (0, 1))
        pool = Pool(f"q{number}", hits, (Signals(drawn.random(), lead), Signals(0.5, 0.0)))
        made.append(Observation(f"q{number}", pool, effect + drawn.gauss(0, 0.1), 0.1))
    return made


def test_a_gate_that_helps_is_found_to_help_where_it_did_not_learn() -> None:
    learning, measuring = halves(seen(400, 1), seed=0)
    assert price_of(learning, WORTH) == pytest.approx(0.01)
    gate = learn_gate(learning, price_of(learning, WORTH))
    assert gate.feature == "coverage"
    assert gate.threshold == pytest.approx(0.5, abs=0.05)
    check = check_gate("made up", gate, measuring, WORTH)
    assert check.queries == 200
    assert check.gated.share == pytest.approx(0.5, abs=0.1)
    assert check.gated.seconds == pytest.approx(check.gated.share * 0.1)
    assert check.gated.gain.mean.value > check.always.gain.mean.value
    assert check.over_always.mean.low > 0
    assert "the gate is better than reranking everything" in check.verdict
    assert "and better than reranking nothing: it reranks" in check.verdict


def test_where_reranking_never_helps_the_gate_stays_shut() -> None:
    learning, measuring = halves(seen(200, 2, helpful=False), seed=0)
    gate = learn_gate(learning, price_of(learning, WORTH))
    check = check_gate("made up", gate, measuring, WORTH)
    assert check.gated.share <= 0.02
    assert "better than reranking everything and not to be told from reranking nothing" in (
        check.verdict
    )


def test_a_gate_that_is_always_open_is_reranking_everything() -> None:
    check = check_gate("made up", Gate("coverage", 2.0), seen(50, 3), WORTH)
    assert check.gated.gain == check.always.gain
    assert check.over_always.p == 1
    assert "not to be told from reranking everything" in check.verdict


def test_halves_share_nothing_and_are_drawn_by_the_seed() -> None:
    everything = seen(41, 4)
    learning, measuring = halves(everything, seed=5)
    names = [each.query for each in (*learning, *measuring)]
    assert (len(learning), len(measuring)) == (20, 21)
    assert sorted(names) == sorted(each.query for each in everything)
    assert halves(everything, seed=5) == (learning, measuring)
    assert halves(everything, seed=6)[0] != learning
