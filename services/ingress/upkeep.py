"""The background of a worker process: markers, and the directory kept fresh while nobody calls."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from services.ingress.known import FRESH_S, KnownCallers
from services.ingress.markers import Markers

AFTER_A_FAILURE_S = 1.0
STOP_WITHIN_S = 5.0

_log = structlog.get_logger()


class Upkeep:
    """Two threads of a process that serves. Started after the fork: a thread does not survive one."""

    def __init__(self, markers: Markers, known: KnownCallers) -> None:
        self._known = known
        self._stopping = threading.Event()
        self._threads = tuple(
            threading.Thread(target=self._repeat, args=(name, step), name=name, daemon=True)
            for name, step in (("markers", markers.step), ("directory", self._read_directory))
        )

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End within a few seconds; a thread that waits for a broker is left to end with the process."""
        self._stopping.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=STOP_WITHIN_S)

    def _repeat(self, name: str, step: Callable[[], float]) -> None:
        """Call `step` for ever; it returns the seconds until it wants to be called again."""
        wait_s = 0.0
        while not self._stopping.wait(wait_s):
            try:
                wait_s = step()
            except Exception:  # noqa: BLE001  an outermost loop
                # Without markers every window waits, so this outlives what nobody thought of.
                _log.exception("upkeep.failed", thread=name)
                wait_s = AFTER_A_FAILURE_S

    def _read_directory(self) -> float:
        return FRESH_S / 2 if self._known.refresh() else AFTER_A_FAILURE_S
