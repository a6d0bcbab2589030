"""What every store does with examples."""

from dataclasses import replace

import pytest

from search.domain import Likeness, Principal
from search.filters import Match, Not, matching
from search.stores.base import SimilarQuery, Store
from tests.search.stores.factory import ADMIN, document, indexed, put, vector

TEXTS = {"urlop.md": "Urlop", "delegacja.md": "Delegacja", "maszyna.md": "Maszyna"}


def like(*texts: str, unlike: tuple[str, ...] = (), likeness: Likeness = "any") -> SimilarQuery:
    return SimilarQuery(
        positive=tuple(vector(text) for text in texts),
        negative=tuple(vector(text) for text in unlike),
        likeness=likeness,
        limit=10,
    )


def fill(store: Store) -> None:
    for path, text in TEXTS.items():
        put(store, indexed(document(path), text))


def found(store: Store, query: SimilarQuery, principal: Principal = ADMIN) -> list[str]:
    return [hit.document.path for hit in store.similar(query, principal)]


@pytest.mark.parametrize("likeness", ["any", "all"])
@pytest.mark.parametrize(("path", "text"), TEXTS.items())
def test_what_is_most_like_the_example_comes_first(
    store: Store, path: str, text: str, likeness: Likeness
) -> None:
    fill(store)
    assert found(store, like(text, likeness=likeness))[0] == path


@pytest.mark.parametrize("likeness", ["any", "all"])
def test_what_is_like_a_negative_example_comes_last(store: Store, likeness: Likeness) -> None:
    fill(store)
    query = like("Urlop", unlike=("Maszyna",), likeness=likeness)
    assert found(store, query) == ["urlop.md", "delegacja.md", "maszyna.md"]


def test_any_positive_example_will_do(store: Store) -> None:
    fill(store)
    assert set(found(store, like("Urlop", "Maszyna"))[:2]) == {"urlop.md", "maszyna.md"}


def test_filters_and_pages_hold_for_examples(store: Store) -> None:
    fill(store)
    put(store, indexed(document("leave.md", language="en"), "Leave"))
    everything = found(store, like("Urlop"))
    assert len(everything) == 4
    assert found(store, replace(like("Urlop"), limit=2, offset=1)) == everything[1:3]
    english = replace(like("Urlop"), where=matching(language=("en",)))
    assert found(store, english) == ["leave.md"]
    [urlop] = [doc for doc in store.documents(ADMIN) if doc.path == "urlop.md"]
    others = replace(like("Urlop"), where=Not(Match("id", (urlop.id,))))
    assert found(store, others) == everything[1:]


def test_only_what_may_be_read_is_like_an_example(store: Store) -> None:
    put(store, indexed(document("hr.md", access=("group:hr",)), "Urlop"))
    put(store, indexed(document("open.md"), "Urlop"))
    put(store, indexed(document("theirs.md", tenant="other"), "Urlop"))
    hr = Principal("acme", groups=frozenset({"hr"}))
    assert set(found(store, like("Urlop"), hr)) == {"hr.md", "open.md"}
    assert found(store, like("Urlop"), Principal("acme")) == ["open.md"]
    assert found(store, like("Urlop"), Principal("elsewhere", admin=True)) == []


def test_what_is_staged_is_like_nothing(store: Store) -> None:
    store.stage(indexed(document("a.md"), "Urlop"))
    assert found(store, like("Urlop")) == []
