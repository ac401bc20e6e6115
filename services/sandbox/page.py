"""The first page: what each phone got, as bubbles by channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, render_template, request

from services.sandbox.simulator import Simulator
from services.sandbox.telling import told

# A page is for looking at; all of it is under /sandbox/messages.
_MOST_MESSAGES: Final = 300
_RANKS: Final = {"submitted": 1, "rejected": 2, "undeliverable": 2, "delivered": 3, "read": 4}
_CHANNEL_NAMES: Final = {
    "sms": "SMS",
    "mms": "MMS",
    "rcs": "RCS",
    "whatsapp": "WhatsApp",
    "viber_service": "Viber",
    "messenger": "Messenger",
    "email": "Email",
}
_POLICY: Final = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubble:
    channel: str
    channel_name: str
    sender: str
    text: str
    received_at: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    number: str
    bubbles: Sequence[Bubble]


def phones_of(messages: Sequence[Mapping[str, Any]]) -> list[Phone]:
    """Sort messages (as the ledger shows them, oldest first) by phone; whoever got the newest one comes first."""
    by_number: dict[str, list[Bubble]] = {}
    for message in messages:
        number = str(message["to"])
        # Taken out and put in again, the phone that got the last one ends up last.
        bubbles = by_number.pop(number, [])
        by_number[number] = [*bubbles, _bubble(message)]
    return [Phone(number=number, bubbles=bubbles) for number, bubbles in reversed(by_number.items())]


def _bubble(message: Mapping[str, Any]) -> Bubble:
    body, channel = message["body"], str(message["channel"])
    statuses = [str(sent["status"]) for sent in message["statuses"]]
    return Bubble(
        channel=channel,
        channel_name=_CHANNEL_NAMES.get(channel, channel),
        sender=str(message["from"]),
        text=told(body),
        received_at=str(message["received_at"]),
        status="revoked" if message.get("revoked") else _best(statuses),
    )


def _best(statuses: Sequence[str]) -> str:
    return max(statuses, key=lambda status: _RANKS.get(status, 0), default="no receipt yet")


def page_routes(simulator: Simulator) -> Blueprint:
    """Make `/`. With `?refresh=5` it is loaded again every five seconds."""
    routes = Blueprint("page", __name__)

    @routes.get("/")
    def phones() -> Response:
        messages = simulator.ledger.messages()
        refresh_s = request.args.get("refresh", type=int)
        html = render_template(
            "phones.html",
            phones=phones_of(messages[-_MOST_MESSAGES:]),
            count=len(messages),
            left_out=max(0, len(messages) - _MOST_MESSAGES),
            refresh_s=max(1, min(refresh_s, 3600)) if refresh_s else None,
        )
        response = Response(html, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    return routes
