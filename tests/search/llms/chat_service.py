"""A small service with OpenAI's chat interface, on a real socket, that does what a test says."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What the service answers to one request."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    """Seconds before it answers, or between the pieces of a stream."""
    pieces: list[str] | None = None
    """Of a stream."""


def chat(text: str, **more: Any) -> Reply:
    """Return a whole answer."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "finish_reason": "stop", "message": message, **more}
    usage = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
    return Reply(body=json.dumps({"choices": [choice], "usage": usage}).encode())


@dataclass
class Service:
    """What was asked, and what is still to be answered."""

    url: str
    replies: list[Reply]
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    written: int = 0
    """Pieces of streams that were written before the client left."""
    left: threading.Event = field(default_factory=threading.Event)


@contextmanager
def chat_service(*replies: Reply) -> Iterator[Service]:
    """Serve these replies in turn, the last one again and again."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._write(Reply(body=json.dumps({"data": [{"id": "tiny"}]}).encode()))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                service.asked.append(json.loads(body))
                service.headers.append(dict(self.headers))
                service.at_once += 1
                service.most_at_once = max(service.most_at_once, service.at_once)
                reply = service.replies.pop(0) if len(service.replies) > 1 else service.replies[0]
            try:
                self._stream(reply) if reply.pieces is not None else self._write(reply)
            except OSError:
                service.left.set()
            finally:
                with lock:
                    service.at_once -= 1

        def _write(self, reply: Reply) -> None:
            time.sleep(reply.pause)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def _stream(self, reply: Reply) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            for piece in reply.pieces or ():
                choice = {"index": 0, "finish_reason": None, "delta": {"content": piece}}
                self._event(json.dumps({"choices": [choice]}))
                service.written += 1
                time.sleep(reply.pause)
            done = {"index": 0, "finish_reason": "length", "delta": {}}
            self._event(json.dumps({"choices": [done]}))
            usage = {"prompt_tokens": 7, "completion_tokens": 2}
            self._event(json.dumps({"choices": [], "usage": usage}))
            self._event("[DONE]")
            self.close_connection = True

        def _event(self, data: str) -> None:
            self.wfile.write(f"data: {data}\n\n".encode())
            self.wfile.flush()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = Service(f"http://127.0.0.1:{server.server_port}/v1", list(replies))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
