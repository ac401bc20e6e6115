"""Build the HTTP request that hands a whole workflow to the provider, which then runs the failover itself. Pure.

Dispatch bodies, those of the beta too, go to the Dispatch API; v1 chains go to `/v1/messages` with `failover`
(semantics 10). So it is the request's own form that decides, and not the generation of the account.
"""

from __future__ import annotations

from shared.ids import reference
from shared.model import Message, RequestKind, Step, Workflow
from shared.store.directory import Account
from shared.vonage.calls import ProviderRequest, address_of, request_of
from shared.vonage.calls_v0_1 import v0_1_message
from shared.vonage.calls_v1 import v1_message

DISPATCH_PATH = "/v0.1/dispatch"
MESSAGES_PATH = "/v1/messages"
ATTEMPT = 1
"""In the references of all items: a workflow is handed over once."""


def goes_to_dispatch(workflow: Workflow) -> bool:
    """Tell whether the Dispatch API is asked to run it; else the Messages API."""
    return workflow.kind is RequestKind.WORKFLOW


def build_handover(account: Account, workflow: Workflow, *, authorization: str, user_agent: str) -> ProviderRequest:
    """Return the request. Raises NotExpressible where the API has no words for one of the messages."""
    if goes_to_dispatch(workflow):
        path, form = DISPATCH_PATH, _dispatch(workflow)
    else:
        path, form = MESSAGES_PATH, _chain(workflow)
    url = address_of(account, path)
    return request_of("POST", url, form, authorization=authorization, user_agent=user_agent)


def _dispatch(workflow: Workflow) -> dict[str, object]:
    last = len(workflow.steps)
    return {
        "template": "failover",
        "workflow": [
            _item(step.message) if step.number == last else {**_item(step.message), "failover": _condition(step)}
            for step in workflow.steps
        ],
    }


def _item(message: Message) -> dict[str, object]:
    # It has no client_ref: receipts are matched by the provider's id of the workflow.
    return v0_1_message(message, message.ttl)


def _condition(step: Step) -> dict[str, object]:
    return {"expiry_time": step.expiry_time, "condition_status": step.condition.value}


def _chain(workflow: Workflow) -> dict[str, object]:
    first, *others = (
        {**v1_message(step.message, step.message.ttl), "client_ref": reference(workflow.workflow_id, number, ATTEMPT)}
        for number, step in enumerate(workflow.steps, start=1)
    )
    return {**first, "failover": others} if others else first
