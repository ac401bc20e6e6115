"""What operators are told: stops that begin and end, as events and in the log, and whether anybody takes webhooks."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

import structlog

from services.dispatcher.timers import Hearing
from services.dispatcher.work import Piece
from shared.channels import QUEUED_CHANNELS
from shared.metrics import Metrics
from shared.model import Stop, StopKind
from shared.queue import envelope
from shared.queue.topology import EVENTS
from shared.store.records import OutboxRow
from shared.wire.announcements import event, write

log = structlog.get_logger()

TENANT = "cascade"
"""Stops concern the deployment and no single tenant: operators bind to this word."""
STOP_IS_NEWS_S = 5.0
"""A stop older than this when it is first seen is no news: this dispatcher has just started."""


class News:
    """Says each thing once, in the log and as the piece of an event.

    Several dispatchers tell the same event under the same id: consumers drop what they have seen.
    """

    def __init__(self, *, metrics: Metrics, owner: str) -> None:
        self._metrics = metrics
        self._owner = owner
        self._hearing = Hearing.MARKERS
        self._stops: tuple[Stop, ...] = ()

    def circuits(self, stops: tuple[Stop, ...]) -> None:
        """Show which channels are stopped, whole or in part: a stop of an account is one of all its channels."""
        if stops == self._stops:
            return
        self._stops = stops
        for channel in QUEUED_CHANNELS:
            stopped = any(stop.channel in (None, channel) for stop in stops)
            self._metrics.circuit_open.labels(channel).set(1 if stopped else 0)

    def began(self, stop: Stop, now: float) -> Piece | None:
        """Tell that a stop began; None where that is long known."""
        if now - stop.since > STOP_IS_NEWS_S:
            return None
        # An operator who paused a channel knows; everything else stops sends and needs a person.
        say = log.warning if stop.kind in (StopKind.PAUSE, StopKind.SKIP) else log.error
        say("channel.stopped", **_facts(stop))
        return self._piece(stop, "channel.stopped", now)

    def ended(self, stop: Stop, now: float) -> Piece:
        """Tell that a stop ended."""
        log.info("channel.resumed", **_facts(stop))
        return self._piece(stop, "channel.resumed", now)

    def heard(self, hearing: Hearing) -> None:
        """Tell when nobody takes webhooks any more, and when somebody does again."""
        if hearing is self._hearing:
            return
        self._hearing = hearing
        match hearing:
            case Hearing.MARKERS:
                log.info("receipts.heard")
            case Hearing.SILENT:
                log.warning("receipts.silent", windows="wait")
            case Hearing.BLIND:
                self._metrics.alarms.labels("receipts_blind").inc()
                log.error("receipts.blind", windows="fire without receipts", doubt="waits")

    def _piece(self, stop: Stop, name: str, at: float) -> Piece:
        id_ = str(uuid5(NAMESPACE_URL, f"{stop.key}/{stop.since:.6f}/{name}"))
        row = OutboxRow(
            exchange=EVENTS,
            routing_key=f"{TENANT}.{name}",
            type=envelope.EVENT,
            message_id=id_,
            body=write(event(id=id_, event=name, at=at, tenant=TENANT, facts=_facts(stop))),
            mandatory=False,
            owner=self._owner,
        )
        return Piece(outbox=(row,))


def _facts(stop: Stop) -> dict[str, object]:
    facts = {
        "kind": stop.kind.value,
        "account": stop.account,
        "channel": stop.channel,
        "sender": stop.sender,
        "why": stop.reason,
        "by": stop.by,
    }
    return {key: value for key, value in facts.items() if value is not None}
