"""Take the provider's webhooks: verify over the raw bytes, publish them as they are with a confirm, answer 200.

The dispatcher reads them; what it can't read becomes a dead letter. So does one that is larger than a queue of ours
takes: its beginning is published. What can't be queued is answered 503, and the provider sends it again. A webhook is
never answered 4xx on a doubt: that would be the last anybody hears of it.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import uuid4

import structlog
from flask import Blueprint, Response, request

from services.ingress.bodies import LONGEST_WEBHOOK, raw_body
from services.ingress.house import House, house
from services.ingress.refusals import RefusedError
from services.ingress.traces import note
from shared.errors import AuthError, StoreUnavailable
from shared.queue import envelope, topology
from shared.vonage.signatures import Verdict, Verification, verify


class WebhookKind(StrEnum):
    """Which of the provider's addresses was called."""

    STATUS = "status"
    INBOUND = "inbound"


_KEYS = {WebhookKind.STATUS: topology.RECEIPT_KEY, WebhookKind.INBOUND: topology.INBOUND_KEY}

_log = structlog.get_logger()


def webhooks() -> Blueprint:
    """Return the two addresses that the provider calls."""
    blueprint = Blueprint("webhooks", __name__)
    for kind in WebhookKind:
        blueprint.add_url_rule(
            f"/webhooks/{kind.value}",
            endpoint=f"webhook {kind.value}",
            view_func=_take,
            methods=["POST"],
            defaults={"kind": kind},
            strict_slashes=False,
        )
    return blueprint


def _take(kind: WebhookKind) -> Response:
    here = house()
    raw = raw_body(at_most=LONGEST_WEBHOOK)
    found = _verified(here, raw, kind)
    if found.account is None:
        raise AuthError(found.why)
    note(account=found.account)
    here.publisher.publish(_message(raw, kind, found.account))
    here.metrics.webhooks_received.labels(kind.value, "queued").inc()
    return Response("", status=200, content_type="text/plain; charset=utf-8")


def _verified(here: House, raw: bytes, kind: WebhookKind) -> Verification:
    copy = here.known.current()
    authorizations = request.headers.getlist("Authorization")
    found = verify(raw, authorizations, copy.directory.accounts.values(), now=here.store_time.now())
    if found.verdict is Verdict.WRONG and (newer := here.known.newer_than(copy)) is not None:
        copy = newer
        found = verify(raw, authorizations, copy.directory.accounts.values(), now=here.store_time.now())
    if found.verdict is Verdict.OK:
        return found
    here.metrics.webhooks_received.labels(kind.value, found.verdict.value).inc()
    if found.verdict is Verdict.MISSING:
        # The provider's own rule: an error makes it send again, and then it signs.
        raise RefusedError(503, why="unsigned", detail="The request carries no signature. Please sign and send again.")
    if not here.known.judges(copy):
        raise StoreUnavailable("the store does not answer, and the signature is of nobody known")
    _log.warning("webhook.refused", kind=kind.value, why=found.why)
    return found


def _message(raw: bytes, kind: WebhookKind, account: str) -> envelope.OutboundMessage:
    headers = {envelope.ACCOUNT: account}
    if len(raw) > envelope.MAXIMUM_BODY_BYTES:
        # No webhook of the provider comes near; a person must look at who holds its secret.
        _log.error("webhook.too_large", account=account, size=len(raw))
        headers[envelope.TRUNCATED] = str(len(raw))
    return envelope.OutboundMessage(
        exchange=topology.RECEIPTS,
        routing_key=_KEYS[kind],
        type=envelope.WEBHOOK,
        message_id=str(uuid4()),
        body=raw[: envelope.MAXIMUM_BODY_BYTES],
        headers=headers,
    )
