"""Sign what we send to our callers' addresses, as the provider signs what it sends to its own. Pure.

One token over the exact bytes of the body (protocol 5.6): callers who verify the provider's webhooks verify ours
with the same code. Time and token id are handed in.
"""

from __future__ import annotations

import hashlib

import jwt


def signature_header(
    body: bytes, *, secret: str, api_key: str, application_id: str | None, now: float, jti: str
) -> str:
    """Return the `Authorization` header for a body; `secret` is the caller's signature secret.

    `application_id` is None for callers without an application. `now` in seconds since the epoch.
    Raises ValueError where the secret is empty: such a signature would prove nothing.
    """
    if not secret:
        raise ValueError(f"key {api_key} has no signature secret")
    claims: dict[str, object] = {
        "iat": int(now),
        "jti": jti,
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": api_key,
    }
    if application_id is not None:
        claims["application_id"] = application_id
    return "Bearer " + jwt.encode(claims, secret, algorithm="HS256")
