"""A caller's api_key and api_secret, against the hashes of its live secrets (at most two, for a rotation)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from shared.errors import AuthError
from shared.store.directory import ApiKey

LONGEST_CREDENTIALS = 512
_NOBODYS = "0" * 64


def split_credentials(encoded: str) -> tuple[str, str]:
    """Return (api_key, api_secret) of a Basic header's credentials. Raises AuthError."""
    if len(encoded) > LONGEST_CREDENTIALS:
        raise AuthError("the credentials are too long")
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise AuthError("the credentials can't be read") from error
    api_key, colon, secret = text.partition(":")
    if not (api_key and colon and secret):
        raise AuthError("the credentials are not api_key:api_secret")
    return api_key, secret


def secret_holds(secret: str, key: ApiKey | None) -> bool:
    """Compare with every live secret, and with a made-up one for a key nobody has, so that both take as long."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    found = False
    for stored in (key.secret_hashes if key is not None else ()) or (_NOBODYS,):
        found |= hmac.compare_digest(digest.encode(), stored.encode())
    return found and key is not None
