"""Does the signature of a caller's webhook hold? The provider's own style, and Standard Webhooks.

For the latter the key is the bytes of the caller's signature secret; a secret written `whsec_<base64>` is the bytes
that stand behind that.
"""

import hashlib
import hmac
from collections.abc import Mapping

import jwt
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError

from services.sandbox.scripts import Signature
from services.sandbox.signing import ISSUER

_STANDARD_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


def provider_style(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str]) -> Signature:
    """Judge the Bearer token of a webhook. `headers` have names in lower case, `secrets` are by api_key."""
    if "authorization" not in headers:
        return "none"
    scheme, _, token = headers["authorization"].partition(" ")
    if scheme.lower() != "bearer":
        return "wrong"
    try:
        secret = secrets.get(str(jwt.decode(token, options={"verify_signature": False}).get("api_key")))
        if secret is None:
            return "wrong"
        claims = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            issuer=ISSUER,
            leeway=60,
            options={"require": ["iat", "jti", "iss", "payload_hash"]},
        )
    except jwt.InvalidTokenError:
        return "wrong"
    expected = hashlib.sha256(body).hexdigest().encode()
    return "good" if hmac.compare_digest(expected, str(claims["payload_hash"]).encode()) else "wrong"


def standard_style(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str]) -> Signature:
    """Judge the webhook-* headers of a webhook, with any of the secrets."""
    if not any(name in headers for name in _STANDARD_HEADERS):
        return "none"
    return "good" if any(_standard_holds(headers, body, secret) for secret in secrets.values()) else "wrong"


def both(provider: Signature, standard: Signature) -> Signature:
    """Sum two judgements up: what is there must hold, and something must be there."""
    if "wrong" in {provider, standard}:
        return "wrong"
    return "good" if "good" in {provider, standard} else "none"


def _standard_holds(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    try:
        webhook = Webhook(secret if secret.startswith("whsec_") else secret.encode())
        webhook.verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, EmptyWebhookSecretError, ValueError):
        # The library lets the ValueError of a header in a strange form through.
        return False
    return True
