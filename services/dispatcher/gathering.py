"""The desk: sorts what arrives, and lays out what one turn works on, in the order and the amount it may.

Answers first, then what lost before, receipts, commands, timers, step messages with a permit, starts. At most a
hundred of each kind a turn, and never waiting for more.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from random import Random

from services.dispatcher.agenda import Agenda
from services.dispatcher.events import Due
from services.dispatcher.mail import MOST_A_TURN, Mail, some, token_of
from services.dispatcher.outlook import Outlook
from services.dispatcher.permits import Permits
from services.dispatcher.ports import Arrivals, Broker, Clock, Delivery, Senders
from services.dispatcher.probes import Probes
from services.dispatcher.reading import Reader
from services.dispatcher.relay import Relay
from services.dispatcher.steps import handed_back
from services.dispatcher.sweeps import Sweeps
from services.dispatcher.work import CallEnded, Nudge, Piece, Probe, StepTurn, Work, comes_again
from shared.channels import CHANNELS
from shared.model import Stop
from shared.queue.topology import COMMANDS, INBOUND, INTAKE, RECEIPTS
from shared.settings import DispatcherSettings
from shared.store.port import Store

DUE_EVERY_S = 0.2
PARKED_EVERY_S = 1.0
NEWER_AGAIN_S = 5.0
"""How often work on rows of a newer program is tried again, in case the row came back to us."""
PREFETCH = {INTAKE: 100, RECEIPTS: 64, COMMANDS: 64, INBOUND: 64}


class Desk:
    """Where everything waits, and from where each turn is laid out."""

    def __init__(
        self,
        *,
        store: Store,
        broker: Broker,
        senders: Senders,
        clock: Clock,
        settings: DispatcherSettings,
        outlook: Outlook,
        probes: Probes,
        sweeps: Sweeps,
        random: Random,
    ) -> None:
        self._store = store
        self._broker = broker
        self._clock = clock
        self._settings = settings
        self._outlook = outlook
        self._probes = probes
        self._sweeps = sweeps
        self._random = random
        self._mail = Mail()
        self._permits = Permits(senders)
        self._reader = Reader(settings, update=senders.update)
        self._steps: list[Delivery] = []
        self._newer: list[tuple[float, Work]] = []
        self._to_lift: list[Stop] = []
        self._consuming: dict[str, int] | None = None
        self._closed = False
        self._due_at = self._parked_at = float("-inf")

    # What arrives

    def take(self, arrivals: Arrivals, relay: Relay) -> None:
        """Sort what has arrived."""
        relay.learn(confirmed=arrivals.confirmed, failed=arrivals.failed)
        if arrivals.lost_tokens:
            self._forget(arrivals.lost_tokens)
        self._mail.answers.extend(CallEnded(answer=answer) for answer in arrivals.answers)
        self._mail.updates.extend(arrivals.updates)
        places = self._mail.places
        for delivery in arrivals.deliveries:
            place = places.get(delivery.queue)
            if place is not None:
                place.append(delivery)
            else:
                self._steps.append(delivery)

    def nudge(self, nudges: Iterable[Nudge]) -> None:
        """Take in work of our own making."""
        self._mail.nudges.extend(nudges)

    def add_loose(self, piece: Piece) -> None:
        """Take in a piece about no workflow."""
        self._mail.loose.append(piece)

    def lift(self, stop: Stop) -> None:
        """Lift a stop with the next turn; that it ended is seen like any other end."""
        self._to_lift.append(stop)

    # What comes back

    def again(self, work: Iterable[Work]) -> None:
        """Take back work that lost its compare-and-set."""
        for each in work:
            if isinstance(each, CallEnded):
                self._mail.answers.append(each)
            else:
                self._mail.again.append(each)

    def put_back(self, agenda: Agenda) -> None:
        """Take back what a turn could not commit."""
        self._mail.answers.extendleft(reversed([each for each in agenda.work if isinstance(each, CallEnded)]))
        self._mail.again.extendleft(reversed([each for each in agenda.work if not isinstance(each, CallEnded)]))
        self._mail.loose.extendleft(reversed(agenda.loose))

    def put_off(self, work: Iterable[Work]) -> None:
        """Keep work on rows of a newer program; unacknowledged, so that a newer dispatcher gets it when we end.

        What the store will give us again is not kept: timers, and receipts that are parked there.
        """
        again_at = self._clock.monotonic() + NEWER_AGAIN_S
        self._newer += [(again_at, each) for each in work if not comes_again(each)]

    def follow_up(self, piece: Piece) -> None:
        """Do what must only follow a commit: a parked receipt goes once its workflow has it."""
        if piece.change is not None and piece.unparked:
            self._mail.loose.append(Piece(unparked=piece.unparked))

    def close(self) -> None:
        """Claim no more from now on, and hand back what is in hand."""
        self._closed = True
        self._mail.nudges.clear()

    # What there is

    @property
    def in_hand(self) -> frozenset[str]:
        """Workflows whose step message is here."""
        again = (each.workflow_id for each in self._mail.again if isinstance(each, StepTurn))
        return self._permits.in_hand.union(again)

    @property
    def empty(self) -> bool:
        """True when nothing waits here."""
        return self._mail.empty and not self._steps and not self.in_hand

    @property
    def next_look(self) -> float:
        """Monotonic time by which a turn finds work here."""
        if not self._outlook.seen:
            return self._clock.monotonic()
        ready = not self._mail.empty or bool(self._steps) or (bool(self._sweeps) and not self._closed)
        if ready or self._permits.could_pick(self._outlook.stops, self._outlook.directory):
            return self._clock.monotonic()
        return min([self._due_at, self._parked_at, *(at for at, _ in self._newer)])

    # What a turn works on

    def gather_answers(self, agenda: Agenda) -> None:
        """Lay out the answers alone."""
        answers = some(self._mail.answers, len(self._mail.answers))
        agenda.add(answers)

    def gather(self, agenda: Agenda, *, draining: bool) -> None:
        """Lay out everything whose turn it is. Raises StoreUnavailable."""
        self._lift()
        self._consume()
        self._read_steps()
        if not draining:
            self._make_work()
        self.gather_answers(agenda)
        taken = self._slots_taken()
        self._gather_again(agenda)
        self._gather_receipts(agenda)
        now, directory = self._outlook.now, self._outlook.directory
        agenda.sort(self._reader.updates(some(self._mail.updates), now=now))
        agenda.sort(self._reader.command(each, now=now) for each in some(self._mail.commands))
        agenda.sort(self._reader.webhook(each, now=now) for each in some(self._mail.inbound))
        nudges = some(self._mail.nudges)
        agenda.add(nudges)
        self._gather_steps(agenda, taken)
        agenda.sort(
            self._reader.start(each, directory=directory, now=now) for each in self._mail.take_starts(self._judged_well)
        )
        agenda.add_loose(some(self._mail.loose, len(self._mail.loose)))

    def _lift(self) -> None:
        while self._to_lift:
            self._store.lift_stop(self._to_lift[-1].key)
            self._to_lift.pop()

    def _consume(self) -> None:
        wanted: dict[str, int] = {}
        if not self._closed:
            wanted = dict(PREFETCH)
            if self._outlook.outbox_full:
                del wanted[INTAKE]
            for channel in CHANNELS:
                if not self._outlook.stops.closed(channel, self._outlook.directory):
                    wanted |= dict.fromkeys(self._permits.queues_of(channel), self._settings.slots)
        if wanted != self._consuming:
            self._broker.consume(wanted)
            self._consuming = wanted

    def _read_steps(self) -> None:
        for delivery in self._steps:
            read = self._reader.step(delivery, now=self._outlook.now)
            if isinstance(read, Piece):
                self._mail.loose.append(read)
            else:
                self._permits.add(read)
        self._steps.clear()

    def _make_work(self) -> None:
        """Look for timers, parked receipts, probes and rows that must be told something.

        All of it before anything is laid out: the store may go away here.
        """
        if not all(map(self._judged_well, islice(self._mail.intake, MOST_A_TURN))):
            self._outlook.look_again()
        monotonic, now = self._clock.monotonic(), self._outlook.now
        if len(self._mail.nudges) < MOST_A_TURN and self._sweeps:
            self._mail.nudges.extend(self._sweeps.next_lot(in_hand=self.in_hand))
        if monotonic >= self._due_at:
            watermark = self._outlook.watermark
            read_to = now if watermark.blind(now) else watermark.read_to
            seed = self._random.getrandbits(32)
            ids = self._store.due(now=now, read_to=read_to, limit=MOST_A_TURN, seed=seed)
            self._mail.nudges.extendleft(Nudge(workflow_id=each, event=Due(read_to=0.0)) for each in ids)
            self._due_at = monotonic + (DUE_EVERY_S if len(ids) < MOST_A_TURN else DUE_EVERY_S / 10)
        if monotonic >= self._parked_at:
            parked = self._store.due_parked(now=now, limit=MOST_A_TURN)
            for read in (self._reader.parked(each) for each in parked):
                if isinstance(read, Piece):
                    self._mail.loose.append(read)
                else:
                    self._mail.again.append(read)
            self._parked_at = monotonic + PARKED_EVERY_S
        self._mail.nudges.extendleft(self._probes.take(self._outlook.stops, now))

    def _gather_again(self, agenda: Agenda) -> None:
        agenda.has_receipts_again = self._mail.receipts_come_again
        for each in (*some(self._mail.again, len(self._mail.again)), *self._newer_again()):
            if not self._closed or not isinstance(each, StepTurn | Probe):
                agenda.add([each])
            elif isinstance(each, StepTurn):
                agenda.add_loose([self._handed_back(each)])

    def _gather_receipts(self, agenda: Agenda) -> None:
        now = self._outlook.now
        if self._mail.markers and not agenda.has_receipts_again:
            newest = max(at for at, _ in self._mail.markers)
            deliveries = tuple(delivery for _, delivery in self._mail.markers)
            agenda.add_loose([Piece(read_to=newest, deliveries=deliveries)])
            self._mail.markers = []
        for delivery in some(self._mail.receipts):
            read = self._reader.receipt(delivery, now=now)
            if isinstance(read, float):
                self._mail.markers.append((min(read, now), delivery))  # an ingress ahead of time must not end windows
            else:
                agenda.sort([read])

    def _judged_well(self, start: Delivery) -> bool:
        """Tell whether the directory knows who sent a start, or was read after it arrived."""
        known = self._reader.knows(start, self._outlook.directory)
        return known or start.received_at <= self._outlook.directory_read_at

    def _gather_steps(self, agenda: Agenda, taken: dict[str, int]) -> None:
        stops, directory = self._outlook.stops, self._outlook.directory
        back = self._permits.clear() if self._closed else self._permits.take_back(stops, directory)
        agenda.add_loose(self._handed_back(turn) for turn in back)
        if not self._closed:
            agenda.add(list(self._permits.pick(stops, directory, taken=taken)))

    def _handed_back(self, turn: StepTurn) -> Piece:
        return Piece(deliveries=(turn.delivery,), outbox=(handed_back(turn.delivery, owner=self._settings.name),))

    def _slots_taken(self) -> dict[str, int]:
        """Slots that this turn uses beside those of messages in hand: a probe may be of any channel."""
        probes = sum(1 for each in self._mail.nudges if isinstance(each, Probe))
        return {channel: probes + self._mail.steps_again(self._permits.queues_of(channel)) for channel in CHANNELS}

    def _newer_again(self) -> list[Work]:
        now = self._clock.monotonic()
        due = [each for at, each in self._newer if at <= now]
        self._newer = [(at, each) for at, each in self._newer if at > now]
        for each in due:
            if isinstance(each, StepTurn):
                self._mail.loose.append(self._handed_back(each))
        return [each for each in due if not isinstance(each, StepTurn)]

    def _forget(self, tokens: frozenset[int]) -> None:
        self._mail.forget(tokens)
        self._permits.forget(tokens)
        self._steps = [each for each in self._steps if each.token not in tokens]
        self._newer = [(at, each) for at, each in self._newer if token_of(each) not in tokens]
