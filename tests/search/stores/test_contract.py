"""What every store does, whatever its engine."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from search.domain import Mode, Principal
from search.errors import IndexMissingError
from search.filters import (
    FIELDS,
    SEARCHABLE,
    All,
    AnyOf,
    Contains,
    Expression,
    Match,
    Not,
    Range,
    matching,
)
from search.stores.base import Store
from search.stores.payload import IDENTITY_POINT, PAYLOAD_INDEXES, folded_field, payload_field
from tests.search.stores.factory import (
    ADMIN,
    IDENTITY,
    document,
    edge_store,
    indexed,
    put,
    query,
    server_store_on_disk,
)

MODES: tuple[Mode, ...] = ("hybrid", "dense", "lexical")
NOBODY = Principal("acme")
HR = Principal("acme", user="ewa", groups=frozenset({"hr"}))


def paths(
    store: Store, text: str, mode: Mode = "hybrid", principal: Principal = ADMIN
) -> list[str]:
    return [hit.document.path for hit in store.query(query(text, mode), principal)]


def test_a_new_store_is_empty(store: Store) -> None:
    assert store.identity == IDENTITY
    assert store.count(ADMIN) == 0
    assert list(store.documents(ADMIN)) == []
    assert store.facet("language", ADMIN) == {}
    assert store.query(query("urlop"), ADMIN) == []


def test_what_goes_in_comes_out(store: Store) -> None:
    doc = replace(document("hr/urlop.md", author="Anna", tags=("hr", "urlopy"), chunks=2), pages=3)
    put(store, indexed(doc, "Urlop wypoczynkowy", "Urlop zaległy"))
    assert list(store.documents(ADMIN)) == [doc]
    hit = store.query(query("Urlop zaległy"), ADMIN)[0]
    assert hit.document == doc
    assert (hit.chunk.index, hit.chunk.text) == (1, "Urlop zaległy")
    assert (hit.chunk.section, hit.chunk.page, hit.chunk.tokens) == (("Rozdział",), 1, 5)


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_the_same_text_ranks_first(store: Store, mode: Mode) -> None:
    for i, text in enumerate(["Samochody służbowe", "Delegacje krajowe", "Hasła i VPN"]):
        put(store, indexed(document(f"{i}.md"), text))
    assert paths(store, "Delegacje krajowe", mode)[0] == "1.md"


def test_lexical_mode_knows_inflection_and_only_meets_shared_words(store: Store) -> None:
    put(store, indexed(document("a.md"), "Wniosek o urlop"))
    put(store, indexed(document("b.md"), "Cennik części"))
    assert paths(store, "urlopami", "lexical") == ["a.md"]
    assert paths(store, "?!", "lexical") == []


def test_a_query_without_words_still_searches_by_meaning(store: Store) -> None:
    put(store, indexed(document("a.md"), "Wniosek"))
    assert paths(store, "???") == ["a.md"]


def test_limit_and_offset(store: Store) -> None:
    for i in range(5):
        put(store, indexed(document(f"{i}.md"), f"Regulamin pracy {i}"))
    everything = [h.document.path for h in store.query(query("Regulamin"), ADMIN)]
    page = store.query(replace(query("Regulamin"), limit=2, offset=2), ADMIN)
    assert [hit.document.path for hit in page] == everything[2:4]


def test_rrf_is_selectable(store: Store) -> None:
    put(store, indexed(document("a.md"), "Wniosek o urlop"))
    put(store, indexed(document("b.md"), "Cennik"))
    request = replace(query("Wniosek o urlop"), fusion="rrf")
    assert [hit.document.path for hit in store.query(request, ADMIN)] == ["a.md", "b.md"]


def test_upserting_twice_changes_nothing(store: Store) -> None:
    items = indexed(document("a.md", chunks=2), "Jeden", "Dwa")
    put(store, items)
    put(store, items)
    assert store.count(ADMIN) == 2


def test_a_new_version_replaces_the_old(store: Store) -> None:
    put(store, indexed(document("a.md", content="v1", chunks=2), "Stare", "Stare dwa"))
    put(store, indexed(document("b.md", content="v1"), "Inne"))
    new = document("a.md", content="v2")
    put(store, indexed(new, "Nowe"))
    store.remove_stale(new)
    assert store.count(ADMIN) == 2
    assert {d.path: d.content_hash for d in store.documents(ADMIN)} == {"a.md": "v2", "b.md": "v1"}


def test_nobody_meets_what_is_staged(store: Store) -> None:
    old, new = document("a.md", content="v1"), document("a.md", content="v2", chunks=2)
    put(store, indexed(old, "Stare"))
    store.stage(indexed(new, "Nowe", "Nowsze"))
    for mode in MODES:
        assert [hit.document for hit in store.query(query("Nowe", mode), ADMIN)] in ([old], [])
    assert list(store.documents(ADMIN)) == [old]
    assert list(store.manifest()) == [old]
    assert store.count(ADMIN) == 1
    assert store.facet("type", ADMIN) == {"md": 1}
    assert store.chunks(new, ADMIN) == []
    store.publish([new])
    store.remove_stale(new)
    assert list(store.documents(ADMIN)) == [new]
    assert [chunk.text for chunk in store.chunks(new, ADMIN)] == ["Nowe", "Nowsze"]


def test_a_sync_that_was_cut_short_is_noticed(store: Store) -> None:
    with store.claim("first") as interrupted:
        assert not interrupted
    with pytest.raises(RuntimeError), store.claim("second"):
        raise RuntimeError("cut short")
    with store.claim("third") as interrupted:
        assert interrupted
    with store.claim("fourth") as interrupted:
        assert not interrupted
    assert store.count(ADMIN) == 0


def test_what_was_never_published_is_swept_away(store: Store) -> None:
    kept = document("a.md")
    put(store, indexed(kept, "Jeden"))
    store.stage(indexed(document("b.md"), "Dwa"))
    store.repair()
    assert list(store.read_back(document("b.md"))) == []
    assert list(store.documents(ADMIN)) == [kept]
    assert store.identity == IDENTITY


def test_what_was_published_in_part_is_published_whole(store: Store) -> None:
    doc = document("a.md", chunks=3)
    store.stage(indexed(doc, "Jeden", "Dwa", "Trzy"))
    store.publish([replace(doc, chunk_count=2)])
    store.repair()
    assert [chunk.text for chunk in store.chunks(doc, ADMIN)] == ["Jeden", "Dwa", "Trzy"]


def test_what_was_removed_in_part_is_removed_whole(store: Store) -> None:
    kept, first_gone, last_gone = (document(f"{name}.md", chunks=2) for name in "abc")
    put(store, indexed(kept, "Jeden", "Dwa"))
    put(store, indexed(replace(last_gone, chunk_count=2), "Trzy"))
    store.stage(indexed(first_gone, "Cztery", "Pięć")[1:])
    store.update(first_gone)
    store.repair()
    assert {doc.path for doc in store.documents(ADMIN)} == {"a.md"}
    assert store.count(ADMIN) == 2


def test_the_manifest_lists_all_tenants_and_versions(store: Store) -> None:
    versions = [document("a.md", content="v1"), document("a.md", content="v2")]
    other = document("b.md", tenant="other", access=())
    for doc in (*versions, other):
        put(store, indexed(doc, "Tekst"))
    found = sorted(store.manifest(), key=lambda doc: (doc.path, doc.content_hash))
    assert found == [*versions, other]


def test_chunks_come_in_order_and_only_to_readers(store: Store) -> None:
    doc = document("a.md", access=("group:hr",), chunks=12)
    put(store, indexed(doc, *(f"Tekst {i}" for i in range(12))))
    assert [chunk.index for chunk in store.chunks(doc, HR)] == list(range(12))
    assert store.chunks(doc, NOBODY) == []


def test_chunks_can_be_read_back_with_their_vectors(store: Store) -> None:
    doc = document("a.md", chunks=300)
    items = indexed(doc, *(f"Tekst {i}" for i in range(299)), "?!")
    put(store, items)
    back = sorted(store.read_back(doc), key=lambda item: item.chunk.index)
    assert [item.chunk for item in back] == [item.chunk for item in items]
    assert max(np.abs(a.dense - b.dense).max() for a, b in zip(back, items, strict=True)) < 1e-6
    terms = [dict(zip(i.sparse.indices, i.sparse.values, strict=True)) for i in (back[0], items[0])]
    assert terms[0] == pytest.approx(terms[1])
    assert not back[-1].sparse


def test_metadata_can_change_without_the_chunks(store: Store) -> None:
    doc = document("a.md", chunks=2)
    put(store, indexed(doc, "Jeden", "Dwa") + indexed(document("b.md"), "Trzy"))
    changed = replace(doc, access=(), tags=("hr",), stamp="1:2:3")
    store.update(changed)
    assert paths(store, "Dwa", principal=NOBODY) == ["b.md"]
    assert next(d for d in store.documents(ADMIN) if d.path == "a.md") == changed
    assert [chunk.text for chunk in store.chunks(changed, ADMIN)] == ["Jeden", "Dwa"]
    assert store.facet("tags", ADMIN) == {"hr": 1}


def test_removing_documents(store: Store) -> None:
    kept, gone = document("a.md"), document("b.md", chunks=2)
    put(store, indexed(kept, "Jeden") + indexed(gone, "Dwa", "Trzy"))
    store.remove([gone])
    store.remove([])
    assert list(store.documents(ADMIN)) == [kept]
    assert store.count(ADMIN) == 1


def test_facets_count_documents(store: Store) -> None:
    put(store, indexed(document("a.md", chunks=3, tags=("hr",)), "Jeden", "Dwa", "Trzy"))
    put(store, indexed(document("b.md", tags=("hr", "it")), "Cztery"))
    put(store, indexed(document("c.pdf", language="en", type="pdf", year=2024), "Five"))
    assert store.facet("language", ADMIN) == {"pl": 2, "en": 1}
    assert store.facet("type", ADMIN) == {"md": 2, "pdf": 1}
    assert store.facet("tags", ADMIN) == {"hr": 2, "it": 1}
    assert store.facet("year", ADMIN) == {"2026": 2, "2024": 1}
    assert store.facet("type", ADMIN, matching(language=("en",))) == {"pdf": 1}


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (matching(language=("en",)), {"en.pdf"}),
        (matching(type=("md",)), {"pl.md"}),
        (matching(language=("en", "pl")), {"en.pdf", "pl.md"}),
        (matching(language=("pl",), type=("pdf",)), set()),
        (matching(year=(2024,)), {"en.pdf"}),
        (matching(tags=("it",)), {"en.pdf"}),
        (matching(author=("Anna",)), {"pl.md"}),
        (matching(path=("pl.md",)), {"pl.md"}),
        (matching(source=("/elsewhere",)), set()),
        (Not(Match("language", ("en",))), {"pl.md"}),
        (AnyOf((Match("author", ("Anna",)), Match("tags", ("it",)))), {"en.pdf", "pl.md"}),
        (AnyOf(()), set()),
        (Match("type", ()), set()),
        (All(()), {"en.pdf", "pl.md"}),
        (All((Match("type", ("pdf",)), Not(Match("tags", ("it",))))), set()),
        (Range("year", gte=2024, lt=2026), {"en.pdf"}),
        (Range("size", gt=0, lte=10**9), {"en.pdf", "pl.md"}),
        (Range("modified", gte=datetime(2025, 1, 1, tzinfo=UTC)), {"pl.md"}),
        (Range("modified", lt=datetime(2025, 1, 1, tzinfo=UTC)), {"en.pdf"}),
        (Range("pages", gte=1), set()),
        (Contains("title", "ŁÓDŹ"), {"pl.md"}),
        (Contains("title", "odz"), {"pl.md"}),
        (Contains("path", ".PDF"), {"en.pdf"}),
        (Not(Contains("title", "łódź")), {"en.pdf"}),
    ],
)
@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_filters_hold_in_every_mode(
    store: Store, mode: Mode, where: Expression, found: set[str]
) -> None:
    put(store, indexed(document("pl.md", author="Anna", title="Biuro w Łodzi: Łódź"), "Regulamin"))
    english = document("en.pdf", language="en", type="pdf", year=2024, tags=("it",))
    put(store, indexed(english, "Regulamin"))
    hits = store.query(replace(query("Regulamin", mode), where=where), ADMIN)
    assert {hit.document.path for hit in hits} == found
    assert store.count(ADMIN, where) == len(found)


@pytest.mark.parametrize(
    ("principal", "readable"),
    [
        (ADMIN, {"public", "private", "hr", "it", "ewa"}),
        (NOBODY, {"public"}),
        (HR, {"public", "hr", "ewa"}),
        (Principal("acme", user="hr"), {"public"}),
        (Principal("other", admin=True), {"other"}),
        (Principal("other", groups=frozenset({"hr"})), set()),
    ],
)
def test_every_read_is_under_the_principal(
    store: Store, principal: Principal, readable: set[str]
) -> None:
    rules = {
        "public": ("public",),
        "private": (),
        "hr": ("group:hr",),
        "it": ("group:it",),
        "ewa": ("user:ewa",),
    }
    for path, access in rules.items():
        put(store, indexed(document(path, access=access), "Regulamin pracy"))
    put(store, indexed(document("other", tenant="other", access=()), "Regulamin pracy"))
    for mode in MODES:
        assert set(paths(store, "Regulamin", mode, principal)) == readable
    assert store.count(principal) == len(readable)
    assert {d.path for d in store.documents(principal)} == readable
    assert sum(store.facet("type", principal).values()) == len(readable)


def test_vectors_of_chunks_go_to_readers_only(store: Store) -> None:
    shown, hidden = document("a.md", chunks=2), document("b.md", access=("group:it",))
    elsewhere = document("c.md", tenant="other")
    items = indexed(shown, "Jeden", "Dwa") + indexed(hidden, "Trzy") + indexed(elsewhere, "Cztery")
    put(store, items)
    found = store.vectors([item.id for item in items] + [IDENTITY_POINT], HR)
    assert set(found) == {item.id for item in items[:2]}
    assert all(np.abs(found[item.id] - item.dense).max() < 1e-6 for item in items[:2])
    assert set(store.vectors([items[2].id], ADMIN)) == {items[2].id}
    assert store.vectors([], ADMIN) == {}


def test_words_of_others_change_no_scores(store: Store) -> None:
    for number, text in enumerate(["Urlop w firmie", "Delegacja w firmie", "Firma"]):
        put(store, indexed(document(f"{number}.md"), text))
    modes: tuple[Mode, ...] = ("hybrid", "lexical")
    asked = [query("urlop delegacja", mode) for mode in modes]
    before = [{h.id: h.score for h in store.query(one, NOBODY)} for one in asked]
    foreign = [document(f"{n}.md", tenant="other") for n in range(20)]
    secret = [document(f"secret-{n}.md", access=("group:hr",)) for n in range(20)]
    for doc in foreign + secret:
        put(store, indexed(doc, "Delegacja za delegacją"))
    store.stage(indexed(document("not-published.md"), "Delegacja"))
    after = [{h.id: h.score for h in store.query(one, NOBODY)} for one in asked]
    assert [list(scores) for scores in after] == [list(scores) for scores in before]
    assert after == [pytest.approx(scores, rel=1e-6) for scores in before]


def test_everything_filtered_has_a_payload_index() -> None:
    filtered = {"tenant", "access", "index", "document", "version"}
    filtered |= {payload_field(field) for field in FIELDS if FIELDS[field] != "text"}
    filtered |= {folded_field(field) for field in SEARCHABLE}
    assert filtered <= set(PAYLOAD_INDEXES)


@pytest.mark.slow
def test_many_documents_are_all_listed(store: Store) -> None:
    items = [item for i in range(1100) for item in indexed(document(f"{i}.md"), f"Tekst {i}")]
    put(store, items)
    assert len({d.path for d in store.documents(ADMIN)}) == 1100


@pytest.mark.parametrize("make", [edge_store, server_store_on_disk], ids=["edge", "server-path"])
def test_a_closed_store_keeps_what_it_held(make: Callable[[Path], Store], tmp_path: Path) -> None:
    first = make(tmp_path)
    put(first, indexed(document("a.md"), "Wniosek"))
    first.flush()
    first.close()
    first.close()
    second = make(tmp_path)
    assert second.identity == IDENTITY
    assert paths(second, "Wniosek") == ["a.md"]
    second.close()


def test_a_missing_index_is_said(tmp_path: Path) -> None:
    from qdrant_client import QdrantClient

    from search.stores.edge import EdgeStore
    from search.stores.server import ServerStore

    with pytest.raises(IndexMissingError, match="semsearch ingest"):
        EdgeStore(tmp_path / "index")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(IndexMissingError, match="semsearch ingest"):
        ServerStore(QdrantClient(":memory:"), "test")


def test_the_state_counts_what_is_published_of_all_tenants(store: Store) -> None:
    put(store, indexed(document("a.md"), "Urlop", "Wniosek"))
    put(store, indexed(document("b.md", tenant="other", access=()), "Umowa"))
    store.stage(indexed(document("c.md"), "Delegacja"))
    state = store.state()
    assert (state.identity, state.documents, state.chunks) == (IDENTITY, 2, 3)
