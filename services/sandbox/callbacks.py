"""The caller's end of the line: a named receiver that keeps what it gets and answers as it was told to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, cast

from services.sandbox.clock import written
from services.sandbox.fields import Check, FieldsError, array, integer, record
from services.sandbox.reading import read_json
from services.sandbox.verification import both, provider_style, standard_style

_ANSWERS: Final[Check] = record({"answers": array(integer(200, 599), minimum=1, maximum=1000)})


def parse_answers(value: object) -> tuple[int, ...]:
    """Read `{"answers": [500, 500, 200]}`. Raises FieldsError with every fault."""
    if faults := _ANSWERS(value, ""):
        raise FieldsError(faults)
    return tuple(cast("dict[str, list[int]]", value)["answers"])


@dataclass(slots=True)
class _Receiver:
    received: list[dict[str, object]] = field(default_factory=list)
    answers: tuple[int, ...] = (200,)
    answered: int = 0


class Callbacks:
    """Receivers by name; one comes into being when it is first spoken of. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._receivers: dict[str, _Receiver] = {}

    def receive(
        self, name: str, headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now_s: float
    ) -> int:
        """Keep a webhook and give the status to answer with. `headers` have names in lower case."""
        provider = provider_style(headers, body, secrets)
        standard = standard_style(headers, body, secrets)
        kept: dict[str, object] = {
            "received_at": written(now_s),
            "body": _decoded(body),
            "headers": dict(headers),
            "signature": both(provider, standard),
            "signatures": {"provider": provider, "standard": standard},
            "webhook_id": headers.get("webhook-id"),
        }
        with self._lock:
            receiver = self._receivers.setdefault(name, _Receiver())
            answer = receiver.answers[min(receiver.answered, len(receiver.answers) - 1)]
            receiver.answered += 1
            receiver.received.append({**kept, "answer": answer})
        return answer

    def received(self, name: str) -> list[dict[str, object]]:
        """Show what a receiver got, oldest first."""
        with self._lock:
            receiver = self._receivers.get(name)
            return list(receiver.received) if receiver else []

    def set_answers(self, name: str, answers: tuple[int, ...]) -> None:
        """Set what a receiver answers from now on: one status a webhook, the last one repeated."""
        with self._lock:
            receiver = self._receivers.setdefault(name, _Receiver())
            receiver.answers, receiver.answered = answers, 0

    def forget(self, name: str) -> None:
        """Forget what a receiver got and how it answers."""
        with self._lock:
            self._receivers.pop(name, None)


def _decoded(body: bytes) -> object:
    """Give JSON as it is meant and anything else as text."""
    try:
        return read_json(body)
    except ValueError:
        return body.decode(errors="replace")
