"""Take a PATCH of a message: checked against the store, published with a confirm, answered 200 without a body.

An inbound message is marked as read, and told that an answer is being written; a message of ours is revoked. The
dispatcher makes the call. Which channel can do what is the provider's (protocol 1.7).
"""

from __future__ import annotations

from flask import Blueprint, Response

from services.ingress.addresses import IDENTIFIER
from services.ingress.authentication import authenticated
from services.ingress.bodies import json_body
from services.ingress.callers import Caller
from services.ingress.house import House, house
from services.ingress.lookups import Found, canonical, look_up
from services.ingress.refusals import RefusedError
from services.ingress.wishes import publish_wish
from shared.model import Status
from shared.wire.envelopes import MessageUpdate, UpdateStatus
from shared.wire.statuses import status_of
from shared.wire.updates import read_update

LONGEST_UPDATE = 16 * 1024
"""Bytes; far more than the provider knows members for, and it fits the queue with what we say beside it."""
READABLE = frozenset({"whatsapp"})
"""Channels whose inbound messages can be marked as read."""
REVOCABLE = frozenset({"rcs"})
"""Channels that take a message back."""
_VOID = {
    Status.DELIVERED: "has arrived",
    Status.READ: "was read",
    Status.REJECTED: "was rejected",
    Status.UNDELIVERABLE: "could not be delivered",
}


def updates() -> Blueprint:
    """Return the PATCH of messages."""
    blueprint = Blueprint("updates", __name__)
    blueprint.add_url_rule(f"/v1/messages/{IDENTIFIER}", view_func=_update, methods=["PATCH"], strict_slashes=False)
    return blueprint


def _update(identifier: str) -> Response:
    here = house()
    caller = authenticated()
    status, indicator = read_update(json_body(at_most=LONGEST_UPDATE))
    wish = MessageUpdate(
        message_uuid=_updatable(here, caller, identifier, status),
        tenant=caller.tenant,
        by="caller",
        at=here.store_time.now(),
        status=status,
        replying_indicator=indicator,
    )
    publish_wish(here, wish)
    answer = Response(b"", status=200)
    del answer.headers["Content-Type"]  # clients parse what calls itself JSON, and there is nothing
    return answer


def _updatable(here: House, caller: Caller, identifier: str, status: UpdateStatus) -> str:
    """Return the id of a message that this can be done to. Raises RefusedError: 404, 422, 409."""
    uuid = canonical(identifier)
    inbound = next((row for row in here.store.find_inbound(uuid) if row.tenant == caller.tenant), None)
    if inbound is None:
        _require_revocable(look_up(here, caller, uuid, message=True), status)
        return uuid
    if status is not UpdateStatus.READ:
        raise _impossible("An inbound message can't be revoked: only its sender could do that.")
    if inbound.channel not in READABLE:
        raise _impossible(f"Messages of {inbound.channel} can't be marked as read.")
    return uuid


def _require_revocable(found: Found, status: UpdateStatus) -> None:
    if status is not UpdateStatus.REVOKED:
        raise _impossible("Only an inbound message can be marked as read; this one was sent through here.")
    step = None if found.stored is None or found.step is None else found.stored.workflow.steps[found.step - 1]
    if step is not None and step.message.channel not in REVOCABLE:
        raise _impossible(f"Messages of {step.message.channel} can't be revoked.")
    told = None if step is None else status_of(step)
    if told in _VOID:
        raise RefusedError(409, why="void", detail=f"The message {_VOID[told]}: it can't be revoked any more.")
    if step is None or not any(attempt.provider_uuid is not None for attempt in step.attempts):
        detail = "The message is not known to have left yet, so there is nothing to revoke; DELETE cancels it."
        raise RefusedError(409, why="not_sent", detail=detail)


def _impossible(detail: str) -> RefusedError:
    return RefusedError(422, why="impossible", detail=detail)
