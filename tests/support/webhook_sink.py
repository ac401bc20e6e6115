"""A receiver of webhooks in a thread, which keeps the exact bytes and answers as it is told to."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One webhook as it came; names of headers are in lower case."""

    path: str
    headers: dict[str, str]
    raw: bytes
    method: str = "POST"

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass(slots=True, kw_only=True)
class Sink:
    """What has arrived so far. `answers` are used one a webhook, the last one repeated."""

    url: str
    answers: Sequence[int] = (200,)
    arrivals: list[Arrival] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, arrival: Arrival) -> int:
        with self.lock:
            self.arrivals.append(arrival)
            return self.answers[min(len(self.arrivals), len(self.answers)) - 1]

    def of(self, message_uuid: str) -> list[Arrival]:
        """Give what arrived about one message, in the order of arrival."""
        with self.lock:
            return [arrival for arrival in self.arrivals if arrival.body.get("message_uuid") == message_uuid]

    def statuses(self, message_uuid: str) -> list[str]:
        return [arrival.body["status"] for arrival in self.of(message_uuid)]


@contextmanager
def webhook_sink(answers: Sequence[int] = (200,)) -> Iterator[Sink]:
    """Run a receiver on a free port for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(sink.keep(Arrival(path=self.path, headers=headers, raw=raw, method=self.command)))
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815  # the library's own name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's own name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sink = Sink(url=f"http://127.0.0.1:{server.server_port}/webhooks", answers=answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
