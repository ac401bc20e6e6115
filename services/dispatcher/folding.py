"""Fold all that happened to one workflow in a turn into one decision (semantics 7).

Receipts first, then answers, commands, timers, step messages: what is known is heard before anything is done. A step
message is decided only with a permit and only where no stop covers the step; under a stop the row is told of the
stop instead. The message goes back to its queue where that is closed, else it would come round and round: it is
acknowledged, and the end of every stop that may have done so puts the messages of its ready rows back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from services.dispatcher.events import (
    Answered,
    AnyEvent,
    Call,
    Decision,
    Due,
    Effect,
    Outside,
    PutStep,
    Received,
    Reported,
    Republished,
    Resumed,
    SeenMessage,
    StepMessage,
    Stopped,
)
from services.dispatcher.failover import decide, fold_key
from services.dispatcher.stops import Stops, covering
from services.dispatcher.work import (
    BackInQueue,
    CallEnded,
    Command,
    InboundRead,
    NewStart,
    Nudge,
    Probe,
    ReceiptRead,
    ReportRead,
    StatusRead,
    StepTurn,
    Work,
)
from shared.model import CodeMeaning, Entry, Receipt, State, Stop, Workflow
from shared.settings import DispatcherSettings
from shared.store.directory import Directory
from shared.store.records import AttemptRow, Turn
from shared.vonage.codes import meaning_of
from shared.vonage.webhooks import ReportWebhook


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The world as a turn sees it."""

    turn: Turn
    stops: Stops
    directory: Directory
    settings: DispatcherSettings
    monotonic: float
    """Reading of the clock at the time of `turn.now`."""
    read_to: float
    blind: bool

    @property
    def now(self) -> float:
        """The store's time: `now` of every decision of the turn."""
        return self.turn.now

    def account_of(self, workflow: Workflow, step: int) -> str:
        """Return the provider account that a step uses."""
        message = workflow.steps[step - 1].message
        account = self.directory.account_for(tenant=workflow.tenant, channel=message.channel, sender=message.sender)
        return account or "default"

    def outside(self, workflow: Workflow) -> Outside:
        """Return what `decide()` must know of the world."""
        return Outside(
            stops=self.stops.in_force,
            accounts=tuple(self.account_of(workflow, step.number) for step in workflow.steps),
            suppressed=frozenset(
                step.person for step in workflow.steps if (workflow.tenant, step.person) in self.turn.suppressed
            ),
            reconcile_s=self.settings.reconcile_s,
            receipt_p95_s=self.settings.receipt_p95_s,
            dispatcher=self.settings.name,
        )


@dataclass(slots=True, kw_only=True)
class Folded:
    """What a workflow became in this turn."""

    workflow: Workflow
    entries: list[Entry] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    probed: Stop | None = None
    """The stop that the claim among `effects` probes."""
    back: list[StepTurn] = field(default_factory=list)
    """Step messages that go back to their queue, because it is closed."""
    put_again: PutStep | None = None
    """The step message that is published once more, without a word in the journal."""

    @property
    def call(self) -> Call | None:
        """The call to be made, None where none was claimed."""
        return next((effect for effect in self.effects if isinstance(effect, Call)), None)


def fold(
    workflow: Workflow,
    work: Iterable[Work],
    matched: Iterable[tuple[ReceiptRead, AttemptRow]],
    around: Around,
    *,
    begun: Decision | None = None,
    quarantined_until: float | None = None,
) -> Folded:
    """Apply all work on one workflow in the order of semantics 7.

    `matched` are its receipts with the attempts they speak of. `begun` is the first decision on a new workflow.
    `quarantined_until`: its row was put into quarantine, and nothing was changed since.
    """
    folded = Folded(workflow=workflow)
    if begun is not None:
        _add(folded, begun)
    outside = around.outside(workflow)
    events: list[tuple[AnyEvent, Work | None]] = [(_received(read, row), None) for read, row in matched]
    events += [pair for each in work for pair in _events(each, around)]
    for event, cause in sorted(events, key=lambda pair: fold_key(pair[0])):
        match cause:
            case StepTurn():
                _step_turn(folded, cause, around, outside)
            case Probe():
                _probe(folded, cause, around, outside)
            case _:
                _apply(folded, event, around, outside)
    if quarantined_until is not None and (folded.entries or quarantined_until <= around.now):
        _publish_after_quarantine(folded, around, outside)
    elif quarantined_until is None and any(isinstance(each, BackInQueue) for each in work):
        _publish_again(folded, around, outside)
    return folded


