"""Inbound messages on their way to the caller: in the generation that its application reads, under the ids it knows.

The body goes on as the provider wrote it. Changed are only its form, where another was asked for and one exists, the
two places where it speaks of a message of ours: the provider's id of it, and the reference we gave it (protocol 5.5),
and its own address: the provider's is none that the caller has credentials for. A type or channel that v0.1 never knew
stays in v1.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from shared.channels import CHANNELS, Channel
from shared.vonage.webhook_parts import Document, address_of, channel_of, document_of, member

V0_1_TYPES = frozenset({"text", "image", "audio", "video", "file", "location", "unsupported"})
"""What `message.content.type` of v0.1 can say."""
_MOVED = frozenset({"channel", "to", "from", "message_type", "message", "sms"})


def inbound_webhook(
    raw: bytes,
    *,
    version: str | None = None,
    answers: str | None = None,
    ours: bool = False,
    client_ref: str | None = None,
    href: str | None = None,
) -> bytes:
    """Return the body for the caller, the very bytes where nothing has to change. Raises WireError.

    `version`: "v1" or "v0.1"; None leaves the form as it came. `answers`: our id of the message that it answers, for
    the provider's; None leaves that. `ours`: its `client_ref` is a reference of ours, which the caller's own
    `client_ref` replaces, or nothing where the caller gave none. `href`: where the caller finds the message, in place
    of where the provider keeps it; None where that is not known: then its `_self` is left out.
    """
    document = document_of(raw)
    told = dict(document)
    if answers is not None:
        told["context"] = {**member(document, "context"), "message_uuid": answers}
    if ours:
        del told["client_ref"]
        told |= {} if client_ref is None else {"client_ref": client_ref}
    if "_self" in told:
        del told["_self"]
        told |= {} if href is None else {"_self": {"href": href}}
    told = _in_the_form_of(version, told)
    return raw if told == document else msgspec.json.encode(told)


def _in_the_form_of(version: str | None, document: dict[str, object]) -> dict[str, object]:
    is_v0_1 = isinstance(document.get("to"), Mapping)
    row = CHANNELS.get(channel_of(document) or "")
    if row is None or version is None or is_v0_1 is (version == "v0.1"):
        return document
    return _as_v1(row, document) if is_v0_1 else _as_v0_1(row, document)


def _as_v0_1(row: Channel, document: dict[str, object]) -> dict[str, object]:
    kind = document.get("message_type") or ("text" if isinstance(document.get("text"), str) else None)
    if row.v0_1_name is None or not isinstance(kind, str) or kind not in V0_1_TYPES:
        return document
    content = {"type": kind} | ({kind: document[kind]} if kind in document else {})
    sms = document.get("sms")
    message = {"content": content} | ({"sms": sms} if isinstance(sms, Mapping) else {})
    kept = {name: value for name, value in document.items() if name not in _MOVED and name != kind}
    return {
        "to": {"type": row.v0_1_name, row.v0_1_sender: document.get("to")},
        "from": {"type": row.v0_1_name, row.v0_1_recipient: document.get("from")},
        "message": message,
        **kept,
    }


def _as_v1(row: Channel, document: dict[str, object]) -> dict[str, object]:
    message = member(document, "message")
    content = member(message, "content")
    kind = content.get("type")
    if not isinstance(kind, str):
        return document
    kept = {name: value for name, value in document.items() if name not in _MOVED}
    return {
        "channel": row.name,
        "to": address_of(document.get("to")),
        "from": address_of(document.get("from")),
        "message_type": kind,
        **_all_but_type(content),
        **({"sms": message["sms"]} if isinstance(message.get("sms"), Mapping) else {}),
        **kept,
    }


def _all_but_type(content: Document) -> dict[str, object]:
    return {name: value for name, value in content.items() if name != "type"}
