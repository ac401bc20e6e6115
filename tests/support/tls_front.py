"""A server that ends TLS in front of plain ones, and can swallow answers: what a client does then is its own doing.

with tls_front(certificate, "http://127.0.0.1:8082", swallow=2) as front:
    front.address   # "127.0.0.1:43210"
    front.requests  # what came, one entry a request, swallowed ones too
"""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from urllib.parse import urlsplit

from tests.support.certificates import Certificate

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})


@dataclass(slots=True, kw_only=True)
class Front:
    address: str
    """Host and port."""
    swallow: int = 0
    """So many answers more are taken from the server and not passed on: the connection is closed instead."""
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Method, Authorization and body."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, method: str, authorization: str, body: bytes) -> bool:
        """Tell whether the answer is to be passed on."""
        with self.lock:
            self.requests.append((method, authorization, body))
            self.swallow -= 1
            return self.swallow < 0


@contextmanager
def tls_front(certificate: Certificate, *urls: str, swallow: int = 0) -> Iterator[Front]:
    """Run it on a free port for the length of the block; the servers behind it take turns."""
    turns = cycle(urlsplit(url) for url in urls)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            passes = front.note(self.command, self.headers.get("Authorization", ""), body)
            target = next(turns)
            upstream = http.client.HTTPConnection(str(target.hostname), target.port, timeout=30)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            content = answer.read()
            upstream.close()
            if not passes:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self._pass_on()

        def do_POST(self) -> None:
            self._pass_on()

        def do_PATCH(self) -> None:
            self._pass_on()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's own name
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> tuple[ssl.SSLSocket, object]:
            connection, address = super().get_request()
            # The handshake is left to the connection's own thread: one that hangs must not stop the others.
            return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    context = certificate.server_context()
    server = Server(("127.0.0.1", 0), Handler)
    front = Front(address=f"127.0.0.1:{server.server_port}", swallow=swallow)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield front
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
