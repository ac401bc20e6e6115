"""The provider behind the addresses: takes messages, sends what follows from them, and keeps the record."""

import json
import secrets
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.sandbox.callbacks import Callbacks
from services.sandbox.credentials import Caller
from services.sandbox.directory import Directory
from services.sandbox.drafts import Draft
from services.sandbox.inbound import Written, inbound_body
from services.sandbox.ledger import Ledger
from services.sandbox.notifier import Notifier
from services.sandbox.planner import Planner, family
from services.sandbox.records import Inbound, Message
from services.sandbox.runs import Item, new_run
from services.sandbox.schedule import Schedule
from services.sandbox.scripts import Call, Signature
from services.sandbox.settings import Settings
from services.sandbox.webhooks import Sender
from services.sandbox.workflows import Engine

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_USUAL: Final = Call()


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """What a good call comes to. Without ids it is not taken."""

    call: Call
    message_uuid: str | None = None
    workflow_id: str | None = None


class Simulator:
    """All state of the sandbox. Begins to work with `start`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.directory = Directory()
        self.planner = Planner()
        self.ledger = Ledger()
        self.callbacks = Callbacks()
        self.schedule = Schedule()
        self._sender = Sender(self.schedule, threads=settings.senders, retry_scale=settings.retry_scale)
        self.notifier = Notifier(self.ledger, self.directory, self.schedule, self._sender)
        self.engine = Engine(
            self.ledger,
            self.planner,
            self.notifier,
            self.schedule,
            window_scale=settings.window_scale,
            retry_scale=settings.retry_scale,
        )
        for application in settings.applications:
            self.directory.register(application)
        self.directory.add_callback_secrets(settings.callback_secrets)

    def start(self) -> None:
        self.schedule.start()
        self._sender.start()

    def stop(self) -> None:
        """End the threads. What is still due is not sent any more."""
        self.schedule.stop()
        self._sender.stop()

    def take(self, caller: Caller, draft: Draft) -> Taking:
        """Take or refuse a single message whose body is good, as its script or its recipient's digits say."""
        name = family(draft.client_ref, json.dumps(draft.content, sort_keys=True))
        call = self.planner.next_call(draft.channel, draft.to, name)
        if not call.takes_it:
            return Taking(call=call)
        message = Message(message_uuid=str(uuid.uuid4()), received_at_s=time.time(), caller=caller, draft=draft)
        self.ledger.take(message)
        self.notifier.follow(message, call.receipts)
        return Taking(call=call, message_uuid=message.message_uuid)

    def take_workflow(self, caller: Caller, items: Sequence[Item]) -> Taking:
        """Take or refuse a whole workflow, as the script of its first recipient says; its items go their own ways."""
        first = items[0].draft
        call = self.planner.whole_call("failover" if first.generation == "v1" else "dispatch", first.to) or _USUAL
        if not call.takes_it:
            return Taking(call=call)
        workflow_id = _opaque_id() if first.generation == "v1" else str(uuid.uuid4())
        run = new_run(workflow_id, first.generation, caller, items, call.reports, time.time())
        self.engine.begin(run)
        return Taking(call=call, message_uuid=run.uuids[0], workflow_id=workflow_id)

    def reply(self, caller: Caller, message: Written, signature: Signature) -> Mapping[str, Any]:
        """Send an inbound message to an application's inbound_url. Gives its body."""
        body = inbound_body(message, time.time())
        inbound = Inbound(
            message_uuid=message.message_uuid,
            sent_at_s=time.time(),
            caller=caller,
            generation=message.generation,
            channel=message.channel,
            to=message.to,
            sender=message.sender,
            body=body,
        )
        self.ledger.note_inbound(inbound)
        self.notifier.inbound(inbound, signature)
        return body


def _opaque_id() -> str:
    """Draw the id of a v1 workflow, which looks like the provider's: 55 characters of base 58."""
    return "".join(secrets.choice(_BASE58) for _ in range(55))
