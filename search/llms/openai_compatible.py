"""Any service with OpenAI's chat interface: Ollama, vLLM, llama.cpp's server, and others.

Source: https://platform.openai.com/docs/api-reference/chat
"""

import json
import random
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import urlsplit

import httpx

from search.deadline import NEVER, Deadline
from search.errors import DeadlineError, ModelError
from search.llms.base import Completion, LlmSpec, Prompt
from search.llms.chat import ChatOut, ChatWriter

BUSY = frozenset({408, 429, 500, 502, 503, 504})
"""Answers after which it is worth asking again."""
FIRST_PAUSE = 0.5
"""Seconds before the first repetition; doubled for each further one."""
LONGEST_PAUSE = 30.0
CONNECTING = 5.0
"""Seconds to reach the service."""


class OpenAiCompatible:
    """Calls a service over HTTP; safe to share between threads."""

    def __init__(
        self,
        url: str,
        model: str,
        *,
        key: str | None = None,
        timeout: float = 60,
        retries: int = 2,
        concurrency: int = 4,
        spec: LlmSpec | None = None,
    ) -> None:
        """Prepare it; nothing is sent yet.

        Args:
            url: up to and including the version, e.g. `http://localhost:11434/v1`.
            model: as the service calls it.
            key: sent as a bearer token.
            timeout: seconds that the service may be silent for.
            retries: how often a busy or unreachable service is asked again.
            concurrency: requests at once.
            spec: what is known of the model, where that is more than its name.
        """
        self._url = url.rstrip("/")
        self._model = model
        self._timeout = timeout
        self._retries = retries
        self._slots = BoundedSemaphore(concurrency)
        local = is_local(self._url)
        self._spec = spec or LlmSpec(model, None, None, local)
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            trust_env=not local,  # a proxy is not for what runs on this machine
        )
        self._closing = weakref.finalize(self, self._client.close)

    @property
    def spec(self) -> LlmSpec:
        """Return the model's name and where it runs."""
        return self._spec

    def models(self) -> list[str]:
        """Return the names of the models that the service offers.

        Raises:
            ModelError: it cannot be reached, or does not tell.
        """
        try:
            answer = self._client.get(f"{self._url}/models", timeout=CONNECTING)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None
        if answer.is_error:
            raise self._refused(answer)
        try:
            return [str(model["id"]) for model in answer.json()["data"]]
        except (ValueError, KeyError, TypeError):
            raise self._malformed() from None

    def complete(self, prompt: Prompt, deadline: Deadline = NEVER) -> Completion:
        """Answer a prompt; see `search.llms.base.LLM`."""
        start = time.perf_counter()
        with self._asked(self._body(prompt, stream=False), deadline) as answer:
            try:
                answer.read()
                return ChatOut.model_validate_json(answer.content).completion(_since(start))
            except httpx.HTTPError as error:
                raise self._broken(error, deadline) from None
            except ValueError:
                raise self._malformed() from None

    def stream(self, prompt: Prompt, deadline: Deadline = NEVER) -> Iterator[str | Completion]:
        """Yield an answer as it is written; see `search.llms.base.LLM`.

        Closing the iterator closes the connection, at which services stop to write.
        """
        start, written = time.perf_counter(), ChatWriter()
        with self._asked(self._body(prompt, stream=True), deadline) as answer:
            try:
                for line in answer.iter_lines():
                    if not deadline.remaining():
                        raise _late()
                    if piece := written.read(line):
                        yield piece
                whole = written.completion(_since(start))
            except httpx.HTTPError as error:
                raise self._broken(error, deadline) from None
            except ValueError:
                raise self._malformed() from None
        yield whole

    def close(self) -> None:
        """Close the connections that are kept for further requests; unneeded, but prompt."""
        self._closing()

    def _body(self, prompt: Prompt, stream: bool) -> Mapping[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": m.role, "content": m.content} for m in prompt.messages],
            "max_tokens": prompt.max_tokens,
            "temperature": prompt.temperature,
            "seed": prompt.seed,
        }
        if prompt.schema is not None:
            forced = {"name": "reply", "strict": True, "schema": prompt.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": forced}
        if prompt.logprobs:
            body["logprobs"] = True
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body

    @contextmanager
    def _asked(self, body: Mapping[str, Any], deadline: Deadline) -> Iterator[httpx.Response]:
        """Give an answer's head, asked for until the service is neither busy nor unreachable."""
        left = None if deadline is NEVER else deadline.remaining()
        if not self._slots.acquire(timeout=left):
            raise _late()
        try:
            answer = self._send(body, deadline)
            try:
                yield answer
            finally:
                answer.close()
        finally:
            self._slots.release()

    def _send(self, body: Mapping[str, Any], deadline: Deadline) -> httpx.Response:
        for attempt in range(self._retries + 1):
            deadline.check("reach the language model")
            request = self._client.build_request(
                "POST", f"{self._url}/chat/completions", content=json.dumps(body),
                headers={"Content-Type": "application/json"}, timeout=self._limits(deadline),
            )  # fmt: skip
            wait = _pause(attempt)
            try:
                answer = self._client.send(request, stream=True)
            except httpx.ReadTimeout as error:  # it works, but not in time: not asked again
                raise self._broken(error, deadline) from None
            except httpx.HTTPError as error:
                failure = self._unreachable(error)
            else:
                if answer.is_success:
                    return answer
                answer.read()
                failure = self._refused(answer)
                if answer.status_code not in BUSY:
                    raise failure
                wait = _retry_after(answer) or wait
            if attempt == self._retries:
                raise failure
            if wait >= deadline.remaining():
                raise _late()
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _limits(self, deadline: Deadline) -> httpx.Timeout:
        left = max(0.001, deadline.remaining())
        return httpx.Timeout(min(self._timeout, left), connect=min(CONNECTING, left))

    def _broken(self, error: httpx.HTTPError, deadline: Deadline) -> Exception:
        if isinstance(error, httpx.TimeoutException):
            if not deadline.remaining():
                return _late()
            return ModelError(
                f"The language model at {self._url} said nothing for {self._timeout:g} s: raise "
                "SEMSEARCH_LLM__TIMEOUT, or take a smaller model."
            )
        return self._unreachable(error)

    def _unreachable(self, error: httpx.HTTPError) -> ModelError:
        return ModelError(
            f"The language model at {self._url} cannot be reached "
            f"({str(error) or type(error).__name__}): is it running, and the address right?"
        )

    def _refused(self, answer: httpx.Response) -> ModelError:
        said = " ".join(answer.text[:300].split())
        way_out = {
            401: " Set SEMSEARCH_LLM__KEY.",
            403: " Set SEMSEARCH_LLM__KEY.",
            404: f" Is {self._model} the model's name, and does the address end in /v1?",
        }
        return ModelError(
            f"The language model at {self._url} answered {answer.status_code}: {said}."
            + way_out.get(answer.status_code, "")
        )

    def _malformed(self) -> ModelError:
        return ModelError(
            f"What {self._url} answered is no chat completion: does the address end in /v1?"
        )


def is_local(url: str) -> bool:
    """Tell whether an address is this machine's loopback."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _pause(attempt: int) -> float:
    """Return seconds to wait, at random so that clients do not come again all at once."""
    longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
    return longest * random.uniform(0.5, 1)


def _retry_after(answer: httpx.Response) -> float | None:
    """Return the seconds that a service asks to wait; None where it names a date or nothing."""
    given: str = answer.headers.get("Retry-After", "")
    return min(LONGEST_PAUSE, float(given)) if given.isdecimal() else None


def _since(start: float) -> float:
    return (time.perf_counter() - start) * 1000


def _late() -> DeadlineError:
    return DeadlineError("The language model was not done when the time was over.")
