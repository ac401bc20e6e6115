"""What the ledger keeps: messages sent and received, the webhooks about them, calls, and updates. Shown as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.sandbox.bodies import Generation
from services.sandbox.clock import written
from services.sandbox.credentials import Caller
from services.sandbox.drafts import Draft, spoken_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One try at one webhook; `status` is the message's. `answer` None = there was none, and `error` says why."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One PATCH of a message: what was asked for, and the status it was answered with."""

    message_uuid: str
    at_s: float
    answer: int
    body: Mapping[str, Any]

    def shown(self) -> dict[str, object]:
        return {
            "message_uuid": self.message_uuid,
            "at": written(self.at_s),
            "answer": self.answer,
            "body": dict(self.body),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message stands in a workflow that the provider runs; `number` counts from 1."""

    workflow_id: str
    number: int
    total: int


@dataclass(slots=True, kw_only=True)
class Message:
    """A message that was taken. `sendings`, `updates` and `revoked` change, and only through the ledger."""

    message_uuid: str
    received_at_s: float
    caller: Caller
    draft: Draft
    place: Place | None = None
    sendings: list[Sending] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    revoked: bool = False

    @property
    def channel(self) -> str:
        return self.draft.channel

    @property
    def to(self) -> str:
        return self.draft.to

    @property
    def sender(self) -> str:
        return self.draft.sender

    @property
    def client_ref(self) -> str | None:
        return self.draft.client_ref

    def shown(self) -> dict[str, object]:
        return {
            "message_uuid": self.message_uuid,
            "received_at": written(self.received_at_s),
            "generation": self.draft.generation,
            "channel": self.channel,
            "message_type": self.draft.kind,
            "to": self.to,
            "from": self.sender,
            "client_ref": self.client_ref,
            "workflow_id": self.place.workflow_id if self.place else None,
            "workflow_item": self.place.number if self.place else None,
            "body": dict(self.draft.body),
            "statuses": [sending.shown() for sending in self.sendings],
            "updates": [update.shown() for update in self.updates],
            "revoked": self.revoked,
        }


@dataclass(slots=True, kw_only=True)
class Inbound:
    """A message that somebody wrote to us. `sendings` and `updates` change, and only through the ledger."""

    message_uuid: str
    sent_at_s: float
    caller: Caller
    generation: Generation
    channel: str
    to: str
    sender: str
    body: Mapping[str, Any]
    sendings: list[Sending] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)

    def shown(self) -> dict[str, object]:
        return {
            "message_uuid": self.message_uuid,
            "sent_at": written(self.sent_at_s),
            "generation": self.generation,
            "channel": self.channel,
            "to": self.to,
            "from": self.sender,
            "body": dict(self.body),
            "webhooks": [sending.shown() for sending in self.sendings],
            "updates": [update.shown() for update in self.updates],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call to the provider's side, refused or not.

    `status` None = it was never answered, `ending` says how. `body` None = it could not be read. `message_uuid` is the
    first message of a workflow where the generation tells it.
    """

    at_s: float
    path: str
    status: int | None
    ending: str
    taken: bool
    message_uuid: str | None = None
    workflow_id: str | None = None
    problem: str | None = None
    body: Mapping[str, Any] | None = None

    def shown(self) -> dict[str, object]:
        return {
            "at": written(self.at_s),
            "path": self.path,
            "status": self.status,
            "ending": self.ending,
            "taken": self.taken,
            "message_uuid": self.message_uuid,
            "workflow_id": self.workflow_id,
            "problem": self.problem,
            **spoken_of(self.body),
            "body": None if self.body is None else dict(self.body),
        }
