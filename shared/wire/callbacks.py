"""Bodies of the webhooks to the caller: status in the form of v1, v0.1 or beta, and the final report.

The form is the step's `webhook_version`, else the request's generation; channels that v0.1 never knew speak v1. The
caller reads its own `client_ref`, also in the words of an error, and our `message_uuid`. Inbound messages are passed
on as the provider's bytes, and so have no function here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from uuid import UUID

import msgspec

from shared.channels import CHANNELS
from shared.ids import event_id, message_uuid
from shared.model import Generation, Problem, RequestKind, Status, Step, Workflow
from shared.wire.caller_words import problem_in_caller_words
from shared.wire.statuses import status_of, was_called
from shared.wire.times import rfc3339

CURRENCY = "EUR"
"""Where the provider named none: its own default."""
_MESSAGE_ERRORS = "https://developer.vonage.com/api-errors/messages#"
_UNKNOWN_CODE = 1330
"""What v0.1, whose codes are numbers, is told of a problem that has only a word, or the status of an answer."""
_SMALLEST_CODE = 1000
"""Of the provider's table. What is below is the HTTP status of an answer that named no code."""
_DISPATCH_ID = {Generation.BETA: "workflow_uuid"}
_Usage = dict[str, str]


def status_webhook(
    workflow: Workflow,
    step: int,
    *,
    sequence: int,
    status: Status,
    at: float,
    problem: Problem | None = None,
    price: str | None = None,
    currency: str | None = None,
    timestamp: str | None = None,
    extras: Mapping[str, object] | None = None,
) -> bytes:
    """Return the status webhook of a step (1..10).

    `sequence` and `at` are those of the journal entry that it tells; `timestamp` is the provider's time, which goes
    before `at` where there is one. `extras` are members of the provider's own webhook that only v1 knows.
    """
    told = workflow.steps[step - 1]
    problem = problem_in_caller_words(problem, workflow)
    row = CHANNELS[told.message.channel]
    version = told.webhook_version or ("v1" if workflow.generation is Generation.V1 else "v0.1")
    body: dict[str, object] = {"message_uuid": message_uuid(workflow.workflow_id, step)}
    when = timestamp or rfc3339(at)
    if version == "v1" or row.v0_1_name is None:
        body |= {
            "channel": told.message.channel,
            "to": told.message.recipient,
            "from": told.message.sender,
            "timestamp": when,
            "status": status.value,
        }
        body |= {name: value for name, value in (extras or {}).items() if name not in body}
        body |= _v1_extras(workflow, told, sequence, problem)
    else:
        body |= {
            "to": {"type": row.v0_1_name, row.v0_1_recipient: told.message.recipient},
            "from": {"type": row.v0_1_name, row.v0_1_sender: told.message.sender},
            "timestamp": when,
            "status": status.value,
        }
        body |= _v0_1_extras(workflow, told, problem)
    if price is not None:
        body["usage"] = {"currency": currency or CURRENCY, "price": price}
    return msgspec.json.encode(body)


def final_report(workflow: Workflow, *, at: float) -> bytes:
    """Return the final report of a dispatch or beta workflow that has ended; `at` is the time of its last entry.

    `completed` when a success was recorded, else `error`; our `outcome` and `condition_met` stand beside it.
    """
    sent = [step for step in workflow.steps if was_called(step)]
    body = {
        _DISPATCH_ID.get(workflow.generation, "dispatch_uuid"): workflow.workflow_id,
        "template": "failover",
        "status": "completed" if workflow.condition_met else "error",
        "timestamp": rfc3339(at),
        "usage": _usage(sent),
        "_links": {"messages": [_link(workflow, step) for step in sent]},
        "outcome": workflow.outcome,
        "condition_met": bool(workflow.condition_met),
    }
    return msgspec.json.encode(body)


def _v1_extras(workflow: Workflow, step: Step, sequence: int, problem: Problem | None) -> dict[str, object]:
    extras: dict[str, object] = {}
    if step.client_ref is not None:
        extras["client_ref"] = step.client_ref
    if problem is not None:
        extras["error"] = {
            "type": problem.type or f"{_MESSAGE_ERRORS}{problem.code}",
            "title": problem.code,
            "detail": problem.detail or problem.title,
            "instance": UUID(event_id(workflow.workflow_id, sequence)).hex,
        }
    total = len(workflow.steps)
    if total > 1:
        number = str(step.number)
        # The provider's own clients disagree on the names, so all of them are there.
        extras["workflow"] = {
            "id": workflow.workflow_id,
            "workflow_id": workflow.workflow_id,
            "items_number": number,
            "item_number": number,
            "items_total": str(total),
            "total_items": str(total),
        }
    return extras


def _v0_1_extras(workflow: Workflow, step: Step, problem: Problem | None) -> dict[str, object]:
    extras: dict[str, object] = {}
    if step.client_ref is not None:
        extras["client_ref"] = step.client_ref
    if problem is not None:
        extras["error"] = {"code": _number_of(problem.code), "reason": problem.title or problem.detail}
    if workflow.kind is RequestKind.WORKFLOW:
        name = _DISPATCH_ID.get(workflow.generation, "dispatch_uuid")
        extras["_links"] = {"workflow": {name: workflow.workflow_id, "href": f"/workflows/{workflow.workflow_id}"}}
    return extras


def _number_of(code: str) -> int:
    number = int(code) if code.isascii() and code.isdigit() else 0
    return number if number >= _SMALLEST_CODE else _UNKNOWN_CODE


def _link(workflow: Workflow, step: Step) -> dict[str, object]:
    uuid = message_uuid(workflow.workflow_id, step.number)
    link: dict[str, object] = {
        "message_uuid": uuid,
        "href": uuid,
        "channel": CHANNELS[step.message.channel].v0_1_name or step.message.channel,
        "usage": _usage([step]),
    }
    status = status_of(step)
    if status is not None:  # nobody knows: the provider's vocabulary has no word for that
        link["status"] = status.value
    return link


def _usage(steps: Iterable[Step]) -> _Usage:
    attempts = [attempt for step in steps for attempt in step.attempts]
    total = sum((_amount(attempt.price) for attempt in attempts), Decimal("0.0000"))
    currency = next((attempt.currency for attempt in attempts if attempt.currency), CURRENCY)
    return {"price": f"{total:f}", "currency": currency}


def _amount(price: str | None) -> Decimal:
    try:
        amount = Decimal(price or "0")
    except InvalidOperation:
        return Decimal(0)
    return amount if amount.is_finite() and abs(amount) < 10**9 else Decimal(0)
