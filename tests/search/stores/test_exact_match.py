"""A code that stands in a few of many chunks is at the top, on both engines (DESIGN 5)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from search.domain import Chunk, IndexedChunk, Vector
from search.stores.base import Store, StoreQuery
from tests.search.stores.factory import (
    ADMIN,
    BM25,
    DIMENSION,
    document,
    edge_store,
    put,
    server_store,
)

WORDS = [
    "pracownik",
    "urlop",
    "wniosek",
    "formularz",
    "norma",
    "procedura",
    "maszyna",
    "kontrola",
    "bezpieczeństwo",
    "umowa",
    "faktura",
    "termin",
    "dział",
    "kierownik",
    "zgoda",
    "druk",
    "część",
    "olej",
    "przegląd",
    "dostawa",
    "cena",
    "rabat",
]
PLANTED = {"F-17": 1, "PN-EN 50110-1": 2, "IT-SEC-07": 5, "Brzęczyszczykiewicz": 2}
BOOST = 0.2


def near_vectors(count: int, rng: np.random.Generator) -> Vector:
    """Draw vectors as alike as those of a real model: cosines around 0.9, some far above."""
    drawn = rng.normal(size=(count, DIMENSION)) * 0.1 + 1
    unit: Vector = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return unit


def fill(store: Store, count: int) -> dict[str, set[str]]:
    """Index chunks of which few hold a code; return the paths that hold each."""
    rng = np.random.default_rng(17)
    vectors = near_vectors(count, rng)
    places = {
        code: {str(i) for i in rng.choice(count, n, replace=False)} for code, n in PLANTED.items()
    }
    items = []
    for i in range(count):
        text = " ".join(rng.choice(WORDS, 40))
        text += "".join(f" zgodnie z {code} wydanym" for code in PLANTED if str(i) in places[code])
        chunk = IndexedChunk(document(str(i)), Chunk(0, text), vectors[i], BM25.passage(text, "pl"))
        items.append(chunk)
    put(store, items)
    return places


pytestmark = pytest.mark.filterwarnings("ignore:Local mode is not recommended")

SIZES = {
    "edge-small": (edge_store, 2_000),
    "edge": (edge_store, 20_000),
    "server-small": (server_store, 2_000),
    "server": (server_store, 20_000),
}


@pytest.fixture(
    scope="module",
    params=[
        "edge-small",
        "server-small",
        pytest.param("edge", marks=pytest.mark.slow),
        pytest.param("server", marks=pytest.mark.slow),
    ],
)
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, dict[str, set[str]]]]:
    make: Callable[[Path], Store]
    make, count = SIZES[request.param]
    store = make(tmp_path_factory.mktemp("store"))
    yield store, fill(store, count)
    store.close()


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("F-17", "F-17"),
        ("f17", "F-17"),
        ("formularz F-17", "F-17"),
        ("jak wypełnić formularz F-17 dla pracownika?", "F-17"),
        ("PN-EN 50110-1", "PN-EN 50110-1"),
        ("norma EN 50110-1", "PN-EN 50110-1"),
        ("it-sec-07", "IT-SEC-07"),
        ("procedura IT-SEC-07", "IT-SEC-07"),
        ("Brzęczyszczykiewicz", "Brzęczyszczykiewicz"),
    ],
)
def test_the_chunks_with_the_code_come_first(
    filled: tuple[Store, dict[str, set[str]]], typed: str, code: str
) -> None:
    store, places = filled
    rng = np.random.default_rng(len(typed))
    lexical = BM25.query(typed, ["pl", "en", "de"])
    query = StoreQuery(
        mode="hybrid",
        dense=near_vectors(1, rng)[0],
        lexical=lexical.terms,
        boost=lexical.boost.scaled(BOOST),
        limit=3,
    )
    first = [hit.document.path for hit in store.query(query, ADMIN)]
    holders = places[code]
    top = first[: len(holders)]
    assert set(top) <= holders, f"{code} stands in {len(holders)} chunks, on top is {first}"
