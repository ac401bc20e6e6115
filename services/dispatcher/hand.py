"""Step messages in hand: read, not yet claimed. Two queues a channel, and which of them is served.

Work that goes on (fallbacks, retries, high priority) is served first, but one turn in five belongs to new work:
a flood of fallbacks must not starve it, nor may new work delay a fallback whose window is over already.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator

from services.dispatcher.work import StepTurn

NEW_WORK_EVERY = 5
"""One pick in five belongs to new work."""


class Hand:
    """What is in hand of one channel."""

    def __init__(self) -> None:
        self._goes_on: deque[StepTurn] = deque()
        self._new: deque[StepTurn] = deque()
        self._picks = 0

    def __len__(self) -> int:
        return len(self._goes_on) + len(self._new)

    def __iter__(self) -> Iterator[StepTurn]:
        yield from self._goes_on
        yield from self._new

    def add(self, turn: StepTurn, *, goes_on: bool) -> None:
        """Take a message in hand, behind those of its queue."""
        (self._goes_on if goes_on else self._new).append(turn)

    def pick(self) -> StepTurn | None:
        """Take the next one out; None when the hand is empty."""
        self._picks += 1
        first, second = self._goes_on, self._new
        if self._picks % NEW_WORK_EVERY == 0:
            first, second = second, first
        for queue in (first, second):
            if queue:
                return queue.popleft()
        self._picks -= 1
        return None

    def clear(self) -> tuple[StepTurn, ...]:
        """Take all out."""
        held = tuple(self)
        self._goes_on.clear()
        self._new.clear()
        return held

    def forget(self, tokens: Collection[int]) -> None:
        """Drop messages of a lost connection: the broker delivers them again."""
        self._goes_on = deque(turn for turn in self._goes_on if turn.delivery.token not in tokens)
        self._new = deque(turn for turn in self._new if turn.delivery.token not in tokens)
