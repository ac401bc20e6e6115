"""The provider behind the addresses: takes messages, sends what follows from them, and keeps the record."""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from services.sandbox.callbacks import Callbacks
from services.sandbox.credentials import Caller
from services.sandbox.directory import Directory
from services.sandbox.ledger import CallRecord, Ledger, Message, Sending
from services.sandbox.planner import Planner, family
from services.sandbox.problems import ProblemError
from services.sandbox.receipts import inbound_body, status_body
from services.sandbox.schedule import Schedule
from services.sandbox.scripts import Call, Receipt, Signature
from services.sandbox.settings import Settings
from services.sandbox.webhooks import Attempt, Sender, Webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """What a good call comes to; `message_uuid` None = the message is not taken."""

    call: Call
    message_uuid: str | None


def encoded(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


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

    def take(self, caller: Caller, body: Mapping[str, Any]) -> Taking:
        """Take or refuse a message whose body is good, as its script or its recipient's digits say."""
        content = body.get("text") or body.get(str(body["message_type"]))
        call = self.planner.next_call(
            body["channel"], body["to"], family(body.get("client_ref"), json.dumps(content, sort_keys=True))
        )
        message_uuid = str(uuid.uuid4()) if call.takes_it else None
        now_s = time.time()
        if message_uuid is not None:
            message = Message(message_uuid=message_uuid, received_at_s=now_s, caller=caller, body=body)
            self.ledger.take(message)
            for receipt in call.receipts:
                self.schedule.after(receipt.after_s, partial(self._send_receipt, message, receipt))
        self.ledger.note_call(
            CallRecord(
                at_s=now_s,
                status=call.answer if call.ending == "answered" else None,
                ending=call.ending,
                taken=call.takes_it,
                message_uuid=message_uuid,
                problem=None,
                body=body,
            )
        )
        return Taking(call=call, message_uuid=message_uuid)

    def refuse(self, problem: ProblemError, body: Mapping[str, Any] | None) -> None:
        """Note a call that was found wanting. `body` None = it was not read, or could not be."""
        self.ledger.note_call(
            CallRecord(
                at_s=time.time(),
                status=problem.status,
                ending="answered",
                taken=False,
                message_uuid=None,
                problem=problem.title,
                body=body,
            )
        )

    def reply(self, caller: Caller, fields: Mapping[str, Any], answered: Message | None, signature: Signature) -> str:
        """Send an inbound message to an application's inbound_url. Gives the message's uuid."""
        message_uuid = str(fields.get("message_uuid") or uuid.uuid4())
        application = self.directory.latest(caller.application)
        self._sender.send(
            Webhook(
                url=application.inbound_url,
                body=encoded(inbound_body(fields, message_uuid, answered, time.time())),
                account=application,
                by_token=caller.by_token,
                signature=signature,
                told=lambda _attempt: None,
            )
        )
        return message_uuid

    def _send_receipt(self, message: Message, receipt: Receipt) -> None:
        application = self.directory.latest(message.caller.application)
        # The copies are copies to the byte: one event that was told more than once.
        body = encoded(status_body(message, receipt, time.time(), uuid.uuid4().hex))
        for copy in range(1, receipt.times + 1):
            self._sender.send(
                Webhook(
                    url=str(message.body.get("webhook_url") or application.status_url),
                    body=body,
                    account=application,
                    by_token=message.caller.by_token,
                    signature=receipt.signature,
                    told=partial(self._note_sending, message, receipt, copy),
                )
            )

    def _note_sending(self, message: Message, receipt: Receipt, copy: int, attempt: Attempt) -> None:
        self.ledger.note_sending(
            message,
            Sending(
                status=receipt.status,
                code=receipt.code,
                copy=copy,
                attempt=attempt.number,
                sent_at_s=attempt.at_s,
                signature=receipt.signature,
                answer=attempt.answer,
                error=attempt.error,
            ),
        )
