"""Run workflows as the provider does: Dispatch and its beta by timers, v1 failover without (protocol 4.1, 4.2).

An item that is refused, rejected or undeliverable gives way to the next one at once. In Dispatch so does one whose
condition is not met in its time; a `read` meets `delivered`. What was sent is not called back, and what becomes of it
afterwards changes nothing. A Dispatch ends with its final report.
"""

import time
from functools import partial
from threading import Lock
from typing import Final, Literal

from services.sandbox.ledger import Ledger
from services.sandbox.notifier import Notifier
from services.sandbox.planner import Planner
from services.sandbox.records import Message, Place, Sending
from services.sandbox.reports import report_body
from services.sandbox.runs import Run, meets, note_status
from services.sandbox.schedule import Schedule
from services.sandbox.scripts import NEGATIVE, Call, Receipt

_MOST_TRIES: Final = 5
_REFUSED: Final = Receipt(status="rejected", after_s=0.0, code=1430)
_THROTTLED: Final = Receipt(status="rejected", after_s=0.0, code=1000)
# The report leaves after the status that ended the workflow, and does not overtake it.
_REPORT_AFTER_S: Final = 0.1


class Engine:
    """Runs workflows. Thread-safe; what follows from a timer or a receipt happens on the schedule's thread."""

    def __init__(
        self,
        ledger: Ledger,
        planner: Planner,
        notifier: Notifier,
        schedule: Schedule,
        *,
        window_scale: float,
        retry_scale: float,
    ) -> None:
        self._ledger = ledger
        self._planner = planner
        self._notifier = notifier
        self._schedule = schedule
        self._window_scale = window_scale
        self._retry_scale = retry_scale
        self._lock = Lock()
        self._runs: dict[str, Run] = {}

    def begin(self, run: Run) -> None:
        with self._lock:
            self._runs[run.workflow_id] = run
            self._send(run, 1)

    def shown(self) -> list[dict[str, object]]:
        with self._lock:
            return [run.shown() for run in self._runs.values()]

    def clear(self) -> None:
        """Forget all workflows. What they have under way comes to its end unseen."""
        with self._lock:
            self._runs.clear()

    def _send(self, run: Run, attempt: int) -> None:
        """Send the current item, as its script or its recipient's digits say."""
        draft, index = run.items[run.at].draft, run.at
        call = self._planner.next_call(draft.channel, draft.to, f"workflow {run.workflow_id} {index}")
        if not call.takes_it and _busy(call) and attempt < _MOST_TRIES:
            self._schedule.after(_wait_s(call) * self._retry_scale, partial(self._again, run, index, attempt + 1))
            return
        message = Message(
            message_uuid=run.uuids[index],
            received_at_s=time.time(),
            caller=run.caller,
            draft=draft,
            place=Place(workflow_id=run.workflow_id, number=index + 1, total=len(run.items)),
        )
        self._ledger.take(message)
        run.sent.append(message)
        receipts = call.receipts if call.takes_it else (_THROTTLED if _busy(call) else _REFUSED,)
        self._notifier.follow(message, receipts, partial(self._heard, run, index))
        expiry_s = run.items[index].expiry_s
        if expiry_s is not None:
            self._schedule.after(expiry_s * self._window_scale, partial(self._due, run, index))

    def _again(self, run: Run, index: int, attempt: int) -> None:
        with self._lock:
            if run.at == index and run.state == "running":
                self._send(run, attempt)

    def _due(self, run: Run, index: int) -> None:
        with self._lock:
            if run.at == index and run.state == "running":
                self._advance(run)

    def _heard(self, run: Run, index: int, message: Message, receipt: Receipt) -> None:
        """Go on from a receipt of an item. Those of earlier items, or after the end, are only noted."""
        with self._lock:
            note_status(run, message.message_uuid, receipt.status)
            if run.at != index or run.state != "running":
                return
            if receipt.status in NEGATIVE:
                self._advance(run)
            elif meets(run.items[index].condition, receipt.status):
                self._end(run, "completed")

    def _advance(self, run: Run) -> None:
        if run.at + 1 == len(run.items):
            self._end(run, "error")
            return
        run.at += 1
        self._send(run, 1)

    def _end(self, run: Run, state: Literal["completed", "error"]) -> None:
        run.state = state
        if run.generation != "v1":
            self._schedule.after(_REPORT_AFTER_S, partial(self._report, run))

    def _report(self, run: Run) -> None:
        with self._lock:
            sent = [
                (message, run.last.get(message.message_uuid, "submitted"), run.best.get(message.message_uuid, ""))
                for message in run.sent
            ]
            body = report_body(run.workflow_id, run.generation, run.state, sent, time.time())
        self._notifier.report(run.caller, body, run.reports, partial(self._note_report, run))

    def _note_report(self, run: Run, sending: Sending) -> None:
        with self._lock:
            run.report_sendings.append(sending)


def _busy(call: Call) -> bool:
    """Whether the item's channel was only busy: the provider tries that again by itself."""
    return call.problem is None and (call.answer == 429 or call.answer >= 500)


def _wait_s(call: Call) -> float:
    given = (call.headers or {}).get("Retry-After", "1")
    return float(given) if given.isascii() and given.isdigit() else 1.0
