"""The bodies of the provider's status webhooks in each generation (protocol 5.2, 5.4). Pure."""

from collections.abc import Mapping
from typing import Any, Final

from services.sandbox.clock import written
from services.sandbox.drafts import nested
from services.sandbox.prices import CURRENCY, parts_of, price_of
from services.sandbox.records import Message, Place
from services.sandbox.scripts import NEGATIVE, Receipt

_NETWORK: Final = "23410"
_USUAL_CODES: Final = {"rejected": 1300, "undeliverable": 1260}
_MEANINGS: Final[Mapping[int, str]] = {
    1000: "Throttled",
    1240: "Illegal number",
    1260: "Destination unreachable",
    1280: "Blocked by the carrier",
    1300: "Not part of the provider network",
    1320: "Already sent",
    1330: "Unknown error of the carrier",
    1360: "TTL expired",
    1430: "Invalid recipient",
}


def status_body(message: Message, receipt: Receipt, moment_s: float, instance: str) -> dict[str, object]:
    """Build a status webhook in the form that the message asked for.

    `instance` is drawn by the caller and appears in the errors of v1 only.
    """
    if message.draft.status_version == "v1":
        return _v1(message, receipt, moment_s, instance)
    return _v0_1(message, receipt, moment_s)


def _v1(message: Message, receipt: Receipt, moment_s: float, instance: str) -> dict[str, object]:
    body: dict[str, object] = {
        "message_uuid": message.message_uuid,
        "to": message.to,
        "from": message.sender,
        "timestamp": written(moment_s),
        "status": receipt.status,
        "channel": message.channel,
        "usage": _usage(message, receipt),
    }
    if message.client_ref is not None:
        body["client_ref"] = message.client_ref
    if receipt.status in NEGATIVE:
        code, words = _error(receipt)
        body["error"] = {
            "type": f"https://developer.vonage.com/api-errors/messages#{code}",
            "title": str(code),
            "detail": words,
            "instance": instance,
        }
    if message.place is not None:
        body["workflow"] = _v1_workflow(message.place)
    return {**body, **_extras(message, receipt)}


def _v1_workflow(place: Place) -> dict[str, str]:
    """Name the item by both sets of names that the provider's sources have (protocol A1)."""
    return {
        "id": place.workflow_id,
        "workflow_id": place.workflow_id,
        "items_number": str(place.number),
        "item_number": str(place.number),
        "items_total": str(place.total),
    }


def _extras(message: Message, receipt: Receipt) -> dict[str, object]:
    """Give what only some channels tell."""
    if message.channel == "sms":
        return {"destination": {"network_code": _NETWORK}, "sms": {"count_total": str(parts_of(message.draft))}}
    if message.channel == "mms":
        return {"destination": {"network_code": _NETWORK}}
    if message.channel == "whatsapp" and receipt.status not in NEGATIVE:
        return {
            "whatsapp": {
                "pricing": {"type": "regular", "pricing_model": "PMP", "category": "utility"},
                "conversation": {"id": message.message_uuid.replace("-", ""), "origin": {"type": "utility"}},
                "recipient": {"wa_id": message.to},
            }
        }
    return {}


def _v0_1(message: Message, receipt: Receipt, moment_s: float) -> dict[str, object]:
    body: dict[str, Any] = {
        "message_uuid": message.message_uuid,
        **nested(message.channel, message.to, message.sender),
        "timestamp": written(moment_s),
        "status": receipt.status,
        "usage": _usage(message, receipt),
    }
    if message.client_ref is not None:
        body["client_ref"] = message.client_ref
    if receipt.status in NEGATIVE:
        code, words = _error(receipt)
        body["error"] = {"code": code, "reason": words}
    if message.place is not None:
        workflow_id = message.place.workflow_id
        body["_links"] = {
            "workflow": {uuid_name(message.draft.generation): workflow_id, "href": f"/workflows/{workflow_id}"}
        }
    return body


def uuid_name(generation: str) -> str:
    """Give the name that a generation has for the id of a workflow."""
    return {"beta": "workflow_uuid", "v0.1": "dispatch_uuid"}.get(generation, "workflow_id")


def _usage(message: Message, receipt: Receipt) -> dict[str, str]:
    return {"currency": CURRENCY, "price": price_of(message.channel, receipt.status)}


def _error(receipt: Receipt) -> tuple[int, str]:
    code = receipt.code or _USUAL_CODES[receipt.status]
    return code, _MEANINGS.get(code, f"Error {code}")
