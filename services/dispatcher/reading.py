"""From deliveries to work: each is read by the rules of its queue, and what can't be read becomes a dead letter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from traceback import extract_tb
from typing import TypeVar

import structlog

from services.dispatcher.commands import read_wish
from services.dispatcher.dead_letters import dead_letter
from services.dispatcher.intake import Refusal, read_intake
from services.dispatcher.ports import Delivery, UpdateEnded, UpdateWish
from services.dispatcher.publishers import refused
from services.dispatcher.receipts import read_parked, read_webhook
from services.dispatcher.steps import read_turn
from services.dispatcher.updates_told import update_told
from services.dispatcher.work import Command, InboundRead, NewStart, Piece, ReceiptRead, StepTurn
from shared.errors import Fault, WireError
from shared.queue import envelope
from shared.settings import DispatcherSettings
from shared.store.directory import Directory
from shared.store.records import ParkedReceipt
from shared.wire.envelopes import read_marker
from shared.wire.requests import Defaults

log = structlog.get_logger()

T = TypeVar("T")


class Reader:
    """Reads deliveries for one dispatcher."""

    def __init__(self, settings: DispatcherSettings, *, update: Callable[[UpdateWish], None]) -> None:
        """`update` begins the update of a message; how it ended is read by `updates`."""
        self._settings = settings
        self._update = update
        self._defaults = Defaults(engine=settings.engine)
        self._believed = settings.believed_users

    def start(self, delivery: Delivery, *, directory: Directory, now: float) -> NewStart | Piece:
        """Read a delivery of `cascade.intake`."""

        def read() -> NewStart | Piece:
            found = read_intake(
                delivery,
                directory=directory,
                believed=self._believed,
                now=now,
                defaults=self._defaults,
                lenient_numbers=self._settings.lenient_numbers,
            )
            if not isinstance(found, Refusal):
                return found
            log.warning("start.refused", reason=found.reason, faults=_named(found.faults), user=delivery.user_id)
            return refused(delivery, found, at=now, owner=self._settings.name)

        return self._safely(read, delivery, now)

    def receipt(self, delivery: Delivery, *, now: float) -> ReceiptRead | InboundRead | float | Piece:
        """Read a delivery of `cascade.receipts`: a webhook, or a marker's time."""
        if delivery.type == envelope.MARKER:
            return self._safely(lambda: read_marker(delivery.body).at, delivery, now)
        return self.webhook(delivery, now=now)

    def webhook(self, delivery: Delivery, *, now: float) -> ReceiptRead | InboundRead | Piece:
        """Read a webhook of the provider; one that says nothing is done with."""
        return self._safely(lambda: read_webhook(delivery) or Piece(deliveries=(delivery,)), delivery, now)

    def parked(self, parked: ParkedReceipt) -> ReceiptRead | Piece:
        """Read a parked receipt again. What an older program could read and this one can't is given up."""
        try:
            return read_parked(parked)
        except WireError as error:
            log.warning("receipt.given_up", account=parked.account, faults=_named(error.faults))
            return Piece(parked=(replace(parked, next_at=None, reason="unreadable"),))

    def knows(self, delivery: Delivery, directory: Directory) -> bool:
        """Tell whether the directory has the publisher of a start, or the application that the ingress names.

        Nobody, and no application, need not be looked up.
        """
        if delivery.user_id not in self._believed:
            return not delivery.user_id or delivery.user_id in directory.publishers
        application = delivery.headers.get(envelope.APPLICATION)
        return not isinstance(application, str) or not application or application in directory.applications

    def command(self, delivery: Delivery, *, now: float) -> Command | Piece:
        """Read a delivery of `cascade.commands`. That of an update is acknowledged once the update has ended."""
        wish = self._safely(lambda: read_wish(delivery), delivery, now)
        if isinstance(wish, UpdateWish):
            self._update(wish)
            return Piece()
        return wish

    def updates(self, ended: Iterable[UpdateEnded], *, now: float) -> Iterator[Command | Piece]:
        """Return what follows from updates that came to their end."""
        for each in ended:
            yield from update_told(each, at=now, owner=self._settings.name)

    def step(self, delivery: Delivery, *, now: float) -> StepTurn | Piece:
        """Read a step message."""
        return self._safely(lambda: read_turn(delivery), delivery, now)

    def _safely(self, read: Callable[[], T], delivery: Delivery, now: float) -> T | Piece:
        try:
            return read()
        except WireError as error:
            faults = _named(error.faults)
            return self.dead(delivery, reason="unreadable", detail=str(error), now=now, logged=faults)
        except Exception as error:  # noqa: BLE001
            # An outermost loop of its own: one body that trips a bug of ours must not stop all the others.
            # Its words may quote the body, and stand beside it with the dead letters; the log says where it was.
            name = type(error).__name__
            where = [f"{frame.name}:{frame.lineno}" for frame in extract_tb(error.__traceback__)]
            return self.dead(delivery, reason="failed", detail=f"{name}: {error}", now=now, logged=[name, *where])

    def dead(self, delivery: Delivery, *, reason: str, detail: str, now: float, logged: Sequence[str]) -> Piece:
        """Return the piece that keeps a delivery with the dead letters. `logged` quotes nothing of its body."""
        log.error("delivery.dead_lettered", queue=delivery.queue, reason=reason, why=logged)
        row = dead_letter(delivery, reason=reason, detail=detail, at=now, owner=self._settings.name)
        return Piece(deliveries=(delivery,), outbox=(row,))


def _named(faults: Iterable[Fault]) -> list[str]:
    """Return what a log may say of faults: the member and the code. Their reasons quote what callers wrote."""
    return [f"{fault.name or 'body'}: {fault.code or 'invalid'}" for fault in faults]
