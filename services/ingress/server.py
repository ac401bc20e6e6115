"""Serve the ingress with gunicorn: a master that only forks, workers with threads, a graceful end.

The listening socket is opened before gunicorn starts: then a taken port is one clear error, and port 0 works.
Nothing connects to broker or store before the fork; each worker makes its own of everything.
"""

from __future__ import annotations

import os
import socket
from typing import Any

import structlog
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from services.ingress.app import app_of, make_house
from services.ingress.clock import SystemClock
from services.ingress.house import House
from services.ingress.markers import Markers
from services.ingress.opening import OpeningStore
from services.ingress.settings import GRACE_S, HOST_VARIABLE, PORT_VARIABLE, IngressSettings
from services.ingress.upkeep import Upkeep
from shared.errors import ConfigError
from shared.metrics_page import forget_process
from shared.queue.publisher import Publisher
from shared.wire.envelopes import Marker, write

_log = structlog.get_logger()

UNREAD_AT_MOST = 64 * 1024
"""Bytes of a body that nobody read which gunicorn still reads away, to keep the connection."""


def listen(settings: IngressSettings) -> socket.socket:
    """Open the socket that calls come in by. Raises ConfigError that names the variable."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=1024)
    except OSError as error:
        raise ConfigError(
            f"{PORT_VARIABLE}: port {settings.port} on {settings.host} ({HOST_VARIABLE}) can't be had:"
            f" {error.strerror or error}"
        ) from error


class _ServerLog(Logger):
    """Hands what the server says to the log of this process."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class IngressServer(BaseApplication):
    """The server around one listening socket. `run` never returns: the process ends with it."""

    def __init__(self, settings: IngressSettings, listening: socket.socket) -> None:
        """Take over the socket."""
        self._settings = settings
        self._port = int(listening.getsockname()[1])
        self._descriptor = listening.detach()
        self._house: House | None = None
        self._store = OpeningStore(settings.store_url)
        self._upkeep: Upkeep | None = None
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from the server's defaults."""
        chosen: dict[str, object] = {
            "bind": f"fd://{self._descriptor}",
            "workers": self._settings.workers,
            "worker_class": "gthread",
            "threads": self._settings.threads,
            # Longer than clients keep a connection in their pools: who closes first should be the client.
            "keepalive": 75,
            "graceful_timeout": GRACE_S,
            "timeout": 60,
            "accesslog": None,
            "loglevel": "warning",
            "logger_class": _ServerLog,
            "control_socket_disable": True,
            "pre_request": _end_with_a_large_body,
            "post_worker_init": self._begin,
            "worker_exit": self._end,
            "child_exit": _forget,
            "on_exit": self._remove_port_file,
        }
        if (tls := self._settings.tls) is not None:
            chosen |= {"certfile": str(tls.certificate), "keyfile": str(tls.key)}
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Make the application in the worker: connections and threads do not survive a fork."""
        publisher = Publisher(self._settings.broker_url, deadline_s=self._settings.publish_timeout_s, name="ingress")
        self._house = make_house(self._settings, self._store, publisher, SystemClock())
        return app_of(self._house)

    def _begin(self, _worker: object) -> None:
        if self._house is not None:
            self._upkeep = Upkeep(_markers(self._house), self._house.known, self._store)
            self._upkeep.start()
        _log.info("ingress.started", host=self._settings.host, port=self._port, worker=os.getpid(), pid=os.getppid())
        if self._settings.port_file is not None:
            draft = self._settings.port_file.with_name(f"{self._settings.port_file.name}.{os.getpid()}")
            draft.write_text(f"{self._port}\n", encoding="ascii")
            draft.replace(self._settings.port_file)

    def _end(self, _arbiter: object, _worker: object) -> None:
        if self._upkeep is not None:
            self._upkeep.stop()
        self._store.close()
        _log.info("ingress.stopped", worker=os.getpid())

    def _remove_port_file(self, _arbiter: object) -> None:
        if self._settings.port_file is not None:
            self._settings.port_file.unlink(missing_ok=True)


def _markers(record: House) -> Markers:
    return Markers(
        record.publisher,
        record.known,
        record.store_time,
        record.clock,
        body=lambda at: write(Marker(at=at)),
    )


def _end_with_a_large_body(_worker: object, request: Any) -> None:
    """Say `Connection: close` to a request whose body may stay unread in part, as one that is refused does.

    The server ends such a connection anyway. A client that was not told puts its next request into it, and can't
    know whether that was taken.
    """
    said = dict(request.headers)
    length = said.get("CONTENT-LENGTH", "0")
    if "TRANSFER-ENCODING" in said or not length.isdecimal() or int(length) > UNREAD_AT_MOST:
        request.force_close()


def _forget(_arbiter: object, worker: Any) -> None:
    forget_process(worker.pid)
