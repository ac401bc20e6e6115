"""`Idempotency-Key`: a request that its caller may repeat as often as it likes, and that happens once.

Only with the header a row is written, before the publish: (tenant, key, fingerprint, workflow id). Whoever repeats
the request gets the answer of the first; while the first is at work 409; after half a minute without its answer the
request is published again under the same id, which starts nothing new.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress

import structlog
from flask import request

from services.ingress.callers import Caller
from services.ingress.house import House
from services.ingress.refusals import RefusedError, advise
from services.ingress.traces import note
from shared.errors import BrokerUnavailable, StoreUnavailable, WireError
from shared.store.records_requests import KeyedRequest, KeyState
from shared.wire.places import outside
from shared.wire.requests import Start

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
BUSY_RETRY_S = 1
_KEY = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?")

_log = structlog.get_logger()


def key_of_request() -> str | None:
    """Return the key of this request, None without the header. Raises WireError where it is no key."""
    key = request.headers.get(HEADER)
    if key is not None and not _KEY.fullmatch(key):
        raise WireError(outside(HEADER, "header", "must be 1 to 255 printable ASCII characters"))
    return key


def once(
    here: House, caller: Caller, key: str, *, start: Start, workflow_id: str, publish: Callable[[str], bytes]
) -> tuple[bytes, bool]:
    """Return (the answer's body, whether it was given before); `publish` takes the id and returns that body.

    Raises RefusedError (409 while another is at it, 422 where the key was used for another request),
    StoreUnavailable, and what `publish` raises.
    """
    fingerprint = hashlib.sha256(f"{start.start_type.value}:{start.fingerprint}".encode()).hexdigest()
    asked = KeyedRequest(tenant=caller.tenant, key=key, fingerprint=fingerprint, workflow_id=workflow_id)
    taken = here.store.take_key(asked)
    note(workflow_id=taken.workflow_id, key=taken.state.value)
    if taken.state is KeyState.OTHER:
        raise RefusedError(
            422, why="key_of_another", detail=f"This {HEADER} was used for another request. Please draw a new one."
        )
    if taken.state is KeyState.BUSY:
        raise RefusedError(
            409,
            why="key_busy",
            detail=f"A request with this {HEADER} is being taken at this moment. Please ask again.",
            retry_after_s=BUSY_RETRY_S,
        )
    if taken.answer is not None:
        return taken.answer, True
    advise(f"Please repeat it under the same {HEADER}: it happens once.")
    try:
        answer = publish(taken.workflow_id)
    except BrokerUnavailable:
        with suppress(StoreUnavailable):
            here.store.give_back_key(tenant=caller.tenant, key=key, workflow_id=taken.workflow_id)
        raise
    try:
        here.store.answer_key(tenant=caller.tenant, key=key, workflow_id=taken.workflow_id, answer=answer)
    except StoreUnavailable as error:
        # The broker has it, so it is accepted. A repetition is published again under the same id, half a minute on.
        _log.warning("answer.not_kept", workflow_id=taken.workflow_id, error=str(error))
    return answer, False
