"""What the sandbox received and what it answered: the record that everything else is counted against.

Nothing is dropped to save memory, because a witness that forgets is none; `clear` is how a long-lived one is emptied.
"""

from threading import Lock

from services.sandbox.records import CallRecord, Inbound, Message, Sending, Update


class Ledger:
    """Messages taken, calls answered, messages written to us and updates; oldest first. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._messages: list[Message] = []
        self._inbound: list[Inbound] = []
        self._calls: list[CallRecord] = []
        self._updates: list[Update] = []
        self._by_uuid: dict[str, Message | Inbound] = {}

    def take(self, message: Message) -> None:
        with self._lock:
            self._messages.append(message)
            self._by_uuid[message.message_uuid] = message

    def note_inbound(self, inbound: Inbound) -> None:
        with self._lock:
            self._inbound.append(inbound)
            self._by_uuid[inbound.message_uuid] = inbound

    def note_call(self, call: CallRecord) -> None:
        with self._lock:
            self._calls.append(call)

    def note_sending(self, about: Message | Inbound, sending: Sending) -> None:
        with self._lock:
            about.sendings.append(sending)

    def note_update(self, about: Message | Inbound | None, update: Update, *, revokes: bool = False) -> None:
        """Keep a PATCH, refused or not. `about` None = nobody knows the message."""
        with self._lock:
            self._updates.append(update)
            if about is not None:
                about.updates.append(update)
            if isinstance(about, Message):
                about.revoked = about.revoked or revokes

    def messages(self, **wanted: str | None) -> list[dict[str, object]]:
        """Show the messages whose `to`, `channel`, `client_ref` are as wanted; None = any."""
        with self._lock:
            return [
                message.shown()
                for message in self._messages
                if all(value is None or getattr(message, name) == value for name, value in wanted.items())
            ]

    def inbound(self) -> list[dict[str, object]]:
        with self._lock:
            return [inbound.shown() for inbound in self._inbound]

    def calls(self, **wanted: str | None) -> list[dict[str, object]]:
        """Show the calls whose `to`, `channel`, `client_ref` are as wanted; None = any."""
        with self._lock:
            shown = [call.shown() for call in self._calls]
        return [call for call in shown if all(value is None or call[name] == value for name, value in wanted.items())]

    def updates(self) -> list[dict[str, object]]:
        with self._lock:
            return [update.shown() for update in self._updates]

    def find(self, message_uuid: str) -> Message | Inbound | None:
        """Find a message, ours or theirs, by the id that the provider gave it."""
        with self._lock:
            return self._by_uuid.get(message_uuid)

    def told(self, message: Message) -> frozenset[str]:
        """Give the statuses of a message that were told so far."""
        with self._lock:
            return frozenset(sending.status for sending in message.sendings)

    def last_message(self, *, channel: str, to: str, sender: str | None = None) -> Message | None:
        """Find the newest message that somebody who writes back could mean; `sender` None = from anybody."""
        with self._lock:
            for message in reversed(self._messages):
                if (message.channel, message.to) == (channel, to) and sender in {None, message.sender}:
                    return message
        return None

    def counts(self) -> tuple[int, int]:
        """Give the numbers of messages and of calls."""
        with self._lock:
            return len(self._messages), len(self._calls)

    def clear_messages(self) -> None:
        """Forget the messages of both directions and the updates of them."""
        with self._lock:
            self._messages.clear()
            self._inbound.clear()
            self._updates.clear()
            self._by_uuid.clear()

    def clear_calls(self) -> None:
        with self._lock:
            self._calls.clear()
