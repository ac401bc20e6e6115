"""A caller's JWT: RS256 by the key of its application, and times that make sense (protocol 6.1). No clock here.

PyJWT checks the signature only. It takes a token without times and one from 1970, and reads the host's clock; so the
claims are judged here, against the time that is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from shared.errors import AuthError

LONGEST_TOKEN = 4096
LONGEST_JTI = 255
AHEAD_S = 60.0
DEFAULT_LIFE_S = 900.0
LONGEST_LIFE_S = 86_400.0
LEAST_KEY_BITS = 2048

Claims = Mapping[str, object]


class WrongSignatureError(AuthError):
    """Signed by another key than the one we know."""


class ExpiredError(AuthError):
    """Signed by its application, and over."""


class UnfitError(AuthError):
    """Signed by its application, and not good for another reason; whoever has its key may be told which."""


def application_named_in(token: str) -> str:
    """Return the application id that a token claims, unverified: good only for choosing the key to verify it with.

    Raises AuthError where the token can't be read.
    """
    if len(token) > LONGEST_TOKEN:
        raise AuthError("the token is too long")
    try:
        claims: Claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, RecursionError) as error:
        raise AuthError("the token can't be read") from error
    application_id = claims.get("application_id")
    if not isinstance(application_id, str):
        raise AuthError("the token names no application")
    return application_id


def verify(token: str, *, public_key: str, now: float) -> Claims:
    """Return the claims of a token that its application signed and that is valid at `now` (store time).

    `jti` is asked for and never remembered: the provider's own tools use one token for many requests.
    Raises AuthError: UnfitError or ExpiredError where the signature is good.
    """
    try:
        claims: Claims = jwt.decode(
            token,
            _loaded(public_key),
            algorithms=["RS256"],
            options={
                "require": ["iat", "jti"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_aud": False,
                "verify_iss": False,
                "verify_sub": False,
                "verify_jti": False,
            },
        )
    except jwt.InvalidSignatureError as error:
        raise WrongSignatureError("the token is not signed by its application") from error
    except jwt.MissingRequiredClaimError as error:  # looked for after the signature
        raise UnfitError(f"the token has no {error.claim}") from error
    except (jwt.PyJWTError, RecursionError) as error:
        raise AuthError(f"the token is not a signed one of ours: {type(error).__name__}") from error
    jti = claims["jti"]
    if not isinstance(jti, str) or not 1 <= len(jti) <= LONGEST_JTI:
        raise UnfitError("the token's jti is not a text of 1..255 characters")
    _check_times(claims, now)
    return claims


def _check_times(claims: Claims, now: float) -> None:
    issued_at = seconds(claims, "iat")
    if issued_at > now + AHEAD_S:
        raise UnfitError("the token's iat lies in the future; one of the two clocks is wrong")
    expires_at = seconds(claims, "exp") if "exp" in claims else issued_at + DEFAULT_LIFE_S
    if expires_at > issued_at + LONGEST_LIFE_S:
        raise UnfitError("the token's exp is more than a day after its iat")
    if expires_at <= now:
        raise ExpiredError("the token has expired")
    if "nbf" in claims and seconds(claims, "nbf") > now + AHEAD_S:
        raise UnfitError("the token's nbf lies in the future")


def seconds(claims: Claims, name: str) -> float:
    """Return a time of a token, seconds since the epoch. Raises UnfitError where it is none."""
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise UnfitError(f"the token's {name} is not a time in seconds")
    return float(value)


@lru_cache(maxsize=1024)
def _loaded(public_key: str) -> RSAPublicKey:
    """Parse a PEM once: that costs more than the verification. Raises AuthError."""
    try:
        key = load_pem_public_key(public_key.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise AuthError("the application's public key can't be read") from error
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_KEY_BITS:
        raise AuthError("the application's key is not RSA of 2048 bits or more")
    return key
