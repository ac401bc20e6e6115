"""Sign a webhook as the provider does: HS256 over claims that hold the hash of the body."""

import hashlib
import time
import uuid

import jwt

from shared.store.directory import Account


def provider_account(name: str = "default") -> Account:
    """Return an account at the provider with secrets of its own."""
    return Account(
        name=name,
        base_url="http://127.0.0.1:9",
        generation="v1",
        api_key=uuid.uuid4().hex[:8],
        application_id=None,
        private_key=None,
        api_secret="secret",
        signature_secrets=(uuid.uuid4().hex * 2,),
    )


def signed(account: Account, raw: bytes, **claims: object) -> str:
    """Return the Authorization header of a webhook with this body."""
    usual = {
        "iss": "Vonage",
        "iat": int(time.time()),
        "jti": str(uuid.uuid4()),
        "api_key": account.api_key,
        "payload_hash": hashlib.sha256(raw).hexdigest(),
    }
    return "Bearer " + jwt.encode({**usual, **claims}, account.signature_secrets[0], algorithm="HS256")
