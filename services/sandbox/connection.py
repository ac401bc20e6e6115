"""Leave a call without an answer: cut its connection, or hold it open and say nothing.

Both need the socket itself, which the WSGI server hands in under the name `gunicorn.socket`.
"""

import select
import socket
import struct
from collections.abc import Mapping
from typing import Any

# Close without lingering: what was not sent is dropped, and the other side hears of it at once.
_AT_ONCE = struct.pack("ii", 1, 0)


def cut(environ: Mapping[str, Any]) -> None:
    """Close the connection of a request. What is answered afterwards goes nowhere."""
    connection: socket.socket = environ["gunicorn.socket"]
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The other side was quicker. All the same, it is closed.
        return


def hold(environ: Mapping[str, Any], longest_s: float) -> None:
    """Keep a request's connection open in silence until the other side hangs up or the time is over; then cut it."""
    connection: socket.socket = environ["gunicorn.socket"]
    watch = select.poll()
    watch.register(connection, select.POLLIN | select.POLLHUP | select.POLLERR)
    # What a waiting client sends is the end of the stream: it hung up.
    watch.poll(longest_s * 1000)
    cut(environ)
