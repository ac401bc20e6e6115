"""What GET answers: a workflow, a message, a timeline (architecture 8). Times are RFC 3339 UTC with milliseconds.

`outcome` and `condition_met` are there at the end and not before; everything else that has no value yet is null.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, Struct, UnsetType

from shared.ids import message_uuid, split_message_uuid
from shared.model import Attempt, AttemptState, Entry, Generation, Outcome, Reason, State, Status, Step, What, Workflow
from shared.wire.caller_words import in_caller_words, problem_in_caller_words
from shared.wire.statuses import status_of
from shared.wire.story import tell_all
from shared.wire.times import rfc3339, rfc3339_or_none


class AttemptError(Struct, kw_only=True):
    """Why an attempt failed, in the provider's words or ours."""

    code: str
    title: str
    detail: str


class AttemptView(Struct, kw_only=True):
    """One provider call."""

    attempt: int
    state: AttemptState
    sent_at: str | None
    error: AttemptError | None


class StepView(Struct, kw_only=True):
    """One step."""

    step: int
    message_uuid: str
    channel: str
    to: str
    sender: str = msgspec.field(name="from")
    status: Status | None
    window_ends_at: str | None
    attempts: list[AttemptView]
    client_ref: str | UnsetType = UNSET


class WorkflowView(Struct, kw_only=True):
    """`GET /v1/workflows/{id}`; with `dispatch_uuid` below /v0.1/dispatch, with `workflow_uuid` below /beta."""

    dispatch_uuid: str | UnsetType = UNSET
    workflow_uuid: str | UnsetType = UNSET
    workflow_id: str
    state: State
    outcome: Outcome | UnsetType = UNSET
    condition_met: bool | UnsetType = UNSET
    client_ref: str | None
    accepted_at: str
    send_by: str
    wake_at: str | None
    reached: list[int]
    also_reached: list[int]
    may_have_reached: list[int]
    steps: list[StepView]


class MessageView(StepView, kw_only=True):
    """`GET /v1/messages/{id}`: the entry of its step, with the id, state and outcome of the workflow."""

    workflow_id: str
    state: State
    outcome: Outcome | UnsetType = UNSET


class AcceptedView(Struct, kw_only=True):
    """The same addresses while the request is in the broker and no row is there yet."""

    message_uuid: str | UnsetType = UNSET
    dispatch_uuid: str | UnsetType = UNSET
    workflow_uuid: str | UnsetType = UNSET
    workflow_id: str
    state: State = State.ACCEPTED


class EntryView(Struct, kw_only=True):
    """One line of a timeline."""

    sequence: int
    at: str
    by: str
    step: int | None
    attempt: int | None
    what: What
    reason: Reason | None
    text: str
    next_at: str | None


class TimelineView(Struct, kw_only=True):
    """`GET .../timeline`."""

    entries: list[EntryView]


def workflow_view(
    workflow: Workflow,
    *,
    wake_at: float | None,
    stopped: bool = False,
    asked_as: Generation = Generation.V1,
) -> bytes:
    """Return the JSON of a workflow.

    `stopped`: a stop covers its current step. `asked_as`: whose address was asked, so that its id is there too.
    """
    return msgspec.json.encode(
        WorkflowView(
            dispatch_uuid=workflow.workflow_id if asked_as is Generation.V0_1 else UNSET,
            workflow_uuid=workflow.workflow_id if asked_as is Generation.BETA else UNSET,
            workflow_id=workflow.workflow_id,
            state=_shown_state(workflow, stopped=stopped),
            outcome=UNSET if workflow.outcome is None else workflow.outcome,
            condition_met=UNSET if workflow.condition_met is None else workflow.condition_met,
            client_ref=workflow.client_ref,
            accepted_at=rfc3339(workflow.accepted_at),
            send_by=rfc3339(workflow.send_by),
            wake_at=rfc3339_or_none(wake_at),
            reached=list(workflow.reached),
            also_reached=list(workflow.also_reached),
            may_have_reached=list(workflow.may_have_reached),
            steps=[_step_view(workflow, step) for step in workflow.steps],
        )
    )


def message_view(workflow: Workflow, step: int, *, stopped: bool = False) -> bytes:
    """Return the JSON of the message of a step (1..10). Raises IndexError where the workflow has no such step."""
    view = _step_view(workflow, workflow.steps[step - 1])
    return msgspec.json.encode(
        MessageView(
            **{name: getattr(view, name) for name in view.__struct_fields__},
            workflow_id=workflow.workflow_id,
            state=_shown_state(workflow, stopped=stopped),
            outcome=UNSET if workflow.outcome is None else workflow.outcome,
        )
    )


def timeline(entries: Sequence[Entry], workflow: Workflow | None = None) -> bytes:
    """Return the JSON of a timeline; empty where no row is there yet."""
    texts = tell_all(entries, workflow.steps if workflow is not None else ())
    lines = [
        EntryView(
            sequence=entry.sequence,
            at=rfc3339(entry.at),
            by=entry.by,
            step=entry.step,
            attempt=entry.attempt,
            what=entry.what,
            reason=entry.reason,
            text=text if workflow is None else in_caller_words(text, workflow),
            next_at=rfc3339_or_none(entry.next_at),
        )
        for entry, text in zip(entries, texts, strict=True)
    ]
    return msgspec.json.encode(TimelineView(entries=lines))


def accepted_workflow(workflow_id: str, *, asked_as: Generation = Generation.V1) -> bytes:
    """Return what GET says of a workflow id that we gave and that has no row yet."""
    return msgspec.json.encode(
        AcceptedView(
            dispatch_uuid=workflow_id if asked_as is Generation.V0_1 else UNSET,
            workflow_uuid=workflow_id if asked_as is Generation.BETA else UNSET,
            workflow_id=workflow_id,
        )
    )


def accepted_message(uuid: str) -> bytes:
    """Return what GET says of a message uuid that we gave and that has no row yet. Raises ValueError for no UUID."""
    return msgspec.json.encode(AcceptedView(message_uuid=uuid, workflow_id=split_message_uuid(uuid)[0]))


def _shown_state(workflow: Workflow, *, stopped: bool) -> State:
    return State.HELD if stopped and workflow.state is State.READY else workflow.state


def _step_view(workflow: Workflow, step: Step) -> StepView:
    return StepView(
        step=step.number,
        message_uuid=message_uuid(workflow.workflow_id, step.number),
        channel=step.message.channel,
        to=step.message.recipient,
        sender=step.message.sender,
        status=status_of(step),
        window_ends_at=rfc3339_or_none(step.window_ends_at),
        attempts=[_attempt_view(workflow, attempt) for attempt in step.attempts],
        client_ref=UNSET if step.client_ref is None else step.client_ref,
    )


def _attempt_view(workflow: Workflow, attempt: Attempt) -> AttemptView:
    problem = problem_in_caller_words(attempt.problem, workflow)
    error = None
    if problem is not None:
        error = AttemptError(code=problem.code, title=problem.title, detail=problem.detail)
    return AttemptView(
        attempt=attempt.number, state=attempt.state, sent_at=rfc3339_or_none(attempt.sent_at), error=error
    )
