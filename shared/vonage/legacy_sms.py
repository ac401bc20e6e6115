"""Translate the SMS API's own webhooks into those of v1, as the provider does it for its newer API. Pure.

Accounts may still get receipts and inbound messages of SMS in this old form, at an address of the account and not of
an application (protocol 5.1, A29). Translated first, they are read, parked and passed on like all others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from shared.vonage.codes import sentence_of
from shared.vonage.legacy_parameters import parameters_of
from shared.vonage.webhook_parts import unreadable

_MESSAGE_ERRORS = "https://developer.vonage.com/api-errors/messages#"
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2})")
CURRENCY = "EUR"
"""Prices of the SMS API name none; it counts in euros."""
UNKNOWN = "1330"
_OF_A_MESSAGE = frozenset({"text", "type", "data"})
EXPIRED = "1360"

STATUSES: Mapping[str, str | None] = {
    "accepted": "submitted",
    "buffered": None,
    "delivered": "delivered",
    "expired": "rejected",
    "failed": "rejected",
    "rejected": "rejected",
    "unknown": "rejected",
}
"""Words of a receipt, and what they are in v1; None means nothing, and is dropped (protocol 4.4)."""

CODES: Mapping[str, str] = {
    "1": UNKNOWN,
    "2": "1180",
    "3": "1190",
    "4": "1050",
    "5": "1200",
    "6": "1210",
    "7": "1220",
    "8": "1230",
    "9": "1240",
    "10": "1040",
    "11": "1250",
    "12": "1260",
    "13": "1270",
    "14": "1280",
    "15": "1290",
    "16": "1241",
    "50": "1280",
    "51": "1120",
    "52": "1210",
    "53": "1280",
    "54": "1280",
    "99": UNKNOWN,
}
"""`err-code` of a receipt, and the code in v1 that means the same."""


def legacy_as_v1(raw: bytes, content_type: str | None) -> bytes | None:
    """Return a webhook of either kind in the form of v1, whichever address it came to; None where it says nothing.

    A receipt always has a `status`, and never what a message consists of. The signature says nothing of the address:
    one that was caught and sent to the other must not become a message that nobody wrote. Raises WireError.
    """
    found = parameters_of(raw, content_type)
    is_receipt = "status" in found and not _OF_A_MESSAGE & found.keys()
    return receipt_as_v1(raw, content_type) if is_receipt else inbound_as_v1(raw, content_type)


def receipt_as_v1(raw: bytes, content_type: str | None) -> bytes | None:
    """Return a delivery receipt as a status webhook; None where it says nothing that v1 has a word for.

    Raises WireError where it is none: `status` unknown, or neither `messageId` nor `client-ref`.
    """
    found = parameters_of(raw, content_type)
    word = found.get("status", "").lower()
    if word not in STATUSES:
        raise unreadable("status", "unknown_status", "is not a status of the SMS API")
    status = STATUSES[word]
    if status is None:
        return None
    body: dict[str, object] = {"channel": "sms", "status": status}
    body |= _present(found, message_uuid="messageId", client_ref="client-ref", to="msisdn")
    body |= {"from": found["to"]} if found.get("to") else {}
    if "message_uuid" not in body and "client_ref" not in body:
        raise unreadable("messageId", "required", "is missing, and client-ref too: nothing says which message")
    body |= _time(found)
    if status == "rejected":
        code = _code(word, found.get("err-code", ""))
        detail = sentence_of(code) or ""
        body["error"] = {"type": f"{_MESSAGE_ERRORS}{code}", "title": code, "detail": detail}
    if found.get("price"):
        body["usage"] = {"currency": CURRENCY, "price": found["price"]}
    if network := _present(found, network_code="network-code"):
        body["destination"] = network
    return msgspec.json.encode(body)


def inbound_as_v1(raw: bytes, content_type: str | None) -> bytes:
    """Return an inbound SMS as the webhook of v1. Raises WireError where it names no message, sender or recipient.

    The SMS API hands over the parts of a long message one by one. So do we, since the others may never come; `sms`
    says which part of how many it is.
    """
    found = parameters_of(raw, content_type)
    for name in ("messageId", "msisdn", "to"):
        if not found.get(name):
            raise unreadable(name, "required", "is missing")
    body: dict[str, object] = {"channel": "sms"}
    body |= {"message_uuid": found["messageId"], "to": found["to"], "from": found["msisdn"]} | _time(found)
    sms = {"num_messages": "1", "total_count": "1"} | _present(found, keyword="keyword")
    if found.get("concat", "").lower() == "true":
        total = found.get("concat-total") or "1"
        sms |= {"num_messages": total, "total_count": total}
        sms |= _present(found, concat_ref="concat-ref", concat_part="concat-part")
    if "text" in found:
        body |= {"message_type": "text", "text": found["text"]}
    else:
        body["message_type"] = "unsupported"
        sms |= _present(found, data="data", udh="udh")
    body["sms"] = sms
    if network := _present(found, network_code="network-code"):
        body["origin"] = network
    return msgspec.json.encode(body)


def _code(word: str, code: str) -> str:
    if word == "expired":
        return EXPIRED
    return UNKNOWN if word == "unknown" else CODES.get(code, UNKNOWN)


def _present(found: Mapping[str, str], **names: str) -> dict[str, str]:
    return {ours: found[theirs] for ours, theirs in names.items() if found.get(theirs)}


def _time(found: Mapping[str, str]) -> dict[str, str]:
    """Return the time in v1's form: theirs is UTC without saying so."""
    said = found.get("message-timestamp", "")
    match = _TIME.fullmatch(said)
    return {"timestamp": f"{match[1]}T{match[2]}Z" if match else said} if said else {}
