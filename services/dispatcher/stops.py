"""The stops in force, as this dispatcher knows them: which steps they cover, which queues they close, what ended.

The store is read at least once a second; what this process wrote itself it knows at once. A `skip` never closes a
queue: its steps go on as their messages are read.
"""

from __future__ import annotations

from collections.abc import Collection

from shared.channels import CHANNELS
from shared.model import Step, Stop, StopKind
from shared.store.directory import Directory

FIRST_PROBE_S = 10.0
LONGEST_PROBE_S = 300.0


class Stops:
    """What is stopped now."""

    def __init__(self) -> None:
        self._by_key: dict[str, Stop] = {}

    @property
    def in_force(self) -> tuple[Stop, ...]:
        """Every stop we know of."""
        return tuple(self._by_key.values())

    def learn(self, stops: Collection[Stop]) -> tuple[tuple[Stop, ...], tuple[Stop, ...]]:
        """Take what the store says now; return those that are new to us, and those that ended."""
        read = {stop.key: stop for stop in stops}
        new = tuple(stop for key, stop in read.items() if key not in self._by_key)
        ended = tuple(stop for key, stop in self._by_key.items() if key not in read)
        self._by_key = read
        return new, ended

    def add(self, stop: Stop) -> bool:
        """Note a stop that we wrote; True where it is new to us."""
        new = stop.key not in self._by_key
        self._by_key[stop.key] = stop
        return new

    def remove(self, key: str) -> None:
        """Note that we lifted a stop."""
        self._by_key.pop(key, None)

    def known(self, key: str) -> Stop | None:
        """Return the stop with this key, None where it is not in force."""
        return self._by_key.get(key)

    def due_probes(self, now: float) -> tuple[Stop, ...]:
        """Return stops of which one call may be tried."""
        return tuple(stop for stop in self._by_key.values() if stop.probe_at is not None and stop.probe_at <= now)

    def closed(self, channel: str, directory: Directory) -> bool:
        """Tell whether nothing of a channel's queue could be claimed: every account that serves it is stopped."""
        if not self._by_key:
            return False
        hard = [stop for stop in self._by_key.values() if stop.sender is None and stop.kind is not StopKind.SKIP]
        skipped = any(
            stop.kind is StopKind.SKIP and stop.covers(account=stop.account or "", channel=channel, sender="")
            for stop in self._by_key.values()
        )
        return not skipped and all(
            any(stop.covers(account=account, channel=channel, sender="") for stop in hard)
            for account in accounts_serving(channel, directory)
        )


def covering(stops: Collection[Stop], *, account: str, step: Step) -> tuple[Stop, ...]:
    """Return those of the stops that cover a step of this account."""
    message = step.message
    return tuple(stop for stop in stops if stop.covers(account=account, channel=message.channel, sender=message.sender))


def sets_messages_aside(stop: Stop, directory: Directory) -> bool:
    """Tell whether a stop leaves a queue open, so that messages of rows it covers were read and acknowledged under it.

    It does where it names a sender, or one of several accounts. Which rows had their messages read nobody remembers:
    it may have been another dispatcher, or an earlier life of this one.
    """
    alone = Stops()
    alone.add(stop)
    concerned = CHANNELS if stop.channel is None else (stop.channel,)
    return any(not alone.closed(channel, directory) for channel in concerned)


def accounts_serving(channel: str, directory: Directory) -> tuple[str, ...]:
    """Return the provider accounts that steps of a channel may use; "default" where none is known yet."""
    named = {route.account for route in directory.routes if route.channel in (None, channel)}
    if "default" in directory.accounts or not directory.accounts:
        named.add("default")
    elif len(directory.accounts) == 1:
        named.update(directory.accounts)
    return tuple(sorted(named))


def next_probe_at(stop: Stop, now: float) -> float:
    """Return when the probe after this one may be made: after 10 s, doubling to 5 min (semantics 5)."""
    doublings = min(stop.probe_count + 1, 10)
    return now + min(FIRST_PROBE_S * 2.0**doublings, LONGEST_PROBE_S)
