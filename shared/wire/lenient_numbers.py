"""Take one leading `+` or `00` off the numbers that a request is sent to, where a deployment wants it. Pure.

The provider refuses such numbers (protocol A31), and so do we unless we are told otherwise: some callers come from
clients that took it off for them. Only what is a good number then is changed, so that a fault tells of what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.channels import CHANNELS, Address, Channel, is_number
from shared.wire.v0_1_bodies import BY_OLD_NAME

_NUMBERED = (Address.NUMBER, Address.NUMBER_OR_ID)


def with_plain_numbers(body: object) -> object:
    """Return a decoded body of any generation with the numbers of its recipients in the provider's form."""
    if not isinstance(body, Mapping):
        return body
    changed = dict(_plain(body))
    for name in ("failover", "workflow"):
        listed = changed.get(name)
        if isinstance(listed, list):
            changed[name] = [_plain(each) if isinstance(each, Mapping) else each for each in listed]
    return changed


def _plain(message: Mapping[str, object]) -> Mapping[str, object]:
    to = message.get("to")
    if isinstance(to, str) and _is_numbered(CHANNELS, message.get("channel")):
        return {**message, "to": _bare(to)}
    if isinstance(to, Mapping) and _is_numbered(BY_OLD_NAME, to.get("type")):  # nested: v0.1 and the beta
        number = to.get("number")
        return {**message, "to": {**to, "number": _bare(number)}} if isinstance(number, str) else message
    return message


def _is_numbered(known: Mapping[str, Channel], name: object) -> bool:
    row = known.get(name) if isinstance(name, str) else None
    return row is not None and row.recipient in _NUMBERED


def _bare(number: str) -> str:
    bare = number[1:] if number.startswith("+") else number.removeprefix("00")
    return bare if is_number(bare) else number
