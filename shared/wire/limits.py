"""How large things may be, and the check of a queue message's outside (architecture 5, Limits)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shared.errors import Fault, WireError
from shared.queue import envelope
from shared.wire.places import outside

BODY_MAXIMUM = envelope.MAXIMUM_BODY_BYTES
"""Bytes of a body, over HTTP and on the queue."""
ID_MAXIMUM = envelope.MAXIMUM_ID_BYTES
"""Bytes of a `message_id` or `correlation_id`."""
HEADERS_MAXIMUM = envelope.MAXIMUM_HEADERS_BYTES
"""Bytes of all headers of a queue message, names and values."""
DEPTH_MAXIMUM = 16
"""How deep arrays and objects of a body may nest."""
FAULTS_MAXIMUM = 100
"""Most faults told of one body: the answer to a huge bad body is not huge itself."""


def check_limits(
    *,
    body: bytes,
    message_id: str | None,
    correlation_id: str | None = None,
    headers: Mapping[str, object] | None = None,
    content_encoding: str | None = None,
) -> None:
    """Refuse a queue message whose outside breaks a limit.

    Raises WireError with every fault; their names are `body`, `message_id`, `correlation_id`, `headers`,
    `content_encoding`. A `message_id` must be there; the other properties may be missing.
    """
    faults = tuple(_faults(body, message_id, correlation_id, headers or {}, content_encoding))
    if faults:
        raise WireError(*faults)


def _faults(
    body: bytes,
    message_id: str | None,
    correlation_id: str | None,
    headers: Mapping[str, object],
    content_encoding: str | None,
) -> Iterator[Fault]:
    if len(body) > BODY_MAXIMUM:
        yield outside("body", "too_large", f"is larger than {BODY_MAXIMUM} bytes")
    if not message_id:
        yield outside("message_id", "required", "is required: it is the idempotency key")
    for name, value in (("message_id", message_id), ("correlation_id", correlation_id)):
        if value is not None and len(value.encode("utf-8", "surrogatepass")) > ID_MAXIMUM:
            yield outside(name, "too_large", f"is longer than {ID_MAXIMUM} bytes")
    if _size(headers) > HEADERS_MAXIMUM:
        yield outside("headers", "too_large", f"are larger than {HEADERS_MAXIMUM} bytes")
    if content_encoding is not None and content_encoding.lower() not in ("", "utf-8", "utf8"):
        yield outside("content_encoding", "unsupported", "must be utf-8 or missing")


def _size(value: object) -> int:
    # What it takes on the wire, near enough: the limit keeps memory and logs bounded, it is no exact science.
    if isinstance(value, Mapping):
        return sum(_size(key) + _size(member) for key, member in value.items())
    if isinstance(value, list | tuple):
        return sum(_size(item) for item in value)
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, bytes | bytearray | memoryview):
        return len(value)
    return 8
