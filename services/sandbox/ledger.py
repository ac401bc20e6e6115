"""What the sandbox received and what it answered: the record that everything else is counted against.

Nothing is dropped to save memory, because a witness that forgets is none; `clear` is how a long-lived one is emptied.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

from services.sandbox.clock import written
from services.sandbox.credentials import Caller

GENERATION: Final = "v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One try at one status webhook. `answer` None = there was none, and `error` says why."""

    status: str
    code: int | None
    copy: int
    attempt: int
    sent_at_s: float
    signature: str
    answer: int | None
    error: str | None

    def shown(self) -> dict[str, object]:
        return {
            "status": self.status,
            "code": self.code,
            "copy": self.copy,
            "attempt": self.attempt,
            "sent_at": written(self.sent_at_s),
            "signature": self.signature,
            "answer": self.answer,
            "error": self.error,
        }


@dataclass(slots=True, kw_only=True)
class Message:
    """A message that was taken. Only `sendings` changes, and only through the ledger."""

    message_uuid: str
    received_at_s: float
    caller: Caller
    body: Mapping[str, Any]
    sendings: list[Sending] = field(default_factory=list)

    @property
    def channel(self) -> str:
        return str(self.body["channel"])

    @property
    def to(self) -> str:
        return str(self.body["to"])

    @property
    def sender(self) -> str:
        return str(self.body["from"])

    @property
    def client_ref(self) -> str | None:
        return self.body.get("client_ref")

    def shown(self) -> dict[str, object]:
        return {
            "message_uuid": self.message_uuid,
            "received_at": written(self.received_at_s),
            "generation": GENERATION,
            "channel": self.channel,
            "to": self.to,
            "from": self.sender,
            "client_ref": self.client_ref,
            "body": dict(self.body),
            "statuses": [sending.shown() for sending in self.sendings],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call to the provider's side, refused or not.

    `status` None = it was never answered, `ending` says how. `body` None = it could not be read.
    """

    at_s: float
    status: int | None
    ending: str
    taken: bool
    message_uuid: str | None
    problem: str | None
    body: Mapping[str, Any] | None

    def shown(self) -> dict[str, object]:
        body = self.body or {}
        return {
            "at": written(self.at_s),
            "status": self.status,
            "ending": self.ending,
            "taken": self.taken,
            "message_uuid": self.message_uuid,
            "problem": self.problem,
            "channel": body.get("channel"),
            "to": body.get("to"),
            "from": body.get("from"),
            "client_ref": body.get("client_ref"),
            "body": None if self.body is None else dict(self.body),
        }


class Ledger:
    """Messages taken and calls answered, oldest first. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._messages: list[Message] = []
        self._calls: list[CallRecord] = []

    def take(self, message: Message) -> None:
        with self._lock:
            self._messages.append(message)

    def note_call(self, call: CallRecord) -> None:
        with self._lock:
            self._calls.append(call)

    def note_sending(self, message: Message, sending: Sending) -> None:
        with self._lock:
            message.sendings.append(sending)

    def messages(self, **wanted: str | None) -> list[dict[str, object]]:
        """Show the messages whose `to`, `channel`, `client_ref` are as wanted; None = any."""
        with self._lock:
            return [
                message.shown()
                for message in self._messages
                if all(value is None or getattr(message, name) == value for name, value in wanted.items())
            ]

    def calls(self, **wanted: str | None) -> list[dict[str, object]]:
        """Show the calls whose `to`, `channel`, `client_ref` are as wanted; None = any."""
        with self._lock:
            shown = [call.shown() for call in self._calls]
        return [call for call in shown if all(value is None or call[name] == value for name, value in wanted.items())]

    def last_message(self, *, channel: str, to: str, sender: str) -> Message | None:
        """Find the newest message that somebody who writes back could mean."""
        with self._lock:
            for message in reversed(self._messages):
                if (message.channel, message.to, message.sender) == (channel, to, sender):
                    return message
        return None

    def counts(self) -> tuple[int, int]:
        """Give the numbers of messages and of calls."""
        with self._lock:
            return len(self._messages), len(self._calls)

    def clear_messages(self) -> None:
        with self._lock:
            self._messages.clear()

    def clear_calls(self) -> None:
        with self._lock:
            self._calls.clear()
