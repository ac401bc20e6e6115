"""Show a workflow, a message or a timeline, also right after the 202 and while every dispatcher is down."""

from __future__ import annotations

from flask import Blueprint, Response

from services.ingress.authentication import authenticated
from services.ingress.house import House, house
from services.ingress.lookups import Found, look_up
from shared.ids import message_uuid
from shared.model import State, Workflow
from shared.wire import views

_WORKFLOWS, _DISPATCHES, _MESSAGES = (
    "/v1/workflows/<identifier>",
    "/v0.1/dispatch/<identifier>",
    "/v1/messages/<identifier>",
)


def queries() -> Blueprint:
    """Return the GET of workflows, dispatches and messages, each with its timeline."""
    blueprint = Blueprint("queries", __name__)
    shown = ((_WORKFLOWS, _workflow, False), (_DISPATCHES, _dispatch, False), (_MESSAGES, _message, True))
    for path, view, message in shown:
        blueprint.add_url_rule(path, view_func=view, methods=["GET"], strict_slashes=False)
        blueprint.add_url_rule(
            f"{path}/timeline",
            endpoint=f"timeline {path}".replace(".", "_"),
            view_func=_timeline,
            methods=["GET"],
            defaults={"message": message},
            strict_slashes=False,
        )
    return blueprint


def _workflow(identifier: str) -> Response:
    return _whole(identifier, dispatch=False)


def _dispatch(identifier: str) -> Response:
    return _whole(identifier, dispatch=True)


def _whole(identifier: str, *, dispatch: bool) -> Response:
    here, found = _found(identifier, message=False)
    if found.stored is None:
        return _json(views.accepted_workflow(found.workflow_id, dispatch=dispatch))
    workflow = found.stored.workflow
    stopped = _stopped(here, workflow)
    return _json(views.workflow_view(workflow, wake_at=found.stored.wake_at, stopped=stopped, dispatch=dispatch))


def _message(identifier: str) -> Response:
    here, found = _found(identifier, message=True)
    step = found.step or 1
    if found.stored is None:
        return _json(views.accepted_message(message_uuid(found.workflow_id, step)))
    return _json(views.message_view(found.stored.workflow, step, stopped=_stopped(here, found.stored.workflow)))


def _timeline(identifier: str, message: bool) -> Response:
    """A message's is that of its workflow: why a step was left is told by its neighbours."""
    here, found = _found(identifier, message=message)
    if found.stored is None:
        return _json(views.timeline(()))
    return _json(views.timeline(here.store.timeline(found.workflow_id), found.stored.workflow))


def _found(identifier: str, *, message: bool) -> tuple[House, Found]:
    here = house()
    return here, look_up(here, authenticated(), identifier, message=message)


def _stopped(here: House, workflow: Workflow) -> bool:
    """Tell whether a stop keeps the current step from its turn; only asked of the store where it would be shown."""
    if workflow.state is not State.READY:
        return False
    message = workflow.step.message
    account = here.known.current().directory.account_for(
        tenant=workflow.tenant, channel=message.channel, sender=message.sender
    )
    return any(
        stop.covers(account=account or "", channel=message.channel, sender=message.sender)
        for stop in here.store.controls().stops
    )


def _json(body: bytes) -> Response:
    return Response(body, content_type="application/json")
