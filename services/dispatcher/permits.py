"""Who may be claimed now: a step needs a free slot in its channel's pool, and a channel that is not closed.

Step messages wait unclaimed in hand until then, at most two a slot. When a channel closes, what is in hand of it is
handed back; while a `skip` is in force its messages need no slot, since nothing is called.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from services.dispatcher.hand import Hand
from services.dispatcher.mail import MOST_A_TURN
from services.dispatcher.ports import Senders
from services.dispatcher.stops import Stops
from services.dispatcher.work import StepTurn
from shared.channels import CHANNELS
from shared.model import StopKind
from shared.queue.topology import step_queue
from shared.store.directory import Directory


class Permits:
    """Step messages in hand, and the choice of those whose turn it is."""

    def __init__(self, senders: Senders) -> None:
        self._senders = senders
        self._hands = {channel: Hand() for channel in CHANNELS}
        self._places = {
            step_queue(channel, goes_on=goes_on): (channel, goes_on)
            for channel in CHANNELS
            for goes_on in (True, False)
        }

    @property
    def queues(self) -> Collection[str]:
        """The step queues of all channels."""
        return self._places.keys()

    @property
    def in_hand(self) -> frozenset[str]:
        """Workflows whose step message is in hand."""
        return frozenset(turn.workflow_id for hand in self._hands.values() for turn in hand)

    def queues_of(self, channel: str) -> tuple[str, str]:
        """Return the two queues of a channel."""
        return step_queue(channel, goes_on=True), step_queue(channel, goes_on=False)

    def add(self, turn: StepTurn) -> None:
        """Take a step message in hand."""
        channel, goes_on = self._places[turn.delivery.queue]
        self._hands[channel].add(turn, goes_on=goes_on)

    def forget(self, tokens: Collection[int]) -> None:
        """Drop what a lost connection had delivered."""
        for hand in self._hands.values():
            hand.forget(tokens)

    def could_pick(self, stops: Stops, directory: Directory) -> bool:
        """Tell whether a message in hand has its turn now."""
        return any(
            len(hand) > 0 and (self._room(channel, stops) > 0 or stops.closed(channel, directory))
            for channel, hand in self._hands.items()
        )

    def pick(self, stops: Stops, directory: Directory, *, taken: dict[str, int]) -> Iterator[StepTurn]:
        """Yield the messages whose turn it is; `taken` are slots by channel that this turn uses otherwise."""
        for channel, hand in self._hands.items():
            if stops.closed(channel, directory):
                continue
            for _ in range(self._room(channel, stops) - taken.get(channel, 0)):
                turn = hand.pick()
                if turn is None:
                    break
                yield turn

    def take_back(self, stops: Stops, directory: Directory) -> tuple[StepTurn, ...]:
        """Take out of hand what belongs to closed channels, to be handed back."""
        closed = [hand for channel, hand in self._hands.items() if len(hand) and stops.closed(channel, directory)]
        return tuple(turn for hand in closed for turn in hand.clear())

    def clear(self) -> tuple[StepTurn, ...]:
        """Take everything out of hand: this dispatcher claims no more."""
        return tuple(turn for hand in self._hands.values() for turn in hand.clear())

    def _room(self, channel: str, stops: Stops) -> int:
        if any(stop.kind is StopKind.SKIP and stop.channel in (None, channel) for stop in stops.in_force):
            return MOST_A_TURN
        return self._senders.free(channel)
