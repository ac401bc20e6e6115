"""Serve the sandbox: one gunicorn worker with many threads, so that its memory is in one place.

A worker that died would be replaced by one that remembers nothing, and a witness that forgot is worse than none: so the
server ends with its worker.
"""

import os
import signal
import socket
from pathlib import Path
from typing import Any

import structlog
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from services.sandbox.app import make_app
from services.sandbox.settings import PREFIX, Settings, SettingsError
from services.sandbox.simulator import Simulator

_log = structlog.get_logger()


class _ServerLog(Logger):
    """Hands what the server says to the log of this process."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class SandboxServer(BaseApplication):
    """The server around one listening socket. `run` returns never: the process ends with it."""

    def __init__(self, settings: Settings, listening: socket.socket) -> None:
        self._settings = settings
        self._port = int(listening.getsockname()[1])
        self._descriptor = listening.detach()
        self._simulator = Simulator(settings)
        super().__init__()

    def load_config(self) -> None:
        chosen = {
            "bind": f"fd://{self._descriptor}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": self._settings.threads,
            "worker_connections": self._settings.threads + 2000,
            # Longer than clients keep a connection in their pools: who closes first should be the client.
            "keepalive": 75,
            "graceful_timeout": 1,
            "accesslog": None,
            "loglevel": "warning",
            "logger_class": _ServerLog,
            "control_socket_disable": True,
            "post_worker_init": self._tell_the_port,
            "worker_exit": self._stop,
            "child_exit": _end_with_the_worker,
        }
        if self._settings.tls_certificate is not None:
            chosen["certfile"] = str(self._settings.tls_certificate)
            chosen["keyfile"] = str(self._settings.tls_key or self._settings.tls_certificate)
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Make the application in the worker: threads begun before the fork would not be there."""
        self._simulator.start()
        return make_app(self._simulator)

    def _tell_the_port(self, _worker: object) -> None:
        _log.info("sandbox.started", host=self._settings.host, port=self._port, pid=os.getppid())
        if self._settings.port_file is not None:
            _write_whole(self._settings.port_file, f"{self._port}\n")

    def _stop(self, _arbiter: object, _worker: object) -> None:
        self._simulator.stop()
        _log.info("sandbox.stopped")


def _end_with_the_worker(_arbiter: object, _worker: object) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def listen(settings: Settings) -> socket.socket:
    """Open the socket that calls come in by. Raises SettingsError if the port is taken or the address is not ours."""
    try:
        return socket.create_server((settings.host, settings.port), backlog=1024)
    except OSError as error:
        raise SettingsError(
            f"{PREFIX}PORT: port {settings.port} on {settings.host} ({PREFIX}HOST) can't be had: {error.strerror}"
        ) from error


def _write_whole(path: Path, content: str) -> None:
    """Write a file that is either not there or complete."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(content)
    draft.replace(path)
