"""The id of a request: drawn at random, or made of the request itself where its client re-sends on its own.

Some clients send the same bytes again when the connection broke before the answer, up to ten times. They draw a token
for each request of their program's, so the token's `jti` and the body tell such a repetition from a second message:
the same id comes out of both, in whatever process on whatever host, and the dispatchers start one workflow of them
(architecture 8). A token that is older than a minute is one that somebody uses for many requests: there two equal
requests are two messages.
"""

from __future__ import annotations

import hashlib
import secrets

from flask import request

from services.ingress.callers import Caller
from services.ingress.house import House
from services.ingress.refusals import advise
from services.ingress.traces import note
from shared import ids
from shared.wire.requests import StartType

FRESH_TOKEN_S = 60.0
"""How far a token's time may lie from now for the rule to hold."""


def new_id(here: House, caller: Caller, start_type: StartType, raw: bytes) -> str:
    """Return the workflow id of a request. Raises StoreUnavailable where the store's time was never known."""
    now = here.store_time.now()
    milliseconds, random_bits = int(now * 1000), secrets.randbits(ids.RANDOM_BITS)
    token_id, issued_at = caller.token_id, caller.issued_at
    fresh = issued_at is not None and abs(now - issued_at) <= FRESH_TOKEN_S
    if token_id is not None and issued_at is not None and fresh and _sent_again_by_itself(here):
        note(repeatable=True)
        advise("Repeated within a minute under the same token it is the same message.")
        milliseconds, random_bits = _of_request(caller, token_id, issued_at, start_type, raw)
    return ids.marked_workflow_id(
        milliseconds=milliseconds,
        random_bits=random_bits,
        tenant=caller.tenant,
        secret=here.known.current().directory.deployment_secret,
    )


def _sent_again_by_itself(here: House) -> bool:
    return request.headers.get("User-Agent", "").startswith(here.settings.resending_agents)


def _of_request(caller: Caller, token_id: str, issued_at: float, start_type: StartType, raw: bytes) -> tuple[int, int]:
    """Return milliseconds since the epoch, in the token's second, and 50 bits that look random."""
    parts = [part.encode() for part in (caller.tenant, token_id, repr(issued_at), start_type.value)]
    digest = hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in (*parts, raw))).digest()
    milliseconds = int(issued_at) * 1000 + int.from_bytes(digest[8:12]) % 1000
    return milliseconds, int.from_bytes(digest[:8]) >> (64 - ids.RANDOM_BITS)
