"""The body of a PATCH: what is to become of a message that was sent or came in (protocol 1.7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from shared import strict_json
from shared.errors import Fault
from shared.wire.envelopes import UpdateStatus
from shared.wire.limits import BODY_MAXIMUM, DEPTH_MAXIMUM
from shared.wire.places import WHOLE
from shared.wire.schema_faults import check, refusal


class ReplyingIndicator(Struct, kw_only=True):
    """Show the person that an answer is being written; it ends with the answer, or after 25 s."""

    show: bool
    type: str = "text"


class UpdateBody(Struct, kw_only=True):
    """`PATCH /v1/messages/{id}`: `read` of an inbound WhatsApp message, `revoked` of an RCS message of ours."""

    status: UpdateStatus
    replying_indicator: ReplyingIndicator | None = None
    """Only with `read`."""


_COMPILED = msgspec.json.Decoder(UpdateBody)
"""msgspec compiles a struct when it is first used, and not safely where threads do so at once."""
_MEMBERS = tuple(field.name for field in msgspec.structs.fields(UpdateBody))
_TAKEN = " and ".join(_MEMBERS)


def read_update(raw: bytes) -> tuple[UpdateStatus, dict[str, Any] | None]:
    """Return (status, the replying indicator as it was given). Raises WireError with all faults."""
    value = strict_json.loads(raw, max_bytes=BODY_MAXIMUM, max_depth=DEPTH_MAXIMUM)
    body, faults = check(value, UpdateBody)
    own = tuple(_own_faults(value, body))
    if body is None or own:
        raise refusal((), faults, own)
    indicator = value["replying_indicator"] if isinstance(value, dict) and body.replying_indicator else None
    return body.status, indicator


def _own_faults(value: object, body: UpdateBody | None) -> Iterator[Fault]:
    for name in value if isinstance(value, dict) else ():
        if name not in _MEMBERS:
            # Unlike a message, an update is not handed on as it is: what we don't know would be lost.
            yield WHOLE.member(name).fault("unknown", f"is not known here; an update takes {_TAKEN}")
    if body is not None and body.replying_indicator is not None and body.status is not UpdateStatus.READ:
        yield WHOLE.member("replying_indicator").fault("conflict", "goes with the status read only")
