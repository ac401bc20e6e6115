"""Take a webhook's document apart: what statuses, inbound messages and final reports have in common. Pure.

Its members are read leniently, since the provider's own sources disagree (protocol A1-A3); only what must be there
raises WireError.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.channels import CHANNELS
from shared.errors import Fault, WireError
from shared.strict_json import loads
from shared.vonage.fields import identifier, words

LARGEST_WEBHOOK = 1_048_576
"""Bytes."""
LONGEST_ADDRESS = 320
"""Characters of a number, an id or a mail address."""

Document = Mapping[str, object]

_MISSPELT = {"viber_sevice_msg": "viber_service"}
"""Names of channels that only the provider's own mistakes know."""


def document_of(raw: bytes) -> dict[str, object]:
    """Return the JSON object of a body; raises WireError where it is none."""
    value = loads(raw, max_bytes=LARGEST_WEBHOOK, max_depth=32)
    if not isinstance(value, dict):
        raise unreadable("", "type", "is not a JSON object")
    return value


def member(document: Document, name: str) -> Document:
    """Return a member that is an object, an empty one in place of anything else."""
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}


def channel_of(document: Document) -> str | None:
    """Return the channel in today's words: v1 names it, v0.1 says it with the addresses. None where neither does."""
    named = identifier(document.get("channel")) or identifier(member(document, "to").get("type"))
    if named is None:
        return None
    known = next((row.name for row in CHANNELS.values() if row.v0_1_name == named), named)
    return _MISSPELT.get(known, known)


def address_of(value: object) -> str | None:
    """Return a number or id, flat as in v1 or inside an object as in v0.1; None where it is none."""
    if isinstance(value, Mapping):
        value = value.get("number", value.get("id"))
    text = words(value)
    return text if 0 < len(text) <= LONGEST_ADDRESS else None


def time_of(document: Document) -> str | None:
    """Return the provider's time as it came; None where there is none."""
    return words(document.get("timestamp"))[:64] or None


def unreadable(name: str, code: str, reason: str) -> WireError:
    """Return the error for a member, or for the whole where `name` is empty."""
    return WireError(Fault(pointer=f"/{name}" if name else "", name=name, reason=reason, code=code))
