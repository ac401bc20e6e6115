"""Stops, the watermark and the directory in memory."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from threading import Lock

from shared.errors import NotStored
from shared.model import Stop
from shared.store.batches import merged_stop
from shared.store.directory import (
    Account,
    ApiKey,
    Application,
    Directory,
    DirectoryChange,
    Publisher,
    Route,
    Tenant,
    names_in,
)
from shared.store.memory_state import Clock, MemoryState
from shared.store.records import Controls

# Always the same, so that a simulation can be run again; it never leaves the process.
_SECRET = hashlib.sha256(b"in memory").digest()


class MemoryControls:
    """See `ControlStore`."""

    _state: MemoryState
    _lock: Lock
    _clock: Clock

    def controls(self) -> Controls:
        """See the port."""
        with self._lock:
            stops = tuple(self._state.stops[key] for key in sorted(self._state.stops))
            return Controls(now=self._clock(), stops=stops, read_to=self._state.read_to)

    def put_stop(self, stop: Stop) -> None:
        """See the port."""
        with self._lock:
            self._state.stops[stop.key] = merged_stop(stop, self._state.stops.get(stop.key))

    def lift_stop(self, key: str) -> Stop | None:
        """See the port."""
        with self._lock:
            return self._state.stops.pop(key, None)

    def take_probe(self, key: str, *, probe_count: int, next_probe_at: float) -> bool:
        """See the port."""
        with self._lock:
            stop = self._state.stops.get(key)
            if stop is None or stop.probe_count != probe_count:
                return False
            self._state.stops[key] = replace(stop, probe_count=probe_count + 1, probe_at=next_probe_at)
            return True


class MemoryDirectory:
    """See `DirectoryStore`."""

    _state: MemoryState
    _lock: Lock
    _clock: Clock

    def directory(self) -> Directory:
        """See the port."""
        with self._lock:
            state = self._state
            return Directory(
                now=self._clock(),
                deployment_secret=_SECRET,
                accounts=dict(sorted(state.accounts.items())),
                routes=tuple(route for _, route in sorted(state.routes.items())),
                tenants=dict(sorted(state.tenants.items())),
                applications=dict(sorted(state.applications.items())),
                keys=dict(sorted(state.keys.items())),
                publishers=dict(sorted(state.publishers.items())),
            )

    def change_directory(self, change: DirectoryChange) -> None:
        """See the port."""
        with self._lock:
            state = self._state
            for name, kind in names_in(change):
                if name not in (state.accounts if kind is Account else state.tenants):
                    raise NotStored(f"there is no {kind.__name__.lower()} {name!r}")
            match change:
                case Account():
                    state.accounts[change.name] = change
                case Route():
                    state.routes[change.tenant or "", change.channel or "", change.sender or ""] = change
                case Tenant():
                    state.tenants[change.name] = change
                case Application():
                    state.applications[change.application_id] = change
                case ApiKey():
                    before = state.keys.get(change.api_key)
                    made_at = before.made_at if before is not None else change.made_at or self._clock()
                    state.keys[change.api_key] = replace(change, made_at=made_at)
                case Publisher():
                    state.publishers[change.user] = change
