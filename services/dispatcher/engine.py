"""The engine: gather -> permit -> load -> decide -> commit -> act -> ack. The only file that orders effects.

One loop, many messages a turn, no thread of its own; it blocks only in `inbox.wait`. Nothing is sent before the claim
is committed, nothing is acknowledged before what follows from it is committed, and an answer of a sender, which
exists nowhere else, is kept until it is committed: when the store was away, answers go first (architecture 7).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol

import structlog

from services.dispatcher.agenda import Agenda
from services.dispatcher.committing import commit_all, rows_to_publish
from services.dispatcher.deciding import Culprit, decide_all
from services.dispatcher.folding import Around
from services.dispatcher.gathering import Desk
from services.dispatcher.news import News
from services.dispatcher.outlook import Outlook
from services.dispatcher.ports import Broker, Clock, Inbox, Senders
from services.dispatcher.probes import Probes
from services.dispatcher.quarantine import kept_apart
from services.dispatcher.reconciler import Reconciler
from services.dispatcher.relay import Relay
from services.dispatcher.stops import sets_messages_aside
from services.dispatcher.sweeps import Sweeps, after_the_end_of
from services.dispatcher.tally import Tally
from services.dispatcher.work import CallEnded, Piece
from shared.errors import StoreUnavailable
from shared.metrics import Metrics
from shared.model import Stop
from shared.settings import DispatcherSettings
from shared.store.directory import Directory
from shared.store.port import Store
from shared.store.records import Committed, Turn

log = structlog.get_logger()

DRAIN_S = 20.0
"""After SIGTERM: what is not done by then is found by leases and by the broker. The process has 25 s in all, of which
the last confirms and the courier take up to 2 s each."""
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0
"""Between tries while the store is away."""


class StopSignal(Protocol):
    """Set when the process was asked to end."""

    def is_set(self) -> bool:
        """Tell whether it was."""


class Engine:
    """Moves workflows: reads what arrived, decides, commits, acts."""

    def __init__(
        self,
        inbox: Inbox,
        store: Store,
        broker: Broker,
        senders: Senders,
        clock: Clock,
        settings: DispatcherSettings,
        *,
        metrics: Metrics | None = None,
        random: Random | None = None,
        told: Callable[[], None] | None = None,
    ) -> None:
        """`told` is called when callbacks were committed: their courier need not wait for its next look."""
        chance = random or Random(settings.name)
        self._inbox = inbox
        self._store = store
        self._broker = broker
        self._senders = senders
        self._clock = clock
        self._settings = settings
        self._metrics = metrics or Metrics()
        self._tally = Tally(self._metrics, believed=settings.believed_users)
        self._relay = Relay(store=store, broker=broker, clock=clock)
        self._outlook = Outlook(store=store, clock=clock, name=settings.name)
        self._probes = Probes(store=store, clock=clock, random=chance)
        self._sweeps = Sweeps(store)
        self._reconciler = Reconciler(
            store=store, broker=broker, clock=clock, metrics=self._metrics, name=settings.name
        )
        self._desk = Desk(
            store=store,
            broker=broker,
            senders=senders,
            clock=clock,
            settings=settings,
            outlook=self._outlook,
            probes=self._probes,
            sweeps=self._sweeps,
            random=chance,
        )
        self._told = told
        self._news = News(metrics=self._metrics, owner=settings.name)
        self._pause_s = 0.0
        self._retry_at = float("-inf")
        self._drain_until: float | None = None

    @property
    def directory(self) -> Directory | None:
        """Who may call and whom we call, at most 5 s old; None before the first turn."""
        return self._outlook.directory if self._outlook.seen else None

    # The loop

    def run(self, stop: StopSignal) -> None:
        """Turn until `stop` is set and what was begun is done; at most 20 s after that."""
        while not self._finished(stop.is_set()):
            self.turn()
            self._inbox.wait(self.until)

    @property
    def until(self) -> float:
        """Monotonic time by which the next turn is due, whether or not anything arrives."""
        if self._retry_at > self._clock.monotonic():
            return self._retry_at
        flush_at = self._relay.flush_at
        times = [self._desk.next_look, self._outlook.next_look, self._reconciler.due_at]
        return min(times if flush_at is None else [*times, flush_at])

    def drain(self) -> None:
        """Claim no more, and hand back what is in hand. Calls in flight finish, and their answers are committed."""
        self._drain_until = self._clock.monotonic() + DRAIN_S
        self._desk.close()
        log.info("dispatcher.draining", calls_in_flight=self._senders.in_flight)

    @property
    def drained(self) -> bool:
        """True when nothing is left to do after `drain`."""
        return self._senders.in_flight == 0 and self._desk.empty and self._relay.idle

    def _finished(self, stopping: bool) -> bool:
        if not stopping:
            return False
        if self._drain_until is None:
            self.drain()
        late = self._drain_until is not None and self._clock.monotonic() >= self._drain_until
        return late or self.drained

    # One turn

    def turn(self) -> None:
        """Do everything that can be done now. Never blocks but in the store."""
        self._desk.take(self._inbox.take(), self._relay)
        if self._clock.monotonic() < self._retry_at:
            return
        agenda = Agenda()
        try:
            if self._pause_s:  # the store was away: answers exist nowhere else, so they go first
                self._desk.gather_answers(agenda)
                self._work_through(agenda)
                self._pause_s = 0.0
                agenda = Agenda()
            self._look_around()
            self._desk.gather(agenda, draining=self._drain_until is not None)
            self._work_through(agenda)
            self._relay.flush(at_once=self._drain_until is not None)
            self._relay.sweep(self._outlook.now)
        except StoreUnavailable as error:
            self._desk.put_back(agenda)
            self._pause_s = min(max(self._pause_s * 2, FIRST_PAUSE_S), LONGEST_PAUSE_S)
            self._retry_at = self._clock.monotonic() + self._pause_s
            log.warning("store.away", error=str(error), again_in_s=self._pause_s)

    def _look_around(self) -> None:
        new, ended = self._outlook.look(
            calls_in_flight=self._senders.in_flight, receipts_are_read=self._broker.connected
        )
        now = self._outlook.now
        for stop in new:
            self._began(stop)
        for stop in ended:
            self._desk.add_loose(self._news.ended(stop, now))
            for sweep in after_the_end_of(stop, with_ready=sets_messages_aside(stop, self._outlook.directory)):
                self._sweeps.add(sweep)
        self._news.circuits(self._outlook.stops.in_force)
        self._metrics.dispatcher_inflight.set(self._senders.in_flight)
        self._news.heard(self._outlook.watermark.hearing(now))
        if self._drain_until is None:
            self._desk.nudge(
                self._reconciler.run(
                    stops=self._outlook.stops,
                    directory=self._outlook.directory,
                    now=self._outlook.now,
                    in_hand=self._desk.in_hand,
                    sweeps=self._sweeps,
                )
            )

    def _work_through(self, agenda: Agenda) -> None:
        """Load, decide, commit, act and acknowledge what was gathered. What is settled leaves the agenda."""
        if not agenda:
            return
        if agenda.has_inbound:
            agenda.drop_repeats(self._store.find_inbound, self._outlook.directory)
        monotonic = self._clock.monotonic()  # before the load: a claim's age counts from before its commit
        turn = self._load(agenda)
        around = Around(
            turn=turn,
            stops=self._outlook.stops,
            directory=self._outlook.directory,
            settings=self._settings,
            monotonic=monotonic,
            read_to=self._outlook.watermark.read_to,
            blind=self._outlook.watermark.blind(turn.now),
        )
        decided = decide_all(agenda.work, around)
        self._desk.put_off(decided.put_off)
        agenda.settle(decided.put_off)
        pieces = (*decided.pieces, *agenda.loose)
        idle = [piece for piece in pieces if not piece.writes]
        self._settle(idle, Committed(), agenda)
        commit_all(
            self._store,
            [piece for piece in pieces if piece.writes],
            settle=lambda part, committed: self._settle(part, committed, agenda),
            blame=lambda piece, error: self._blame(_culprit(piece, error), piece, agenda),
        )
        for culprit in decided.culprits:
            self._blame(culprit, None, agenda)

    def _load(self, agenda: Agenda) -> Turn:
        if not agenda.work:
            now = self._outlook.now
            return Turn(now=now, workflows={}, by_provider_uuid={}, attempts={}, suppressed=frozenset(), tombstones={})
        turn = self._store.load(agenda.workflow_ids, agenda.provider_uuids)
        self._outlook.learn_time(turn.now, self._clock.monotonic())
        return turn

    def _settle(self, pieces: Sequence[Piece], committed: Committed, agenda: Agenda) -> None:
        """Act on what is committed, then acknowledge it; what lost its compare-and-set comes again."""
        won = [piece for piece in pieces if piece.workflow_id is None or piece.workflow_id not in committed.lost]
        lost = [piece for piece in pieces if piece.workflow_id is not None and piece.workflow_id in committed.lost]
        tickets = [ticket for piece in won for ticket in piece.tickets]
        for piece in won:
            for ticket in piece.tickets:
                if piece.probed is not None:
                    self._probes.sent(ticket, piece.probed)
        if tickets:
            self._senders.submit(tickets)
        self._relay.publish(rows_to_publish(pieces, committed))
        tells = False
        for piece in won:
            agenda.settle_piece(piece)
            self._desk.follow_up(piece)
            self._heed(piece)
            tells = tells or bool(piece.callbacks or (piece.change is not None and piece.change.callbacks))
            self._tally.count(piece)
        if tells and self._told is not None:
            self._told()
        self._broker.ack([token for piece in won for token in piece.tokens])
        for piece in lost:
            agenda.settle_piece(piece)
            self._desk.again(piece.work)

    def _heed(self, piece: Piece) -> None:
        """Take note of what a committed piece says about stops and the watermark."""
        if piece.read_to is not None:
            self._outlook.watermark.advance(piece.read_to)
        for stop in piece.change.stops if piece.change is not None else ():
            if self._outlook.stops.add(stop):
                self._began(stop)
        for work in piece.work:
            if isinstance(work, CallEnded):
                lifted = self._probes.answered(work.answer)
                if lifted is not None:
                    self._desk.lift(lifted)

    def _began(self, stop: Stop) -> None:
        told = self._news.began(stop, self._outlook.now)
        if told is not None:
            self._desk.add_loose(told)

    def _blame(self, culprit: Culprit, piece: Piece | None, agenda: Agenda) -> None:
        """Keep what can't be decided or written with the dead letters, and its row apart for an hour."""
        self._metrics.alarms.labels("quarantined").inc()
        self._metrics.dead_letters.labels("failed").inc()
        kept = kept_apart(self._store, culprit, piece, now=self._outlook.now, owner=self._settings.name)
        agenda.settle(culprit.work)
        if piece is not None:
            agenda.settle_piece(piece)
        self._broker.ack(kept)


def _culprit(piece: Piece, error: str) -> Culprit:
    return Culprit(workflow_id=piece.workflow_id or "", work=piece.work, error=error)
