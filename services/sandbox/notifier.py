"""Have webhooks sent at their time, to whom they belong, and note each try where it belongs."""

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from services.sandbox.credentials import Caller
from services.sandbox.directory import Application, Directory
from services.sandbox.ledger import Ledger
from services.sandbox.receipts import status_body
from services.sandbox.records import Inbound, Message, Sending
from services.sandbox.schedule import Schedule
from services.sandbox.scripts import Receipt, Signature
from services.sandbox.webhooks import Attempt, Sender, Webhook

Heard = Callable[[Message, Receipt], None]


def encoded(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


class Notifier:
    """The provider's outgoing post."""

    def __init__(self, ledger: Ledger, directory: Directory, schedule: Schedule, sender: Sender) -> None:
        self._ledger = ledger
        self._directory = directory
        self._schedule = schedule
        self._sender = sender

    def follow(self, message: Message, receipts: Sequence[Receipt], heard: Heard | None = None) -> None:
        """Send a message's receipts, each at its time; `heard` is told as they leave, on the schedule's thread."""
        for receipt in receipts:
            self._schedule.after(receipt.after_s, partial(self._tell, message, receipt, heard))

    def report(self, caller: Caller, body: Mapping[str, object], copies: int, told: Callable[[Sending], None]) -> None:
        """Send copies of a workflow's final report. `told` hears of each try."""
        application, raw = self._directory.latest(caller.application), encoded(body)
        for copy in range(1, copies + 1):
            noted = partial(self._note, told, Receipt(status=str(body["status"])), copy)
            self._post(application, application.status_url, raw, caller, "good", noted)

    def inbound(self, inbound: Inbound, signature: Signature) -> None:
        """Send a message that somebody wrote to the application it was written to."""
        application = self._directory.latest(inbound.caller.application)
        told = partial(self._ledger.note_sending, inbound)
        noted = partial(self._note, told, Receipt(status="inbound", signature=signature), 1)
        self._post(application, application.inbound_url, encoded(inbound.body), inbound.caller, signature, noted)

    def plain(self, application: Application, url: str, method: str, body: bytes, content_type: str) -> None:
        """Send a webhook of the SMS API, whose signature, if any, is in the body."""
        self._sender.send(
            Webhook(
                url=url,
                body=body,
                account=application,
                by_token=False,
                signature="none",
                told=lambda _attempt: None,
                method=method,
                content_type=content_type,
            )
        )

    def _tell(self, message: Message, receipt: Receipt, heard: Heard | None) -> None:
        if message.revoked:
            return
        application = self._directory.latest(message.caller.application)
        # The copies are copies to the byte: one event that was told more than once.
        body = encoded(status_body(message, receipt, time.time(), uuid.uuid4().hex))
        url = message.draft.status_url or application.status_url
        for copy in range(1, receipt.times + 1):
            noted = partial(self._note, partial(self._ledger.note_sending, message), receipt, copy)
            self._post(application, url, body, message.caller, receipt.signature, noted)
        if heard is not None:
            heard(message, receipt)

    def _post(
        self,
        application: Application,
        url: str,
        body: bytes,
        caller: Caller,
        signature: Signature,
        told: Callable[[Attempt], None],
    ) -> None:
        self._sender.send(
            Webhook(url=url, body=body, account=application, by_token=caller.by_token, signature=signature, told=told)
        )

    @staticmethod
    def _note(told: Callable[[Sending], None], receipt: Receipt, copy: int, attempt: Attempt) -> None:
        told(
            Sending(
                status=receipt.status,
                code=receipt.code,
                copy=copy,
                attempt=attempt.number,
                sent_at_s=attempt.at_s,
                signature=receipt.signature,
                answer=attempt.answer,
                error=attempt.error,
            )
        )
