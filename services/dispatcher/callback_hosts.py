"""Decide whose callback goes next: hosts in turn, the slow and the dead at their own cost. No thread, no clock.

Of each host no more is held than it can work through before the leases end; the rest is let go and is due again
later. A host in trouble rests, then gets one try at a time, and all hosts that are slow or in trouble together get
at most half of the threads.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from services.dispatcher.callback_plan import Reply
from shared.store.records import CallbackRow

SLOW_S = 2.0
"""A host whose answers take longer on average counts as slow."""
_LONGEST_REST_S = 60.0
_FORGET_AFTER_S = 600.0
_FIRST_GUESS_S = 0.05
"""Length of an answer of a host that nobody has called yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A row in hand; times are monotonic."""

    row: CallbackRow
    host: str
    start_by: float
    """Later, its lease could end during the try, and somebody else would make the same try."""
    store_offset: float
    """Store time less monotonic time."""


class _Host:
    """What is known of one host."""

    def __init__(self) -> None:
        self.waiting: deque[Taken] = deque()
        self.running = 0
        self.failures = 0
        self.rests_until = 0.0
        self.answer_s = _FIRST_GUESS_S
        self.seen_at = 0.0

    @property
    def troubled(self) -> bool:
        return self.failures > 0 or self.answer_s > SLOW_S


class Hosts:
    """The hand of a courier, sorted by host. Whoever uses it from several threads holds a lock."""

    def __init__(self, *, threads: int, per_host: int) -> None:
        """`per_host`: most tries at a time to one host; `threads`: most of all."""
        self._per_host = per_host
        self._most_troubled = max(1, threads // 2)
        self._hosts: dict[str, _Host] = {}
        self.waiting = 0
        self.running = 0

    def keep(self, taken: Taken, now: float) -> bool:
        """Put a row into the hand; False where its host can't be expected to take it in time."""
        host = self._hosts.get(taken.host)
        if host is None:
            host = self._hosts[taken.host] = _Host()
        if now < host.rests_until:
            return False
        at_a_time = 1 if host.failures else self._per_host
        can_take = at_a_time * max(0.0, taken.start_by - now) / host.answer_s
        if len(host.waiting) + host.running >= max(1.0, can_take):
            return False
        host.seen_at = now
        host.waiting.append(taken)
        self.waiting += 1
        return True

    def next(self, now: float) -> Taken | None:
        """Take a row whose turn it is out of the hand; None where no host may be called now."""
        troubled = sum(host.running for host in self._hosts.values() if host.troubled)
        for name, host in self._hosts.items():
            while host.waiting and now > host.waiting[0].start_by:
                host.waiting.popleft()
                self.waiting -= 1
            if not host.waiting or now < host.rests_until:
                continue
            if host.running >= (1 if host.failures else self._per_host):
                continue
            if host.troubled and troubled >= self._most_troubled:
                continue
            self._hosts[name] = self._hosts.pop(name)  # to the end: the others come first next time
            host.running += 1
            self.waiting -= 1
            self.running += 1
            return host.waiting.popleft()
        return None

    def ended(self, taken: Taken, reply: Reply, *, took_s: float, now: float) -> None:
        """Note what came of a try; a host in trouble loses what it has in hand until its leases end."""
        host = self._hosts[taken.host]
        host.running -= 1
        self.running -= 1
        host.seen_at = now
        if reply.host_in_trouble:
            host.failures += 1
            rest_s = min(_LONGEST_REST_S, 2.0 ** min(host.failures, 6))
            host.rests_until = now + max(rest_s, reply.retry_after_s or 0.0)
            self.waiting -= len(host.waiting)
            host.waiting.clear()
        elif not reply.ours:
            host.failures = 0
            host.answer_s = max(0.8 * host.answer_s + 0.2 * took_s, 0.001)

    def clear(self) -> None:
        """Let everything go that waits."""
        for host in self._hosts.values():
            host.waiting.clear()
        self.waiting = 0

    def forget(self, now: float) -> None:
        """Forget hosts that nothing was heard of for a while."""
        quiet = [
            name
            for name, host in self._hosts.items()
            if not host.running and not host.waiting and now > max(host.seen_at, host.rests_until) + _FORGET_AFTER_S
        ]
        for name in quiet:
            del self._hosts[name]
