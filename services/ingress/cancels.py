"""Take a cancel: checked against the store, published with a confirm, answered 202. The dispatcher does it.

A cancel may overtake its start: an id of ours without a row passes, and the dispatcher keeps a tombstone for it.
"""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response

from services.ingress.addresses import SENT, Kind
from services.ingress.authentication import authenticated
from services.ingress.house import house
from services.ingress.lookups import Found, look_up
from services.ingress.refusals import RefusedError
from services.ingress.wishes import publish_wish
from shared.ids import message_uuid
from shared.model import State
from shared.wire.answers import CancelTaken
from shared.wire.envelopes import Command, CommandName

_WHOLE = "The whole workflow of this message is cancelled: no message of it that was not sent yet goes out."


def cancels() -> Blueprint:
    """Return the DELETE of workflows, dispatches and messages; a message's cancels the workflow it is part of."""
    blueprint = Blueprint("cancels", __name__)
    for address in SENT:
        blueprint.add_url_rule(
            address.rule,
            endpoint=address.endpoint("cancel"),
            view_func=_cancel,
            methods=["DELETE"],
            defaults={"message": address.kind is Kind.MESSAGE},
            strict_slashes=False,
        )
    return blueprint


def _cancel(identifier: str, message: bool) -> Response:
    here = house()
    caller = authenticated()
    found = look_up(here, caller, identifier, message=message)
    _require_cancellable(found)
    command = Command(
        command=CommandName.CANCEL,
        workflow_id=found.workflow_id,
        tenant=caller.tenant,
        by="caller",
        at=here.store_time.now(),
    )
    publish_wish(here, command)
    taken = CancelTaken(
        workflow_id=found.workflow_id,
        message_uuid=msgspec.UNSET if found.step is None else message_uuid(found.workflow_id, found.step),
        detail=msgspec.UNSET if found.step is None else _WHOLE,
    )
    return Response(msgspec.json.encode(taken), status=202, content_type="application/json")


def _require_cancellable(found: Found) -> None:
    if found.stored is None:
        return
    workflow = found.stored.workflow
    if workflow.state is State.FINAL:
        outcome = "" if workflow.outcome is None else f" with the outcome {workflow.outcome.value}"
        raise RefusedError(409, why="final", detail=f"The workflow has ended already{outcome}.")
    if workflow.handed_over:
        raise RefusedError(409, why="engine_provider", detail="The provider runs this workflow and can't be stopped.")
