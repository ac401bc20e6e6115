"""Take the SMS API's own older webhooks, which some accounts still get for SMS (protocol 5.1, A29).

They come to addresses of the account: `/webhooks/sms/status` gets delivery receipts, `/webhooks/sms/inbound` messages
that people send, each by GET, as a form, or as JSON, whichever the account has chosen. They are verified by their
`sig` over the parameters and go to the same queues as all others, as the bytes that came, under a header that says in
which form. The provider signs them only where the account asks for it, and what is not signed is not taken.
"""

from __future__ import annotations

from enum import StrEnum

from flask import Blueprint, Response, request

from services.ingress.bodies import LONGEST_WEBHOOK, raw_body
from services.ingress.house import house
from services.ingress.refusals import RefusedError
from services.ingress.webhooks import publish_verified, verified
from shared.queue import envelope, topology
from shared.vonage.legacy_signatures import verify_legacy

_UNSIGNED = "The request carries no sig. Please turn on signed webhooks in the account's settings, with their secret."
_JSON = "application/json"


class LegacyKind(StrEnum):
    """Which of the account's addresses was called."""

    STATUS = "status"
    INBOUND = "inbound"


_KEYS = {LegacyKind.STATUS: topology.RECEIPT_KEY, LegacyKind.INBOUND: topology.INBOUND_KEY}
_FORMS = {LegacyKind.STATUS: envelope.LEGACY_RECEIPT, LegacyKind.INBOUND: envelope.LEGACY_INBOUND}


def legacy_webhooks() -> Blueprint:
    """Return the two addresses, each for GET and POST."""
    blueprint = Blueprint("legacy_webhooks", __name__)
    for kind in LegacyKind:
        blueprint.add_url_rule(
            f"/webhooks/sms/{kind.value}",
            endpoint=f"legacy webhook {kind.value}",
            view_func=_take,
            methods=["GET", "POST"],
            defaults={"kind": kind},
            strict_slashes=False,
        )
    return blueprint


def _take(kind: LegacyKind) -> Response:
    if request.method == "HEAD":
        return _empty()
    here = house()
    raw, content_type = _parameters()
    if not raw:
        # The provider asks like this whether the address is there, when it is typed into the settings.
        return _empty()
    label = f"sms_{kind.value}"
    found = verified(
        label,
        unsigned=RefusedError(503, why="unsigned", detail=_UNSIGNED),
        verify=lambda directory, now: verify_legacy(raw, content_type, directory.accounts.values(), now=now),
    )
    publish_verified(
        here,
        raw,
        account=found.account,
        key=_KEYS[kind],
        label=label,
        content_type=content_type,
        headers={envelope.LEGACY: _FORMS[kind]},
    )
    return _empty()


def _parameters() -> tuple[bytes, str]:
    """Return the bytes that hold the parameters, and the type of what they are."""
    body = b"" if request.method == "GET" else raw_body(at_most=LONGEST_WEBHOOK)
    if not body:
        return request.query_string, envelope.FORM
    return body, _JSON if request.mimetype.endswith("json") else envelope.FORM


def _empty() -> Response:
    return Response("", status=200, content_type="text/plain; charset=utf-8")
