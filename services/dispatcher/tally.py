"""Count and log what was committed: one line for each workflow that moved, metrics by closed labels."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import structlog

from services.dispatcher.work import CallEnded, NewStart, Piece
from shared.metrics import Metrics
from shared.model import Entry, What, Workflow
from shared.outcomes import Refused
from shared.queue import envelope
from shared.queue.topology import DEAD

log = structlog.get_logger()

_ATTEMPTS: Mapping[What, str] = {
    What.SENT: "submitted",
    What.REFUSED: "rejected",
    What.NOT_SENT: "throttled",
    What.UNSURE: "timeout",
}


class Tally:
    """Counts pieces once they are committed."""

    def __init__(self, metrics: Metrics, *, believed: Collection[str] = ()) -> None:
        """`believed`: broker users whose starts were counted before they were published (the ingress)."""
        self._metrics = metrics
        self._believed = believed
        self._by_what: Mapping[What, Callable[[Workflow, Entry], None]] = {
            What.RECEIPT: self._receipt,
            What.NEXT: self._next,
            What.FINAL: self._final,
            What.REPUBLISHED: self._republished,
            **dict.fromkeys(_ATTEMPTS, self._attempt),
        }

    def count(self, piece: Piece) -> None:
        """Count one committed piece."""
        for row in piece.outbox:
            if row.exchange == DEAD:
                self._metrics.dead_letters.labels(str(row.headers.get(envelope.DEAD_REASON, "unknown"))).inc()
        self._refused_senders(piece)
        if piece.change is None:
            return
        workflow = piece.change.workflow
        if any(entry.what is What.ACCEPTED for entry in piece.change.entries):
            self._accepted(workflow, piece)
        for entry in piece.change.entries:
            count = self._by_what.get(entry.what)
            if count is not None:
                count(workflow, entry)
        last = piece.change.entries[-1]
        log.info(
            "workflow.moved",
            workflow_id=workflow.workflow_id,
            tenant=workflow.tenant,
            state=workflow.state.value,
            outcome=workflow.outcome.value if workflow.outcome is not None else None,
            what=[entry.what.value for entry in piece.change.entries],
            step=workflow.current,
            channel=workflow.step.message.channel,
            reason=last.reason.value if last.reason is not None else None,
        )

    def _accepted(self, workflow: Workflow, piece: Piece) -> None:
        starts = (work for work in piece.work if isinstance(work, NewStart))
        if any(start.delivery.user_id not in self._believed for start in starts):
            self._metrics.messages_accepted.labels("queue", f"{workflow.kind.value}.{workflow.generation.value}").inc()

    def _refused_senders(self, piece: Piece) -> None:
        """A refused sender goes to the next step and is not seen by the caller: somebody must be told of it."""
        for work in piece.work:
            if isinstance(work, CallEnded) and isinstance(work.answer.outcome, Refused):
                ticket, refused = work.answer.ticket, work.answer.outcome
                if refused.refused_sender:
                    self._metrics.senders_refused.labels(ticket.message.channel, ticket.account).inc()
                    log.warning("sender.refused", channel=ticket.message.channel, account=ticket.account)

    def _receipt(self, workflow: Workflow, entry: Entry) -> None:
        self._metrics.receipts.labels(_channel(workflow, entry), str(entry.facts.get("status", ""))).inc()

    def _attempt(self, workflow: Workflow, entry: Entry) -> None:
        self._metrics.attempts.labels(_channel(workflow, entry), _ATTEMPTS[entry.what]).inc()

    def _next(self, workflow: Workflow, entry: Entry) -> None:
        reason = entry.reason.value if entry.reason is not None else ""
        to_channel = str(entry.facts.get("to_channel", ""))
        self._metrics.steps_failed_over.labels(_channel(workflow, entry), to_channel, reason).inc()

    def _final(self, workflow: Workflow, _: Entry) -> None:
        outcome = workflow.outcome.value if workflow.outcome is not None else ""
        self._metrics.workflows_finished.labels(outcome).inc()
        if workflow.finished_at is not None:
            self._metrics.workflow_duration.labels(outcome).observe(
                max(0.0, workflow.finished_at - workflow.accepted_at)
            )

    def _republished(self, _: Workflow, __: Entry) -> None:
        self._metrics.mended.labels("republished").inc()


def _channel(workflow: Workflow, entry: Entry) -> str:
    number = entry.step if entry.step is not None else workflow.current
    return workflow.steps[number - 1].message.channel
