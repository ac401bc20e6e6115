"""Every id follows from the workflow's (semantics 2, architecture 8). Pure: time and random bits are handed in.

A workflow id made by the ingress is a UUIDv8: 48 bits of time, 50 random bits, a 16-bit mark, a last byte 0.
The mark is a keyed hash over the rest and the tenant, so the ingress knows an id it gave without asking the store.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from uuid import UUID, uuid5

RANDOM_BITS = 50
_REFERENCE = re.compile(r"([0-9a-f]{30}00)\.([1-9][0-9]?)\.([1-9][0-9]{0,2})")


def marked_workflow_id(*, milliseconds: int, random_bits: int, tenant: str, secret: bytes) -> str:
    """Make the id of a request taken over HTTP.

    `milliseconds` since the epoch by the store's clock (48 bits), `random_bits` below 2**50.
    """
    if not 0 <= milliseconds < 1 << 48:
        raise ValueError("milliseconds must fit 48 bits")
    if not 0 <= random_bits < 1 << RANDOM_BITS:
        raise ValueError("random_bits must fit 50 bits")
    return str(UUID(int=_assemble(milliseconds, random_bits, _mark(milliseconds, random_bits, tenant, secret))))


def carries_mark(workflow_id: str, *, tenant: str, secret: bytes) -> bool:
    """Tell whether our ingress gave this id to this tenant."""
    number = UUID(workflow_id).int
    milliseconds, random_bits = number >> 80, _random_bits(number)
    expected = UUID(int=_assemble(milliseconds, random_bits, _mark(milliseconds, random_bits, tenant, secret)))
    return hmac.compare_digest(expected.bytes, UUID(workflow_id).bytes)


def seconds_inside(workflow_id: str) -> float:
    """Return the time inside an id of the ingress, in seconds since the epoch."""
    return (UUID(workflow_id).int >> 80) / 1000


def queued_workflow_id(*, tenant: str, message_id: str) -> str:
    """Make the id of a request published straight to the queue: a hash of (tenant, message_id), last byte 0."""
    digest = hashlib.sha256(f"{len(tenant)}:{tenant}{message_id}".encode()).digest()
    return str(UUID(bytes=_as_version_8(digest[:15] + b"\0")))


def message_uuid(workflow_id: str, step: int) -> str:
    """Return the `message_uuid` of a step (1..10), the same over all its attempts."""
    return str(UUID(bytes=UUID(workflow_id).bytes[:15] + bytes([step])))


def split_message_uuid(uuid: str) -> tuple[str, int]:
    """Return (workflow id, step) of an id of ours; step 0 where it is the workflow's own id.

    Raises ValueError where `uuid` is no UUID.
    """
    raw = UUID(uuid).bytes
    return str(UUID(bytes=raw[:15] + b"\0")), raw[15]


def reference(workflow_id: str, step: int, attempt: int) -> str:
    """Return what the provider sees as `client_ref`: at most 40 characters, distinct for each attempt."""
    return f"{UUID(workflow_id).hex}.{step}.{attempt}"


def parse_reference(text: str) -> tuple[str, int, int] | None:
    """Return (workflow id, step, attempt) of a reference of ours, None where it is somebody else's."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return None
    return str(UUID(hex=match[1])), int(match[2]), int(match[3])


def event_id(workflow_id: str, sequence: int) -> str:
    """Return the id that consumers of events and callbacks drop when they have seen it."""
    return str(uuid5(UUID(workflow_id), str(sequence)))


def _mark(milliseconds: int, random_bits: int, tenant: str, secret: bytes) -> int:
    text = f"{milliseconds}.{random_bits}.{tenant}".encode()
    return int.from_bytes(hmac.new(secret, text, hashlib.sha256).digest()[:2])


def _assemble(milliseconds: int, random_bits: int, mark: int) -> int:
    high, low = random_bits >> 38, random_bits & ((1 << 38) - 1)
    return milliseconds << 80 | 8 << 76 | high << 64 | 0b10 << 62 | low << 24 | mark << 8


def _random_bits(number: int) -> int:
    return (number >> 64 & 0xFFF) << 38 | (number >> 24 & ((1 << 38) - 1))


def _as_version_8(raw: bytes) -> bytes:
    changed = bytearray(raw)
    changed[6] = changed[6] & 0x0F | 0x80
    changed[8] = changed[8] & 0x3F | 0x80
    return bytes(changed)
