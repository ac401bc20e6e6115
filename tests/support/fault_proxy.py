"""A TCP proxy on 127.0.0.1 that does to a connection what networks do: delay, swallow, reset, cut, refuse.

with FaultProxy(port) as proxy:
    url = f"amqp://...@127.0.0.1:{proxy.port}/..."
    proxy.swallow()      # a black hole: both ends stay open and nothing passes; new connections too
    proxy.heal()         # what was swallowed passes now
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

_CHUNK = 65_536


class FaultProxy:
    """Forwards to `target_port`; every method may be called while connections are open."""

    def __init__(self, target_port: int, *, tls: ssl.SSLContext | None = None) -> None:
        """`tls`: speak TLS with those who connect, and plainly with the target."""
        self._tls = tls
        self.accepted = 0
        """Connections so far."""
        self._target = ("127.0.0.1", target_port)
        self._delay_s = 0.0
        self._bytes_left: int | None = None
        self._swallow_answers = False
        self._open = threading.Event()
        self._open.set()
        self._refusing = False
        self._stopped = False
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._spawn(self._accept)

    def delay(self, seconds: float) -> None:
        """Hold each piece back for so long, in each direction."""
        self._delay_s = seconds

    def swallow(self, *, answers_only: bool = False) -> None:
        """Let nothing pass, or nothing that comes back, until `heal`."""
        self._swallow_answers = answers_only
        self._open.clear()

    def cut_after(self, count: int) -> None:
        """Close the next connections after so many bytes sent to the target in all."""
        self._bytes_left = count

    def refuse(self) -> None:
        """Close what is open, and every new connection at once."""
        self._refusing = True
        self.reset()

    def reset(self) -> None:
        """End every open connection with a reset, as a firewall does that forgot them."""
        with self._lock:
            sockets = list(self._sockets)
        for each in sockets:
            self._end(each, reset=True)

    def heal(self) -> None:
        """Be a good network again."""
        self._delay_s = 0.0
        self._bytes_left = None
        self._refusing = False
        self._swallow_answers = False
        self._open.set()

    def close(self) -> None:
        self._stopped = True
        self._open.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()
        for thread in self._threads:
            thread.join(5.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _accept(self) -> None:
        while not self._stopped:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            if self._refusing:
                client.close()
                continue
            if self._tls is not None:
                try:
                    client = self._tls.wrap_socket(client, server_side=True)
                except OSError:
                    client.close()
                    continue
            server = socket.create_connection(self._target)
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets |= {client, server}
            self._spawn(self._pump, client, server, True)
            self._spawn(self._pump, server, client, False)

    def _pump(self, source: socket.socket, target: socket.socket, forth: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(_CHUNK):
                if self._delay_s:
                    time.sleep(self._delay_s)
                if not (forth and self._swallow_answers):
                    self._open.wait()
                if forth and self._bytes_left is not None:
                    target.sendall(piece[: self._bytes_left])
                    self._bytes_left -= min(len(piece), self._bytes_left)
                    if not self._bytes_left:
                        break
                else:
                    target.sendall(piece)
        self._end(source)
        self._end(target)

    def _end(self, each: socket.socket, *, reset: bool = False) -> None:
        with self._lock:
            if each not in self._sockets:
                return
            self._sockets.discard(each)
        if reset:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with suppress(OSError):
            # Wakes the thread that reads from it. With a reset, close() alone sends it; shutdown would say good-bye.
            each.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
        each.close()

    def _spawn(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]  # a bound method
        thread.start()
        self._threads.append(thread)
