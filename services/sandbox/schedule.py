"""One thread that knows what is due when, and hands it on; it never does the work itself."""

import heapq
import itertools
import time
from collections.abc import Callable
from threading import Condition, Thread


class Schedule:
    """A heap of moments. `at` may be called from any thread; what is due is called on the thread of the schedule.

    So what is handed in must be quick and must not raise.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        # Two entries of one moment keep their order, and callables are never compared.
        self._order = itertools.count()
        self._stopped = False
        self._thread = Thread(target=self._run, name="sandbox-schedule", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def after(self, delay_s: float, due: Callable[[], None]) -> None:
        """Have `due` called in so many seconds."""
        with self._changed:
            heapq.heappush(self._heap, (time.monotonic() + delay_s, next(self._order), due))
            self._changed.notify()

    def pending(self) -> int:
        with self._changed:
            return len(self._heap)

    def stop(self) -> None:
        """Forget what is left and end the thread."""
        with self._changed:
            self._stopped = True
            self._heap.clear()
            self._changed.notify()

    def _run(self) -> None:
        while (due := self._wait()) is not None:
            due()

    def _wait(self) -> Callable[[], None] | None:
        """Wait for the next entry that is due; None = stopped."""
        with self._changed:
            while not self._stopped:
                left_s = self._heap[0][0] - time.monotonic() if self._heap else None
                if left_s is not None and left_s <= 0:
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(left_s)
        return None
