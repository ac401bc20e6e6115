"""Which entry of a script, or of the digits, is due for a call: the only memory that outcomes have."""

import hashlib
import re
from collections import Counter
from threading import Lock
from typing import Final, TypeVar

from services.sandbox.digits import calls_for
from services.sandbox.scripts import ANY_CHANNEL, Call, Script

_Key = TypeVar("_Key", bound=tuple[str, ...])
_ATTEMPT: Final = re.compile(r"[.][0-9]+$")


def family(client_ref: str | None, content: str) -> str:
    """Name what all attempts at one message have in common.

    A caller's reference that ends in `.<number>` counts its attempts there; without a reference the content has to do.
    """
    if client_ref:
        return "ref " + _ATTEMPT.sub("", client_ref)
    return "content " + hashlib.sha256(content.encode()).hexdigest()


class Planner:
    """Scripts by recipient, and how often each was used. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._scripts: dict[str, Script] = {}
        self._used: Counter[tuple[str, str]] = Counter()
        self._calls_by_family: Counter[tuple[str, str, str]] = Counter()

    def set_script(self, recipient: str, script: Script) -> None:
        """Set a recipient's script and begin it from its first entry."""
        with self._lock:
            self._forget(recipient)
            self._scripts[recipient] = script

    def drop_script(self, recipient: str) -> bool:
        """Forget a recipient's script; False if there was none."""
        with self._lock:
            return self._forget(recipient)

    def drop_all(self) -> None:
        """Forget every script and every count."""
        with self._lock:
            self._scripts.clear()
            self._used.clear()
            self._calls_by_family.clear()

    def script_use(self, recipient: str) -> dict[str, int] | None:
        """Tell how many calls each list of a recipient's script has had; None = there is no script."""
        with self._lock:
            script = self._scripts.get(recipient)
            return None if script is None else {name: self._used[recipient, name] for name in script}

    def next_call(self, channel: str, recipient: str, family_name: str) -> Call:
        """Say what the call that has just come in comes to, and count it.

        A list of a script is counted by recipient and list, so `*` is one list for all channels together. Digits are
        counted by channel, recipient and family, so each message meets the whole of them.
        """
        with self._lock:
            script = self._scripts.get(recipient, {})
            for name in (channel, ANY_CHANNEL):
                if name in script:
                    return self._entry(script[name], self._used, (recipient, name))
            return self._entry(calls_for(channel, recipient), self._calls_by_family, (channel, recipient, family_name))

    def whole_call(self, name: str, recipient: str) -> Call | None:
        """Say what a call comes to that is not about one message alone, by the list of that name; None = there is none.

        `recipient` is the first message's. Neither `*` nor digits speak of such calls.
        """
        with self._lock:
            calls = self._scripts.get(recipient, {}).get(name)
            return None if calls is None else self._entry(calls, self._used, (recipient, name))

    def _forget(self, recipient: str) -> bool:
        for name in self._scripts.get(recipient, {}):
            del self._used[recipient, name]
        return self._scripts.pop(recipient, None) is not None

    @staticmethod
    def _entry(calls: tuple[Call, ...], counts: Counter[_Key], key: _Key) -> Call:
        index = counts[key]
        counts[key] += 1
        return calls[min(index, len(calls) - 1)]
