"""Wait for what comes to hold, with a deadline: the only way that tests wait."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def wait_until(look: Callable[[], Value], deadline_s: float = 10.0, *, every_s: float = 0.02) -> Value:
    """Look until `look()` returns something true, and return that. Raises AssertionError when `deadline_s` is over.

    What it saw last is in the error. AssertionError inside `look` counts as not yet.
    """
    ends = time.monotonic() + deadline_s
    while True:
        try:
            seen: object = (value := look())
            if value:
                return value
        except AssertionError as error:
            seen = error
        if time.monotonic() >= ends:
            raise AssertionError(f"did not come to hold within {deadline_s} s; seen last: {seen!r}")
        time.sleep(every_s)