def _events(work: Work, around: Around) -> list[tuple[AnyEvent, Work | None]]:
    match work:
        case CallEnded(answer=answer):
            ticket = answer.ticket
            ended = Answered(
                step=ticket.step,
                attempt=ticket.attempt,
                outcome=answer.outcome,
                age_s=max(0.0, around.monotonic - answer.ended_monotonic),
                claimed_at=ticket.claimed_at,
            )
            return [(ended, None)]
        case Command(event=event) | Nudge(event=event):
            return [(event, work)]
        case StepTurn(step=step, attempt=attempt):
            return [(StepMessage(step=step, attempt=attempt), work)]
        case Probe():
            return [(StepMessage(step=0, attempt=0), work)]  # takes its place among the claims; see _probe
        case NewStart() | StatusRead() | ReportRead() | InboundRead() | BackInQueue():
            return []


def _received(read: ReceiptRead, row: AttemptRow) -> Received | Reported:
    if isinstance(read, ReportRead):
        return _reported(read.report)
    problem = read.receipt.problem
    meaning: CodeMeaning | None = None
    if read.receipt.status.negative:
        meaning = meaning_of(problem.code if problem is not None else None)
    return Received(step=row.step, attempt=row.attempt, receipt=read.receipt, meaning=meaning, message=read.message)


def _reported(report: ReportWebhook) -> Reported:
    messages = (
        Received(
            step=0,
            attempt=0,
            receipt=Receipt(
                status=each.status, provider_uuid=each.provider_uuid, price=each.price, currency=each.currency
            ),
            message=SeenMessage(workflow_id=report.workflow_id, channel=each.channel),
        )
        for each in report.messages
        if each.status is not None
    )
    return Reported(completed=report.completed, messages=tuple(messages))


def _apply(folded: Folded, event: AnyEvent, around: Around, outside: Outside) -> None:
    if isinstance(event, Due):
        event = Due(read_to=around.read_to, blind=around.blind)
    held = folded.workflow.state is State.HELD
    if isinstance(event, Resumed) and held and _stops_of(folded.workflow, outside):
        return  # another stop still covers it: the end of that one will wake it; the others get their patience back now
    _add(folded, decide(folded.workflow, replace(event, outside=outside), around.now))


def _step_turn(folded: Folded, turn: StepTurn, around: Around, outside: Outside) -> None:
    if not _its_turn(folded.workflow, turn):
        return
    stops = _stops_of(folded.workflow, outside)
    if not stops:
        message = StepMessage(step=turn.step, attempt=turn.attempt, outside=outside)
        _add(folded, decide(folded.workflow, message, around.now))
        return
    _add(folded, decide(folded.workflow, Stopped(outside=outside), around.now))
    if not _its_turn(folded.workflow, turn):
        return
    if around.stops.closed(folded.workflow.step.message.channel, around.directory):
        folded.back.append(turn)


def _probe(folded: Folded, probe: Probe, around: Around, outside: Outside) -> None:
    """Claim in spite of the one stop that is probed; any other stop still holds."""
    others = tuple(stop for stop in outside.stops if stop.key != probe.stop.key)
    beside = replace(outside, stops=others)
    workflow = folded.workflow
    if workflow.state not in (State.HELD, State.READY) or _stops_of(workflow, beside):
        return
    if workflow.state is State.HELD:
        _add(folded, decide(workflow, Resumed(since=probe.stop.since, outside=beside), around.now))
    step = folded.workflow.step
    if folded.workflow.state is State.READY:
        message = StepMessage(step=step.number, attempt=step.next_attempt, outside=beside)
        _add(folded, decide(folded.workflow, message, around.now))
    if folded.call is not None:
        folded.probed = probe.stop


def _publish_after_quarantine(folded: Folded, around: Around, outside: Outside) -> None:
    """Publish the step message of a row that leaves the quarantine `ready`: the first is with the dead letters."""
    if _has_no_message(folded):
        _add(folded, decide(folded.workflow, Republished(outside=outside), around.now))


def _publish_again(folded: Folded, around: Around, outside: Outside) -> None:
    if _has_no_message(folded):
        effects = decide(folded.workflow, Republished(outside=outside), around.now).effects
        folded.put_again = next((effect for effect in effects if isinstance(effect, PutStep)), None)


def _has_no_message(folded: Folded) -> bool:
    """Tell whether a row is `ready` and this turn publishes nothing for it, nor hands anything back."""
    put = any(isinstance(effect, PutStep) for effect in folded.effects)
    return folded.workflow.state is State.READY and not put and not folded.back


def _its_turn(workflow: Workflow, turn: StepTurn) -> bool:
    return workflow.state is State.READY and (turn.step, turn.attempt) == (workflow.current, workflow.step.next_attempt)


def _stops_of(workflow: Workflow, outside: Outside) -> tuple[Stop, ...]:
    return covering(outside.stops, account=outside.account_of(workflow.current), step=workflow.step)


def _add(folded: Folded, decision: Decision) -> None:
    folded.workflow = decision.workflow
    folded.entries.extend(decision.entries)
    folded.effects.extend(decision.effects)
