"""The client of chat services, against a service on a real socket."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from search.deadline import Deadline
from search.errors import DeadlineError, ModelError
from search.llms import openai_compatible
from search.llms.base import Completion, Message, Prompt, Usage
from search.llms.openai_compatible import OpenAiCompatible, is_local
from tests.search.llms.chat_service import Reply, Service, chat, chat_service

SCHEMA = {"type": "object", "properties": {"order": {"type": "array"}}}
PROMPT = Prompt(
    (Message("system", "Odpowiadaj krótko."), Message("user", "Ile dni urlopu?")),
    schema=SCHEMA, max_tokens=77, seed=5, logprobs=True,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_compatible, "FIRST_PAUSE", 0.01)


def client(service: Service, **given: Any) -> OpenAiCompatible:
    return OpenAiCompatible(service.url, "tiny", **given)


def test_what_is_asked_and_what_comes_back() -> None:
    logprobs = {"content": [{"token": "26", "logprob": -0.5}, {"token": ".", "logprob": -0.1}]}
    with chat_service(chat("26.", logprobs=logprobs)) as service:
        found = client(service, key="secret").complete(PROMPT)
    assert (found.text, found.usage, found.finished) == ("26.", Usage(12, 3), True)
    assert found.logprobs == [-0.5, -0.1]
    assert found.timings_ms["total"] > 0
    [asked] = service.asked
    assert asked == {
        "model": "tiny",
        "messages": [
            {"role": "system", "content": "Odpowiadaj krótko."},
            {"role": "user", "content": "Ile dni urlopu?"},
        ],
        "max_tokens": 77,
        "temperature": 0.0,
        "seed": 5,
        "logprobs": True,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "reply", "strict": True, "schema": SCHEMA},
        },
    }
    assert service.headers[0]["Authorization"] == "Bearer secret"


def test_without_a_key_none_is_sent() -> None:
    with chat_service(chat("x")) as service:
        client(service).complete(Prompt(PROMPT.messages))
    assert "Authorization" not in service.headers[0]
    assert not {"response_format", "logprobs"} & set(service.asked[0])


def test_pieces_come_as_they_are_written() -> None:
    with chat_service(Reply(pieces=["Dwa", "dzieścia ", "sześć."])) as service:
        *pieces, whole = client(service).stream(PROMPT)
    assert pieces == ["Dwa", "dzieścia ", "sześć."]
    assert isinstance(whole, Completion)
    assert (whole.text, whole.usage, whole.finished) == ("Dwadzieścia sześć.", Usage(7, 2), False)
    assert service.asked[0]["stream"] is True


def test_closing_a_stream_leaves_the_service() -> None:
    endless = Reply(pieces=["a"] * 500, pause=0.01)
    with chat_service(endless, chat("free again")) as service:
        llm = client(service, concurrency=1)
        stream = llm.stream(PROMPT)
        assert next(stream) == "a"
        stream.close()  # type: ignore[attr-defined]
        assert service.left.wait(5)
        assert service.written < 400
        assert llm.complete(PROMPT).text == "free again"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_busy_service_is_asked_again(status: int) -> None:
    with chat_service(Reply(status), Reply(status), chat("at last")) as service:
        assert client(service, retries=2).complete(PROMPT).text == "at last"
        assert len(service.asked) == 3
    with chat_service(Reply(status, b"too much")) as service:
        with pytest.raises(ModelError, match=rf"answered {status}: too much"):
            client(service, retries=1).complete(PROMPT)
        assert len(service.asked) == 2


def test_it_waits_as_long_as_it_is_told_to() -> None:
    with chat_service(Reply(429, headers={"Retry-After": "1"}), chat("done")) as service:
        start = time.monotonic()
        assert client(service).complete(PROMPT).text == "done"
        assert time.monotonic() - start >= 1
        with pytest.raises(DeadlineError):  # which it does not where that would be too late
            service.replies[:] = [Reply(503, headers={"Retry-After": "20"})]
            client(service).complete(PROMPT, Deadline.after(1))


@pytest.mark.parametrize(
    ("status", "way_out"), [(400, "answered 400"), (401, "LLM__KEY"), (404, "end in /v1")]
)
def test_a_refusal_is_said_once(status: int, way_out: str) -> None:
    with chat_service(Reply(status, b'{"error": "no\\nway"}')) as service:
        with pytest.raises(ModelError, match=way_out) as caught:
            client(service, key="secret").complete(PROMPT)
        assert len(service.asked) == 1
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"choices": []}', b'{"choices": [{"text": "old"}]}']
)
def test_what_is_no_chat_is_said(body: bytes) -> None:
    with chat_service(Reply(body=body)) as service, pytest.raises(ModelError, match="/v1"):
        client(service).complete(PROMPT)


def test_a_stream_that_is_none_is_said() -> None:
    for nonsense in (Reply(body=b"data: <html>\n\n"), chat("whole")):
        with chat_service(nonsense) as service, pytest.raises(ModelError, match="/v1"):
            list(client(service).stream(PROMPT))


def test_a_silent_service_is_not_waited_for() -> None:
    with chat_service(Reply(pause=1.5)) as service:
        with pytest.raises(ModelError, match=r"said nothing for 0\.2 s"):
            client(service, timeout=0.2).complete(PROMPT)
        start = time.monotonic()
        with pytest.raises(DeadlineError):
            client(service).complete(PROMPT, Deadline.after(0.2))
        assert time.monotonic() - start < 1.2
        with pytest.raises(DeadlineError):
            client(service).complete(PROMPT, Deadline.after(0))
        assert len(service.asked) == 2


def test_a_stream_ends_at_its_deadline() -> None:
    with chat_service(Reply(pieces=["a"] * 100, pause=0.05)) as service:
        pieces = []
        with pytest.raises(DeadlineError):
            for piece in client(service).stream(PROMPT, Deadline.after(0.4)):
                pieces.append(piece)
    assert 1 <= len(pieces) < 20


def test_nobody_there_is_said() -> None:
    nobody = OpenAiCompatible("http://127.0.0.1:9/v1", "tiny", retries=1)
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:9/v1 cannot be reached"):
        nobody.complete(PROMPT)
    with pytest.raises(ModelError, match="cannot be reached"):
        nobody.models()


def test_no_more_are_asked_at_once_than_allowed() -> None:
    slow = chat("x")
    slow.pause = 0.1
    with chat_service(slow) as service:
        llm = client(service, concurrency=2)
        with ThreadPoolExecutor(6) as threads:
            texts = list(threads.map(lambda _: llm.complete(PROMPT).text, range(6)))
        assert texts == ["x"] * 6
        assert service.most_at_once == 2
        slow.pause = 2
        with ThreadPoolExecutor(1) as threads:
            single = client(service, concurrency=1)
            threads.submit(single.complete, PROMPT)
            time.sleep(0.1)
            with pytest.raises(DeadlineError):
                single.complete(PROMPT, Deadline.after(0.2))


def test_models_are_listed() -> None:
    with chat_service(chat("x")) as service:
        assert client(service).models() == ["tiny"]


def test_what_is_on_this_machine() -> None:
    assert is_local("http://localhost:11434/v1")
    assert is_local("http://127.0.0.1:1/v1")
    assert is_local("http://[::1]:1/v1")
    assert not is_local("https://llm.example.com/v1")
    assert not is_local("http://10.0.0.7/v1")
