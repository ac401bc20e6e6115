"""A TCP server that behaves as badly as a test wants: each connection is handed to a function of its own thread."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.support.vonage_accounts import rsa_key

Script = Callable[["Visit"], None]


@dataclass(slots=True, kw_only=True)
class Visit:
    """One connection, seen from the server."""

    connection: socket.socket
    number: int
    """Counts connections from 1."""
    requests: list[bytes]
    """Every request of every connection, head and body."""
    stopping: threading.Event
    pending: bytearray = field(default_factory=bytearray)

    def read_request(self) -> bytes:
        """Read one request with its body; b"" when the client went away before."""
        while b"\r\n\r\n" not in self.pending:
            if not self._more():
                return b""
        head, _, _ = self.pending.partition(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        end = len(head) + 4 + (int(lengths[0]) if lengths else 0)
        while len(self.pending) < end:
            if not self._more():
                return b""
        request = bytes(self.pending[:end])
        del self.pending[:end]
        self.requests.append(request)
        return request

    def _more(self) -> bool:
        with suppress(OSError):
            if part := self.connection.recv(65_536):
                self.pending += part
                return True
        return False

    def answer(self, status: int, body: bytes = b"", *headers: str) -> None:
        self.write(self.head(status, f"Content-Length: {len(body)}", *headers) + body)

    @staticmethod
    def head(status: int, *headers: str) -> bytes:
        return "\r\n".join([f"HTTP/1.1 {status} Something", *headers, "", ""]).encode()

    def write(self, data: bytes) -> None:
        self.connection.sendall(data)

    def drip(self, data: bytes, every_s: float) -> None:
        """Send byte by byte until the client has had enough."""
        for byte in data:
            if self.stopping.wait(every_s):
                return
            self.write(bytes([byte]))

    def hang(self) -> None:
        """Do nothing until the server is stopped or the client goes away."""
        while not self.stopping.wait(0.02):
            pass

    def reset(self) -> None:
        """Close with a TCP reset instead of a goodbye."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawServer:
    """A running server."""

    url: str
    port: int
    requests: list[bytes]
    visits: list[Visit]


@contextmanager
def raw_server(script: Script, *, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """Serve on a free port of 127.0.0.1 for the length of the block; a client that goes away ends its script."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = RawServer(url=f"{'https' if tls else 'http'}://127.0.0.1:{port}", port=port, requests=[], visits=[])
    stopping = threading.Event()
    threads: list[threading.Thread] = []

    def serve(visit: Visit) -> None:
        with suppress(OSError), visit.connection:
            if tls is not None:
                visit.connection = tls.wrap_socket(visit.connection, server_side=True)
            with visit.connection:
                script(visit)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                visit = Visit(
                    connection=connection, number=len(server.visits) + 1, requests=server.requests, stopping=stopping
                )
                server.visits.append(visit)
                threads.append(threading.Thread(target=serve, args=(visit,), daemon=True))
                threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        stopping.set()
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for visit in server.visits:
            with suppress(OSError):
                visit.connection.shutdown(socket.SHUT_RDWR)
        for thread in [accepting, *threads]:
            thread.join(5.0)


def self_made_certificate(folder: Path, *, name: str = "127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """Write a certificate for `name` that nobody signed but itself; return its path and a context that shows it."""
    key = rsa_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    with_name: x509.GeneralName = x509.DNSName(name)
    with suppress(ValueError):
        with_name = x509.IPAddress(ip_address(name))
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([with_name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path, key_path = folder / f"{name}.pem", folder / f"{name}.key"
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    key_path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key_path)
    return path, context
