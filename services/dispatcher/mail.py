"""What has arrived and waits for its turn, by kind. Bounded by the prefetch of its queues and the slots of the pools.

Order within a kind is order of arrival: a marker must not be read before the receipts in front of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from services.dispatcher.ports import Delivery, UpdateEnded
from services.dispatcher.work import (
    BackInQueue,
    CallEnded,
    Nudge,
    Piece,
    Probe,
    ReceiptRead,
    StepTurn,
    Work,
    delivery_of,
)
from shared.queue.topology import COMMANDS, INBOUND, INTAKE, RECEIPTS

T = TypeVar("T")

MOST_A_TURN = 100
"""Of each kind; a turn never waits to fill up."""


class Mail:
    """Everything that waits in this process."""

    def __init__(self) -> None:
        self.answers: deque[CallEnded] = deque()
        self.again: deque[Work] = deque()
        """Lost its compare-and-set, or the store went away: first of the next turn."""
        self.receipts: deque[Delivery] = deque()
        self.markers: list[tuple[float, Delivery]] = []
        """Read, and to be written once every receipt in front of them is committed."""
        self.commands: deque[Delivery] = deque()
        self.updates: deque[UpdateEnded] = deque()
        self.inbound: deque[Delivery] = deque()
        self.intake: deque[Delivery] = deque()
        self.strangers: deque[Delivery] = deque()
        """Starts of somebody who may have been added just now: they wait until the directory was read again."""
        self.nudges: deque[Nudge | Probe | BackInQueue] = deque()
        self.loose: deque[Piece] = deque()
        """Pieces about no workflow: read, and to be committed."""

    @property
    def places(self) -> Mapping[str, deque[Delivery]]:
        """Where deliveries go, by queue; those of the step queues have no place here."""
        return {INTAKE: self.intake, RECEIPTS: self.receipts, COMMANDS: self.commands, INBOUND: self.inbound}

    @property
    def empty(self) -> bool:
        """True when nothing waits that a turn could work on now."""
        return not any(
            (
                self.answers,
                self.again,
                self.receipts,
                self.markers,
                self.commands,
                self.updates,
                self.inbound,
                self.intake,
                self.nudges,
                self.loose,
            )
        )

    @property
    def receipts_come_again(self) -> bool:
        """True while a receipt that was read is not committed: markers behind it must wait."""
        return any(isinstance(work, ReceiptRead) and work.parked is None for work in self.again)

    def steps_again(self, queues: Collection[str]) -> int:
        """Return how many step messages of these queues come again: they need a slot too."""
        return sum(1 for work in self.again if isinstance(work, StepTurn) and work.delivery.queue in queues)

    def take_starts(self, judged_well: Callable[[Delivery], bool]) -> list[Delivery]:
        """Take out the starts of this turn; those that can't be judged well yet stay, for a second at most."""
        arrived = [*some(self.strangers, len(self.strangers)), *some(self.intake)]
        self.strangers.extend(each for each in arrived if not judged_well(each))
        return [each for each in arrived if judged_well(each)]

    def forget(self, tokens: Collection[int]) -> None:
        """Drop what a lost connection had delivered: the broker delivers it again. Answers are never dropped."""
        for queue in (self.receipts, self.commands, self.inbound, self.intake, self.strangers):
            _keep(queue, [each for each in queue if each.token not in tokens])
        self.markers = [(at, each) for at, each in self.markers if each.token not in tokens]
        _keep(self.again, [each for each in self.again if token_of(each) not in tokens])
        _keep(self.loose, [piece for piece in self.loose if not tokens or not _only_of(piece, tokens)])


def some(queue: deque[T], most: int = MOST_A_TURN) -> list[T]:
    """Take up to `most` from the front of a queue."""
    return [queue.popleft() for _ in range(min(most, len(queue)))]


def _keep(queue: deque[T], kept: list[T]) -> None:
    if len(kept) != len(queue):
        queue.clear()
        queue.extend(kept)


def token_of(work: Work) -> int | None:
    """Return the token of the delivery that brought the work; None where there is none or it came by no message."""
    delivery = delivery_of(work)
    return delivery.token if delivery is not None else None


def _only_of(piece: Piece, tokens: Collection[int]) -> bool:
    return bool(piece.deliveries) and all(each.token in tokens for each in piece.deliveries)
