"""The background of a worker process: markers, the directory kept fresh while nobody calls, old keys deleted."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from services.ingress.known import FRESH_S, KnownCallers
from services.ingress.markers import Markers
from services.ingress.ports import IngressStore
from shared.errors import StoreUnavailable

AFTER_A_FAILURE_S = 1.0
STOP_WITHIN_S = 5.0
PURGE_S = 600.0
PURGE_AGAIN_S = 30.0

_log = structlog.get_logger()


class Upkeep:
    """Three threads of a process that serves. Started after the fork: a thread does not survive one."""

    def __init__(self, markers: Markers, known: KnownCallers, store: IngressStore) -> None:
        self._known = known
        self._store = store
        self._stopping = threading.Event()
        self._threads = tuple(
            threading.Thread(target=self._repeat, args=(name, step), name=name, daemon=True)
            for name, step in (
                ("markers", markers.step),
                ("directory", self._read_directory),
                ("keys", self._purge_keys),
            )
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

    def _purge_keys(self) -> float:
        """Every worker does it, and none needs to know of the others: what is gone is gone."""
        try:
            self._store.purge_keys()
        except StoreUnavailable:
            return PURGE_AGAIN_S
        return PURGE_S
