"""Free ports on 127.0.0.1, below those that the kernel lends to outgoing connections.

A server that is down for a moment must find its port free when it comes back. A port from the kernel's own range
may have gone to somebody's connection in between.
"""

import random
import socket

_FIRST, _LAST = 20_000, 32_000


def free_port() -> int:
    """Return a port that nothing listens on now."""
    while True:
        port = random.randint(_FIRST, _LAST)
        if is_free(port):
            return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a connection of the last run that still lingers does not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
