"""What every store suggests as one types."""

from dataclasses import replace

import pytest

from search.domain import IndexedChunk, Principal
from search.stores.base import Store
from tests.search.stores.factory import ADMIN, document, indexed, put

NOBODY = Principal("acme")
HR = Principal("acme", groups=frozenset({"hr"}))


def titled(
    path: str, title: str, *headings: str, access: tuple[str, ...] = ("public",)
) -> list[IndexedChunk]:
    """A document with a title and a passage under each heading."""
    doc = document(path, title=title, access=access, chunks=len(headings) or 1)
    items = indexed(doc, *(f"Tekst {heading}" for heading in headings or ("",)))
    return [
        replace(item, chunk=replace(item.chunk, section=(title, heading) if heading else (title,)))
        for item, heading in zip(items, headings or ("",), strict=True)
    ]


def suggested(
    store: Store, typed: str, principal: Principal = ADMIN, limit: int = 10
) -> list[tuple[str, str]]:
    return [(found.kind, found.text) for found in store.suggest(typed, principal, limit)]


@pytest.fixture
def filled(store: Store) -> Store:
    put(store, titled("a.md", "Zaległy urlop", "Kiedy przepada urlop", "Zasady"))
    put(store, titled("b.md", "Regulamin pracy", "Zaległości płacowe", "Zasady"))
    put(store, titled("c.md", "Travel expenses", "Zasady"))
    return store


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("zaleg", [("title", "Zaległy urlop"), ("heading", "Zaległości płacowe")]),
        ("ZALEGŁ", [("title", "Zaległy urlop"), ("heading", "Zaległości płacowe")]),
        ("urlop", [("title", "Zaległy urlop"), ("heading", "Kiedy przepada urlop")]),
        ("url zal", [("title", "Zaległy urlop")]),
        ("prac", [("title", "Regulamin pracy")]),
        ("exp", [("title", "Travel expenses")]),
        ("zas", [("heading", "Zasady")]),
        ("rlop", []),
        ("urlop prac", []),
        ("…", []),
        ("x" * 200, []),
    ],
)
def test_titles_and_headings_that_hold_words_beginning_so(
    filled: Store, typed: str, found: list[tuple[str, str]]
) -> None:
    assert suggested(filled, typed) == found


def test_a_suggestion_says_where_it_is_from_and_what_was_typed(filled: Store) -> None:
    [one] = filled.suggest("przepa kied", ADMIN, 10)
    assert (one.text, one.kind, one.path) == ("Kiedy przepada urlop", "heading", "a.md")
    assert [one.text[start:end] for start, end in one.marks] == ["Kied", "przepa"]
    [document_a] = [doc for doc in filled.documents(ADMIN) if doc.path == "a.md"]
    assert one.document_id == document_a.id


def test_no_more_than_asked_for(filled: Store) -> None:
    assert suggested(filled, "zaleg", limit=1) == [("title", "Zaległy urlop")]


def test_a_very_long_word_is_told_from_one_that_begins_alike(store: Store) -> None:
    put(store, titled("a.md", "Donaudampfschifffahrtsgesellschaft"))
    put(store, titled("b.md", "Donaudampfschifffahrtskapitän"))
    assert suggested(store, "donaudampfschifffahrtsk") == [
        ("title", "Donaudampfschifffahrtskapitän")
    ]


def test_suggestions_answer_to_the_principal(store: Store) -> None:
    put(store, titled("hr.md", "Płace zarządu", "Płatności", access=("group:hr",)))
    put(store, titled("open.md", "Plan roczny"))
    put(store, [replace(i, document=replace(i.document, tenant="other"))
                for i in titled("theirs.md", "Plany innych")])  # fmt: skip
    assert suggested(store, "pla", NOBODY) == [("title", "Plan roczny")]
    assert suggested(store, "pla", HR) == [
        ("title", "Plan roczny"), ("title", "Płace zarządu"), ("heading", "Płatności"),
    ]  # fmt: skip
    assert suggested(store, "pla", Principal("other", admin=True)) == [("title", "Plany innych")]


def test_a_changed_access_list_a_new_title_and_a_removal_count_at_once(store: Store) -> None:
    put(store, titled("a.md", "Plan roczny", "Planowanie"))
    [doc] = store.documents(ADMIN)
    assert suggested(store, "plan", NOBODY) == [("title", "Plan roczny"), ("heading", "Planowanie")]
    hidden = replace(doc, access=("group:board",))
    store.update(hidden)
    assert suggested(store, "plan", NOBODY) == []
    store.update(replace(hidden, title="Budżet"))
    assert suggested(store, "budz") == [("title", "Budżet")]
    store.remove([doc])
    assert suggested(store, "plan") + suggested(store, "budz") == []


def test_nothing_staged_is_suggested(store: Store) -> None:
    store.stage(titled("a.md", "Plan roczny", "Planowanie"))
    assert suggested(store, "plan") == []
