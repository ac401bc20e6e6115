"""Take the provider's webhooks: verify over the raw bytes, publish them as they are with a confirm, answer 200.

The dispatcher reads them; what it can't read becomes a dead letter. So does one that is larger than a queue of ours
takes: its beginning is published. What can't be queued is answered 503, and the provider sends it again. A webhook is
never answered 4xx on a doubt: that would be the last anybody hears of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
from shared.store.directory import Directory
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
    raw = raw_body(at_most=LONGEST_WEBHOOK)
    authorizations = request.headers.getlist("Authorization")
    found = verified(
        kind.value,
        # The provider's own rule: an error makes it send again, and then it signs.
        unsigned=RefusedError(
            503, why="unsigned", detail="The request carries no signature. Please sign and send again."
        ),
        verify=lambda directory, now: verify(raw, authorizations, directory.accounts.values(), now=now),
    )
    about = {} if found.application_id is None else {envelope.ABOUT_APPLICATION: found.application_id}
    publish_verified(house(), raw, account=found.account, key=_KEYS[kind], label=kind.value, headers=about)
    return Response("", status=200, content_type="text/plain; charset=utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signed a webhook."""

    account: str
    """Name of the account of ours."""
    application_id: str | None
    """The provider's application that it is about; None where the signature names none."""


def verified(label: str, *, unsigned: RefusedError, verify: Callable[[Directory, float], Verification]) -> Signer:
    """Return who signed this request, by the newest directory where the cached one fails.

    Raises `unsigned`, AuthError (401), or StoreUnavailable where only the store could tell.
    """
    here = house()
    copy = here.known.current()
    found = verify(copy.directory, here.store_time.now())
    if found.verdict is Verdict.WRONG and (newer := here.known.newer_than(copy)) is not None:
        copy = newer
        found = verify(copy.directory, here.store_time.now())
    if found.account is not None:
        note(account=found.account)
        return Signer(account=found.account, application_id=found.application_id)
    here.metrics.webhooks_received.labels(label, found.verdict.value).inc()
    if found.verdict is Verdict.MISSING:
        raise unsigned
    if not here.known.judges(copy):
        raise StoreUnavailable("the store does not answer, and the signature is of nobody known")
    _log.warning("webhook.refused", kind=label, why=found.why)
    raise AuthError(found.why)


def publish_verified(
    here: House,
    raw: bytes,
    *,
    account: str,
    key: str,
    label: str,
    content_type: str = "application/json",
    headers: Mapping[str, object] | None = None,
) -> None:
    """Publish a webhook as it came, with a confirm, under the routing key of its queue. Raises BrokerUnavailable."""
    told: dict[str, object] = {envelope.ACCOUNT: account, **(headers or {})}
    if len(raw) > envelope.MAXIMUM_BODY_BYTES:
        # No webhook of the provider comes near; a person must look at who holds its secret.
        _log.error("webhook.too_large", account=account, size=len(raw))
        told[envelope.TRUNCATED] = str(len(raw))
    here.publisher.publish(
        envelope.OutboundMessage(
            exchange=topology.RECEIPTS,
            routing_key=key,
            type=envelope.WEBHOOK,
            message_id=str(uuid4()),
            body=raw[: envelope.MAXIMUM_BODY_BYTES],
            headers=told,
            content_type=content_type,
        )
    )
    here.metrics.webhooks_received.labels(label, "queued").inc()
