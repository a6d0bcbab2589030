"""`semsearch llm`, against a service on loopback and with the bundled models."""

import json
from typing import Any

import pytest

from search.llms.checking import COLOUR
from tests.search.llms.chat_service import Reply, chat, chat_service


def test_bundled_models_are_listed_with_licence_and_state(semsearch: Any) -> None:
    smollm2, gemma = semsearch("llm", "list", "--json").json()
    assert (smollm2["name"], smollm2["licence"], smollm2["context"]) == (
        "smollm2", "Apache-2.0", 8192,
    )  # fmt: skip
    assert "ai.google.dev/gemma/terms" in gemma["licence"]
    for model in (smollm2, gemma):
        assert model["ready"] or model["note"] == "run `make llm`"
    assert "Apache-2.0" in semsearch("llm", "list").out


def test_what_a_service_offers_is_listed(semsearch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with chat_service(chat("x")) as service:
        monkeypatch.setenv("SEMSEARCH_LLM__MODEL", f"{service.url}#other")
        _, _, configured, offered = semsearch("llm", "list", "--json").json()
    assert (configured["ready"], configured["note"]) == (False, "the service does not offer it")
    assert offered["name"] == f"{service.url}#tiny"
    unreachable = semsearch("llm", "list", "--json").json()[2]
    assert not unreachable["ready"]
    assert "cannot be reached" in unreachable["note"]


def test_a_service_is_checked(semsearch: Any) -> None:
    logprobs = {"content": [{"logprob": -0.1}]}
    replies = (chat(json.dumps({"colour": COLOUR})), chat("x"), chat("Cześć!", logprobs=logprobs))
    with chat_service(*replies) as service:
        found = semsearch("llm", "check", f"{service.url}#tiny", "--json").json()
        assert found["schema"] and found["logprobs"] and found["local"]
        assert found["said"] == "Cześć!"
        assert found["written_per_second"] > 0 and found["read_per_second"] is None
        told = semsearch("llm", "check", f"{service.url}#tiny")
    assert told.code == 0
    assert "not kept to" in told.out and "Cześć!" in told.out


def test_what_cannot_be_checked_is_one_line(
    semsearch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEMSEARCH_LLM__KEY", "very-secret")
    with chat_service(Reply(401, b"no")) as service:
        refused = semsearch("llm", "check", f"{service.url}#tiny")
    assert refused.code == 8
    assert "SEMSEARCH_LLM__KEY" in refused.err and len(refused.err.splitlines()) == 1
    assert "very-secret" not in refused.err + semsearch("config", "--json").out
    for name, said in (("", "SEMSEARCH_LLM__MODEL"), ("gpt", "smollm2"), ("http://a/v1", "#MODEL")):
        unknown = semsearch("llm", "check", *([name] if name else []))
        assert unknown.code == 2
        assert said in unknown.err


@pytest.mark.llm
def test_the_bundled_model_works(semsearch: Any) -> None:
    found = semsearch("llm", "check", "smollm2", "--json").json()
    assert found["schema"] and found["logprobs"] and found["local"]
    assert found["read_per_second"] > found["written_per_second"] > 1
