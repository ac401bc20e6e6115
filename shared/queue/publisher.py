"""Publish with a confirm, by a deadline, or say that the broker did not take it. The one place that names kombu,
beside what it stands on (`link.py`) and what applies and probes the topology.

Each thread of each process has its own connection, opened when it is first needed: after a fork the child opens its own
and never touches its parent's. A connection that raised is never used again, since what is still under way on it would
answer for the next message; one that was idle for 10 s is closed first, since nobody ticked its heartbeat. While the
broker takes no publishes (memory or disk alarm) the refused connection is kept as a look-out, and everybody is
answered at once instead of waiting.
"""

from __future__ import annotations

import math
import os
import random
import threading
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

import structlog

from shared.errors import BrokerUnavailable, Fault, WireError
from shared.queue.address import nodes
from shared.queue.envelope import MAXIMUM_BODY_BYTES, OutboundMessage, check_outbound
from shared.queue.link import Blocked, Link, Stale
from shared.queue.topology import SENDS, QueueDepth

DEADLINE_S = 4.0
IDLE_S = 10.0
"""So long a connection without a heartbeat may lie idle."""
_LOOK_OUT_S = 10.0
"""So long a blocked connection is believed; then a publish finds out anew."""
_HEALTHY_S = 5.0
"""A confirm younger than this is proof enough for readiness."""

_log = structlog.get_logger()
T = TypeVar("T")


class Publisher:
    """Threads may share it; it may be made before a fork."""

    def __init__(
        self,
        url: str,
        *,
        deadline_s: float = DEADLINE_S,
        idle_s: float = IDLE_S,
        ca_file: str | None = None,
        name: str = "cascade",
    ) -> None:
        """`url` may name several nodes, separated by semicolons. `ca_file` is for amqps://; None means the system's.

        Nothing is opened yet. Raises ConfigError where the URL is none.
        """
        self._nodes = nodes(url)
        self._deadline_s = deadline_s
        self._idle_s = idle_s
        self._ca_file = ca_file
        self._name = name
        self._process = _Process()

    def publish(self, message: OutboundMessage) -> None:
        """Return once the broker has the message for good.

        Raises WireError before anything is sent where a property or the body is too long, Unroutable where the
        topology is missing, else BrokerUnavailable: then it may or may not be stored; publish it again under its id.
        """
        _check(message)
        ends = monotonic() + self._deadline_s
        self._on_link(ends, lambda link: link.publish(message, ends=ends))
        self._own().confirmed_at = monotonic()

    def depth(self, queue: str) -> QueueDepth:
        """Return how many messages are ready and who consumes. Raises Unroutable where there is no such queue."""
        ends = monotonic() + self._deadline_s
        return self._on_link(ends, lambda link: link.depth(queue, ends=ends))

    def healthy(self) -> bool:
        """Tell whether a publish would very likely be confirmed now; takes at most the deadline."""
        own = self._own()
        if own.blocked():
            return False
        if monotonic() - own.confirmed_at < _HEALTHY_S:
            return True
        ends = monotonic() + self._deadline_s
        try:
            self._on_link(ends, lambda link: link.ask_for_exchange(SENDS, ends=ends))
        except BrokerUnavailable:
            return False
        return True

    def close(self) -> None:
        """Close this thread's connection; other threads' end with their threads."""
        own = self._own()
        link, own.link = own.link, None
        if link is not None:
            link.close()
        own.drop_look_out()

    def _on_link(self, ends: float, action: Callable[[Link], T]) -> T:
        link = self._link(ends)
        try:
            try:
                return action(link)
            except Stale:
                # It had died while it was idle. Once, on a fresh one, inside the same deadline.
                _log.info("broker.connection_replaced")
                link = self._fresh_link(ends)
                return action(link)
        except BaseException as error:
            self._own().link = None
            if isinstance(error, Blocked):
                self._own().keep_look_out(link)
                _log.warning("broker.blocked")
            raise

    def _link(self, ends: float) -> Link:
        own = self._own()
        if own.blocked():
            raise Blocked("the broker takes no publishes now: it is short of memory or disk")
        link = own.link
        if link is not None and monotonic() - link.used_at < self._idle_s:
            return link
        return self._fresh_link(ends)

    def _fresh_link(self, ends: float) -> Link:
        own = self._own()
        if own.link is not None:
            own.link.close()
            own.link = None
        failure: BrokerUnavailable | None = None
        for url in random.sample(self._nodes, len(self._nodes)):
            try:
                own.link = Link(url, ends=ends, ca_file=self._ca_file, name=self._name)
            except BrokerUnavailable as error:
                failure = error
            else:
                return own.link
        _log.warning("broker.not_reached", error=str(failure))
        raise failure or BrokerUnavailable("no broker")

    def _own(self) -> _Process:
        """Return this process's state; a child of a fork begins with none, and leaves its parent's alone."""
        if self._process.pid != os.getpid():
            self._process = _Process(parent=self._process)
        return self._process


class _Process:
    """What one process remembers: a connection for each thread, and one look-out for all."""

    def __init__(self, *, parent: _Process | None = None) -> None:
        self.pid = os.getpid()
        self.confirmed_at = -math.inf
        self._parent = parent  # held, so that nothing of the parent's is finalised in its child
        self._threads = threading.local()
        self._lock = threading.Lock()
        self._look_out: Link | None = None
        self._look_out_until = 0.0

    @property
    def link(self) -> Link | None:
        """This thread's connection."""
        link: Link | None = getattr(self._threads, "link", None)
        return link

    @link.setter
    def link(self, link: Link | None) -> None:
        self._threads.link = link

    def keep_look_out(self, link: Link) -> None:
        """Let a blocked connection tell when the broker takes publishes again."""
        with self._lock:
            replaced, self._look_out = self._look_out, link
            self._look_out_until = monotonic() + _LOOK_OUT_S
        if replaced is not None:
            replaced.discard()

    def drop_look_out(self) -> None:
        """Close the look-out's connection; the next publish finds out anew."""
        with self._lock:
            link, self._look_out = self._look_out, None
        if link is not None:
            link.discard()

    def blocked(self) -> bool:
        """Tell whether the broker is known to take no publishes; costs a millisecond while it is so, else nothing."""
        with self._lock:
            link = self._look_out
            if link is None:
                return False
            if monotonic() < self._look_out_until and link.still_blocked():
                return True
            self._look_out = None
        link.discard()
        return False


def _check(message: OutboundMessage) -> None:
    check_outbound(
        exchange=message.exchange,
        routing_key=message.routing_key,
        type=message.type,
        message_id=message.message_id,
        headers=message.headers,
        correlation_id=message.correlation_id,
        user_id=message.user_id,
        reply_to=message.reply_to,
    )
    if len(message.body) > MAXIMUM_BODY_BYTES:
        reason = f"{len(message.body)} bytes, at most {MAXIMUM_BODY_BYTES} are allowed"
        raise WireError(Fault(pointer="", name="", reason=reason, code="too_long"))
