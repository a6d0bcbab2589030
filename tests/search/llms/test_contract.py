"""What every language model keeps to: the stand-in, a service, and llama.cpp in this process."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from search.deadline import Deadline
from search.errors import DeadlineError, InputError, ModelError, ModelMissingError
from search.llm_arms import build_llm
from search.llms.base import LLM, Completion, LlmSpec, Message, Prompt
from search.llms.fake import FakeLlm
from search.llms.llama_cpp import LlamaCpp
from search.llms.openai_compatible import OpenAiCompatible
from search.settings import load_settings
from tests.search.llms.chat_service import chat, chat_service

SCHEMA = {
    "type": "object",
    "properties": {
        "order": {
            "type": "array", "minItems": 3, "maxItems": 3,
            "items": {"type": "integer", "minimum": 1, "maximum": 3},
        }
    },
    "required": ["order"],
    "additionalProperties": False,
}  # fmt: skip
ORDER = Prompt((Message("user", "Order the numbers."),), schema=SCHEMA, max_tokens=60)
STORY = Prompt((Message("user", "Tell me a very long story."),), max_tokens=400)


@pytest.fixture(scope="module")
def llama() -> LlamaCpp:
    made = build_llm("smollm2", load_settings())
    assert isinstance(made, LlamaCpp)
    return made


@pytest.fixture(
    params=[
        "fake",
        "service",
        pytest.param("llama.cpp", marks=pytest.mark.llm),
        pytest.param("llama.cpp's server", marks=pytest.mark.llm),
    ]
)
def llm(request: pytest.FixtureRequest) -> Iterator[LLM]:
    written = '{"order": [3, 1, 2]}'
    match request.param:
        case "fake":
            yield FakeLlm(written)
        case "service":
            with chat_service(chat(written)) as service:
                client = OpenAiCompatible(service.url, "tiny")
                yield client
                client.close()
        case "llama.cpp":
            yield request.getfixturevalue("llama")
        case _:
            inside: Any = request.getfixturevalue("llama")._ready()
            key = inside._client.headers["Authorization"].removeprefix("Bearer ")
            client = OpenAiCompatible(inside._url, "smollm2", key=key)
            yield client
            client.close()


def test_the_schema_is_kept_to_and_the_same_comes_again(llm: LLM) -> None:
    first = llm.complete(ORDER)
    order = json.loads(first.text)["order"]
    assert len(order) == 3 and set(order) <= {1, 2, 3}
    assert llm.complete(ORDER).text == first.text
    assert first.usage.prompt_tokens > 0 and first.usage.completion_tokens > 0


def test_no_time_is_no_answer(llm: LLM) -> None:
    with pytest.raises(DeadlineError):
        llm.complete(ORDER, Deadline.after(0))
    with pytest.raises(DeadlineError):
        list(llm.stream(ORDER, Deadline.after(0)))


def test_the_model_is_described(llm: LLM) -> None:
    assert llm.spec.name and llm.spec.local


@pytest.mark.llm
def test_llama_cpp_streams_what_it_completes(llama: LlamaCpp) -> None:
    *pieces, whole = llama.stream(ORDER)
    assert isinstance(whole, Completion)
    assert "".join(map(str, pieces)) == whole.text == llama.complete(ORDER).text
    assert {"prompt", "generate", "total"} <= set(whole.timings_ms)
    assert len(pieces) > 3


@pytest.mark.llm
def test_llama_cpp_stops_when_its_reader_leaves_or_time_is_over(llama: LlamaCpp) -> None:
    with closing(cast(Any, llama.stream(STORY))) as story:
        assert next(story)
    start = time.monotonic()
    llama.complete(ORDER)  # which waits for as long as the story is still written
    waited = time.monotonic() - start
    start = time.monotonic()
    whole = llama.complete(STORY)
    assert whole.usage.completion_tokens > 100
    assert waited < time.monotonic() - start
    with pytest.raises(DeadlineError):
        llama.complete(STORY, Deadline.after(0.3))


@pytest.mark.llm
def test_llama_cpp_listens_to_nobody_else(llama: LlamaCpp) -> None:
    url = llama._ready()._url
    assert url.startswith("http://127.0.0.1:")
    body = {"messages": [{"role": "user", "content": "hello"}]}
    with httpx.Client(trust_env=False) as stranger:
        assert stranger.post(f"{url}/chat/completions", json=body).status_code == 401
        headers = {"Origin": "http://evil.example"}
        answer = stranger.get(f"{url.removesuffix('/v1')}/health", headers=headers)
        assert answer.headers.get("Access-Control-Allow-Origin") in (None, "null")


@pytest.mark.llm
def test_what_does_not_fit_its_context_is_said(llama: LlamaCpp) -> None:
    with pytest.raises(ModelError, match="context"):
        llama.complete(Prompt((Message("user", "słowo " * 20_000),)))


@pytest.mark.llm
def test_a_file_that_is_no_model_is_said(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelError, match=r"broken\.gguf"):
        build_llm(str(tmp_path / "broken.gguf"), load_settings()).complete(ORDER)


def test_names_that_mean_nothing_are_told_what_does(tmp_path: Path) -> None:
    for name in ("gpt", "model.gguf", str(tmp_path), "ftp://a#b"):
        with pytest.raises(InputError, match="smollm2"):
            build_llm(name, load_settings())
    missing = LlamaCpp(tmp_path / "gone.gguf", LlmSpec("gone", 512, None, local=True))
    with pytest.raises(ModelMissingError):
        missing.complete(ORDER)
