"""An engine on a bench: the real one on a store in memory and a broker in memory, with calls answered by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from services.dispatcher.engine import Engine
from services.dispatcher.ports import CallAnswer, CallTicket, UpdateEnded, UpdateWish
from shared.ids import marked_workflow_id, reference
from shared.metrics import Metrics
from shared.model import Entry, Problem, Workflow
from shared.outcomes import Accepted, CallOutcome
from shared.queue import envelope
from shared.queue.topology import COMMAND_KEY, COMMANDS, DEAD, INBOUND_KEY, RECEIPT_KEY, RECEIPTS, SENDS
from shared.settings import DispatcherSettings
from shared.store.directory import Account, ApiKey, Publisher, Tenant
from shared.store.memory import MemoryStore
from shared.store.opening import open_memory_store
from shared.store.port import Store
from shared.wire.envelopes import Command, CommandName, Marker, MessageUpdate, UpdateStatus, write
from tests.simulation.rabbit import Connection, Published, Rabbit

EPOCH = 1_800_000_000.0
SLOTS = 4


class HandSenders:
    """Calls wait here until the test answers them."""

    def __init__(self) -> None:
        self.tickets: list[CallTicket] = []
        self.wishes: list[UpdateWish] = []

    def free(self, channel: str) -> int:
        return SLOTS - sum(ticket.message.channel == channel for ticket in self.tickets)

    def submit(self, tickets: Sequence[CallTicket]) -> None:
        self.tickets.extend(tickets)

    def update(self, wish: UpdateWish) -> None:
        self.wishes.append(wish)

    @property
    def in_flight(self) -> int:
        return len(self.tickets)


@dataclass
class Bench:
    """Everything around one engine. `now` moves only when the test says so."""

    now: float = 0.0
    stormy: bool = False
    marking: bool = True
    """True while an ingress sends markers."""
    store: MemoryStore = field(init=False)
    engine: Engine = field(init=False)
    connection: Connection = field(init=False)

    def __post_init__(self) -> None:
        self.store = open_memory_store(clock=lambda: EPOCH + self.now)
        self.rabbit = Rabbit(self)
        self.connection = Connection(self.rabbit, Random(1))
        self.senders = HandSenders()
        self._ids = 0
        for change in (
            account("default"),
            Tenant(name="acme", status_url="http://acme.test/status", inbound_url="http://acme.test/inbound"),
            ApiKey(api_key="key", tenant="acme", secret_hashes=(), signature_secret="s" * 32),
            Publisher(user="shop", tenant="acme"),
        ):
            self.store.change_directory(change)
        self.restart()

    def restart(self, *, store: object | None = None, name: str = "dispatcher-1") -> None:
        """Begin another life of the dispatcher, with this store where one is given."""
        self.connection.die()
        self.connection = Connection(self.rabbit, Random(1))
        self.senders = HandSenders()
        the_store: Store = self.store if store is None else store  # type: ignore[assignment]
        self.metrics = Metrics()
        self.engine = Engine(
            self.connection, the_store, self.connection, self.senders, self, settings(name), metrics=self.metrics
        )

    # Time

    def monotonic(self) -> float:
        return self.now

    def turn(self, times: int = 6) -> None:
        """Let the engine turn a few times at this very moment."""
        for _ in range(times):
            self.engine.turn()

    def pass_time(self, seconds: float, *, step_s: float = 0.25) -> None:
        """Let time go by, a turn and a marker each quarter of a second."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + step_s)
            if self.marking:
                self.mark()
            self.turn(3)

    # What others send

    def start(
        self, *channels: str, user: str = "cascade-ingress", message_id: str | None = None, **words: object
    ) -> str:
        """Put a v1 chain on `cascade.sends`; a window of 20 s on all steps but the last. Returns the workflow id."""
        self._ids += 1
        messages: list[dict[str, object]] = [
            {
                "channel": channel,
                "message_type": "text",
                "to": "447700900001",
                "from": "Shop",
                "text": f"message {self._ids}",
                **({"expiry_time": 20} if index < len(channels) - 1 else {}),
            }
            for index, channel in enumerate(channels)
        ]
        body = messages[0] | words
        if len(messages) > 1:
            body["failover"] = messages[1:]
        return self.put(json.dumps(body).encode(), user=user, message_id=message_id)

    def start_dispatch(self, **words: object) -> str:
        """Put a Dispatch workflow on `cascade.sends`, which the provider is to run: Viber for 20 s, then SMS."""
        number = {"number": "447700900001"}
        steps = [
            {
                "to": {"type": kind, **number},
                "from": {"type": kind, member: "Shop"},
                "message": {"content": {"type": "text", "text": "hello"}},
                **more,
            }
            for kind, member, more in (
                ("viber_service_msg", "id", {"failover": {"expiry_time": 20, "condition_status": "delivered"}}),
                ("sms", "number", {}),
            )
        ]
        body = {"template": "failover", "workflow": steps, "engine": "provider", **words}
        return self.put(json.dumps(body).encode(), type=envelope.WORKFLOW_V0_1)

    def put(
        self,
        body: bytes,
        *,
        user: str | None = "cascade-ingress",
        message_id: str | None = None,
        application: str | None = None,
        **other: str,
    ) -> str:
        """Put any body on `cascade.sends`; returns the id that the ingress would have given."""
        self._ids += 1
        workflow_id = marked_workflow_id(
            milliseconds=int((EPOCH + self.now) * 1000), random_bits=self._ids, tenant="acme", secret=b"s" * 32
        )
        message = Published(
            exchange=SENDS,
            routing_key="any",
            type=envelope.MESSAGE_V1,
            message_id=message_id or workflow_id,
            body=body,
            user_id=user,
            headers={envelope.TENANT: "acme", envelope.WORKFLOW_ID: workflow_id}
            | ({envelope.APPLICATION: application} if application else {}),
        )
        self.rabbit.publish(replace(message, **other))  # type: ignore[arg-type]  # mypy can't see through **
        return workflow_id

    def receipt(
        self,
        status: str,
        workflow_id: str = "",
        *,
        step: int = 1,
        attempt: int = 1,
        code: str | None = None,
        uuid: str | None = None,
        account_name: str = "default",
    ) -> None:
        """Send a status webhook; without a workflow id it carries no reference of ours."""
        body: dict[str, object] = {"message_uuid": uuid or f"uuid-{step}-{attempt}", "status": status}
        if workflow_id:
            body["client_ref"] = reference(workflow_id, step, attempt)
        if code is not None:
            body["error"] = {"title": code, "detail": "made up"}
        self.webhook(json.dumps(body).encode(), account_name=account_name)

    def webhook(
        self,
        raw: bytes,
        *,
        account_name: str = "default",
        key: str = RECEIPT_KEY,
        legacy: str | None = None,
        about: str | None = None,
    ) -> None:
        """Publish raw webhook bytes as the ingress does; `legacy` names the SMS API's old form, as a query string.

        `about`: the provider's application that its signature names.
        """
        self._ids += 1
        self.rabbit.publish(
            Published(
                exchange=RECEIPTS,
                routing_key=key,
                type=envelope.WEBHOOK,
                message_id=f"webhook-{self._ids}",
                body=raw,
                headers={envelope.ACCOUNT: account_name}
                | ({envelope.LEGACY: legacy} if legacy else {})
                | ({envelope.ABOUT_APPLICATION: about} if about else {}),
                content_type=envelope.FORM if legacy else "application/json",
            )
        )

    def inbound(self, raw: bytes, *, about: str | None = None) -> None:
        """Publish an inbound message's bytes."""
        self.webhook(raw, key=INBOUND_KEY, about=about)

    def mark(self) -> None:
        """Send a marker of this moment."""
        self._ids += 1
        marker = Published(
            exchange=RECEIPTS,
            routing_key=RECEIPT_KEY,
            type=envelope.MARKER,
            message_id=f"marker-{self._ids}",
            body=write(Marker(at=EPOCH + self.now)),
        )
        self.rabbit.publish(marker)

    def command(self, name: CommandName, workflow_id: str, *, tenant: str = "acme") -> None:
        """Ask for a cancel or a next."""
        self._ids += 1
        body = write(Command(command=name, workflow_id=workflow_id, tenant=tenant, by="caller", at=EPOCH + self.now))
        self.rabbit.publish(
            Published(
                exchange=COMMANDS,
                routing_key=COMMAND_KEY,
                type=envelope.COMMAND,
                message_id=f"command-{self._ids}",
                body=body,
            )
        )

    def update(self, message_uuid: str, status: UpdateStatus = UpdateStatus.REVOKED) -> None:
        """Wish for an update of a message."""
        self._ids += 1
        body = write(
            MessageUpdate(message_uuid=message_uuid, tenant="acme", by="caller", at=EPOCH + self.now, status=status)
        )
        self.rabbit.publish(
            Published(
                exchange=COMMANDS,
                routing_key=COMMAND_KEY,
                type=envelope.COMMAND,
                message_id=f"command-{self._ids}",
                body=body,
            )
        )

    def end_update(self, problem: Problem | None = None, *, workflow_id: str | None = None, step: int = 1) -> None:
        """End the oldest update that was begun."""
        wish = self.senders.wishes.pop(0)
        self.connection.updated(UpdateEnded(wish=wish, problem=problem, workflow_id=workflow_id, step=step))
        self.turn()

    def lose_messages(self, queue: str) -> None:
        """Lose what is in a queue, and every trace that it is still to be published."""
        self.rabbit.queues[queue].clear()
        rows = self.store.outbox_of_others(now=EPOCH + self.now + 1000, older_than_s=0.0, limit=1000)
        self.store.outbox_sent([row.row_id for row in rows])

    # Calls

    def answer(self, outcome: CallOutcome | None = None, *, ticket: CallTicket | None = None) -> CallTicket:
        """Answer the oldest call, or this one; accepted where nothing else is said."""
        answered = ticket or self.senders.tickets[0]
        self.senders.tickets.remove(answered)
        uuid = f"uuid-{answered.step}-{answered.attempt}"
        self.connection.answer(
            CallAnswer(ticket=answered, outcome=outcome or Accepted(provider_uuid=uuid), ended_monotonic=self.now)
        )
        self.turn()
        return answered

    def call_of(self, workflow_id: str) -> CallTicket:
        """Return the call of a workflow that waits for its answer."""
        return next(ticket for ticket in self.senders.tickets if ticket.workflow_id == workflow_id)

    # What came of it

    def workflow(self, workflow_id: str) -> Workflow:
        """Return a workflow that must be there."""
        stored = self.store.find(workflow_id)
        assert stored is not None

        return stored.workflow

    def story(self, workflow_id: str) -> list[str]:
        """Return what the journal says, as words."""
        return [_word(entry) for entry in self.store.timeline(workflow_id)]

    @property
    def dead(self) -> list[tuple[str, str]]:
        """Reason and queue of each dead letter."""
        headers = [message.headers for message in self.rabbit.queues[DEAD]]
        return [(str(each[envelope.DEAD_REASON]), str(each[envelope.DEAD_QUEUE])) for each in headers]

    def measured(self, name: str, **labels: str) -> float | None:
        """Return a metric of this life, None where it was never counted."""
        return self.metrics.registry.get_sample_value(name, labels)

    def told(self, type_: str) -> list[Published]:
        """Return events or answers that were published."""
        return [message for message in self.rabbit.unbound if message.type == type_]

    @property
    def unacked(self) -> list[str]:
        """Queues of what is not acknowledged."""
        return [queue for queue, _ in self.connection.unacked.values()]


def account(name: str) -> Account:
    """Return a provider account."""
    return Account(
        name=name,
        base_url="http://provider.test",
        generation="v1",
        api_key=name,
        application_id=None,
        private_key=None,
        api_secret="secret",
        signature_secrets=("c" * 32,),
    )


def settings(name: str) -> DispatcherSettings:
    """Return a dispatcher's settings."""
    return DispatcherSettings(
        broker_url="amqp://cascade-dispatcher@nowhere", store_url="memory", state_dir=Path(), name=name, slots=SLOTS
    )


def _word(entry: Entry) -> str:
    said = entry.reason or entry.facts.get("status")
    return entry.what.value if said is None else f"{entry.what.value} {said}"
