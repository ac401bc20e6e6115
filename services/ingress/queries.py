"""Show a workflow, a message or a timeline, also right after the 202 and while every dispatcher is down.

An inbound message stands under the provider's id, which looks like none of ours: it is looked for last.
"""

from __future__ import annotations

from collections.abc import Collection

from flask import Blueprint, Response

from services.ingress.addresses import LINKED, SENT, Kind
from services.ingress.authentication import authenticated
from services.ingress.house import House, house
from services.ingress.lookups import Found, canonical, look_up
from services.ingress.refusals import RefusedError
from shared.ids import message_uuid
from shared.model import Generation, State, Stop, Workflow
from shared.wire import views
from shared.wire.received import received_view


def queries() -> Blueprint:
    """Return the GET of workflows, dispatches and messages of all generations, each with its timeline."""
    blueprint = Blueprint("queries", __name__)
    for address in (*SENT, LINKED):
        for path, verb, view in (
            (address.rule, "show", _show),
            (f"{address.rule}/timeline", "timeline", _timeline),
        ):
            blueprint.add_url_rule(
                path,
                endpoint=address.endpoint(verb),
                view_func=view,
                methods=["GET"],
                defaults={"kind": address.kind, "generation": address.generation},
                strict_slashes=False,
            )
    return blueprint


def held_by(workflow: Workflow, stops: Collection[Stop], here: House) -> bool:
    """Tell whether one of these stops keeps the current step of a `ready` workflow from its turn."""
    if workflow.state is not State.READY:
        return False
    message = workflow.step.message
    account = here.known.current().directory.account_for(
        tenant=workflow.tenant, channel=message.channel, sender=message.sender
    )
    return any(stop.covers(account=account or "", channel=message.channel, sender=message.sender) for stop in stops)


def _show(identifier: str, kind: Kind, generation: Generation) -> Response:
    try:
        here, found = _found(identifier, kind)
    except RefusedError:
        message = _received(identifier) if kind is Kind.MESSAGE else None
        if message is None:
            raise
        return _json(message)
    if found.step is None:
        return _json(_workflow(here, found, generation))
    if found.stored is None:
        return _json(views.accepted_message(message_uuid(found.workflow_id, found.step)))
    workflow = found.stored.workflow
    return _json(views.message_view(workflow, found.step, stopped=_stopped(here, workflow)))


def _received(identifier: str) -> bytes | None:
    """Return the JSON of an inbound message of the caller's; None where there is none."""
    here, caller, uuid = house(), authenticated(), canonical(identifier)
    row = next((each for each in here.store.find_inbound(uuid) if each.tenant == caller.tenant), None)
    if row is None:
        return None
    return received_view(
        message_uuid=row.provider_uuid,
        channel=row.channel,
        sender=row.sender,
        recipient=row.recipient,
        received_at=row.received_at,
        webhook=row.raw,
    )


def _workflow(here: House, found: Found, generation: Generation) -> bytes:
    if found.stored is None:
        return views.accepted_workflow(found.workflow_id, asked_as=generation)
    workflow = found.stored.workflow
    stopped = _stopped(here, workflow)
    return views.workflow_view(workflow, wake_at=found.stored.wake_at, stopped=stopped, asked_as=generation)


def _timeline(identifier: str, kind: Kind, generation: Generation) -> Response:
    """A message's is that of its workflow: why a step was left is told by its neighbours."""
    del generation  # a story is told the same way to all of them
    here, found = _found(identifier, kind)
    if found.stored is None:
        return _json(views.timeline(()))
    return _json(views.timeline(here.store.timeline(found.workflow_id), found.stored.workflow))


def _found(identifier: str, kind: Kind) -> tuple[House, Found]:
    here = house()
    message = None if kind is Kind.EITHER else kind is Kind.MESSAGE
    return here, look_up(here, authenticated(), identifier, message=message)


def _stopped(here: House, workflow: Workflow) -> bool:
    """Ask the store for its stops only where one of them would be shown."""
    return workflow.state is State.READY and held_by(workflow, here.store.controls().stops, here)


def _json(body: bytes) -> Response:
    return Response(body, content_type="application/json")
