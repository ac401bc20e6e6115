"""Sign webhooks as the provider signs them: HS256 over a hash of the exact bytes (protocol 5.6)."""

import hashlib
import uuid
from typing import Final

import jwt

from services.sandbox.directory import Application
from services.sandbox.scripts import Signature

ISSUER: Final = "Vonage"

# Not the secret of anybody, and as long as one, so that nothing but the signature is wrong.
_SOMEBODY_ELSES_SECRET: Final = "a-secret-that-no-account-here-was-given"  # noqa: S105  # a wrong one on purpose


def authorization(
    body: bytes, account: Application, *, by_token: bool, signature: Signature, now_s: float
) -> str | None:
    """Make the Authorization header of a webhook; None where there shall be no signature.

    The application is named only if the message was sent by one.
    """
    if signature == "none":
        return None
    claims: dict[str, object] = {
        "iat": int(now_s),
        "jti": str(uuid.uuid4()),
        "iss": ISSUER,
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": account.api_key,
    }
    if by_token:
        claims["application_id"] = account.application_id
    secret = account.signature_secret if signature == "good" else _SOMEBODY_ELSES_SECRET
    return "Bearer " + jwt.encode(claims, secret, algorithm="HS256")
