"""Decide whether a webhook is the provider's: its signed token, over the raw bytes. Pure; never raises.

Strategy: everything cheap and local first (one header, small, HS256 and nothing else), then the account that the
token *claims*, used only to pick secrets from our own directory, then the signature, and only then the claims.
The token chooses nothing: no algorithm, no address, no key id. It has no end of its own, so age is judged by `iat`:
the provider repeats a webhook for 24 hours, perhaps under its first signature.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from jwt.algorithms import HMACAlgorithm

from shared.errors import WireError
from shared.store.directory import Account
from shared.strict_json import loads
from shared.vonage.fields import identifier

LARGEST_TOKEN = 4096
OLDEST_S = 25 * 3600.0
"""One hour more than the provider repeats."""
NEWEST_S = 60.0
"""How far a token's time may lie ahead of our clock."""
SHORTEST_SECRET = 16
"""Bytes; a shorter secret can be guessed, and an empty one is everybody's."""

_HEADER = re.compile(r"bearer +([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+) *", re.IGNORECASE | re.ASCII)


class Verdict(StrEnum):
    """What to think of a webhook, and so what to answer."""

    OK = "ok"
    MISSING = "missing"
    """No signature at all: 503, the provider then signs and sends again."""
    WRONG = "wrong"
    """Signed by somebody else, or changed on the way: 401, a repetition can't help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found."""

    verdict: Verdict
    why: str = ""
    """For the log, never for the answer. Names no secret."""
    account: str | None = None
    """Name of the account whose secret signed it; None unless OK."""
    api_key: str | None = None
    jti: str | None = None
    issued_at: float | None = None
    application_id: str | None = None
    """The provider's application that the webhook is about; None where it names none."""


class _WrongError(Exception):
    """Says in its text why a token is not believed."""


def verify(raw: bytes, authorizations: Sequence[str], accounts: Iterable[Account], *, now: float) -> Verification:
    """Tell whether `raw` was signed by one of `accounts` (protocol 5.6).

    `authorizations` are the values of *all* Authorization headers; `now` in seconds since the epoch.
    """
    if not any(value.strip() for value in authorizations):
        return Verification(verdict=Verdict.MISSING, why="no Authorization header")
    try:
        return _verified(raw, authorizations, accounts, now)
    except _WrongError as wrong:
        return Verification(verdict=Verdict.WRONG, why=str(wrong))


def _verified(raw: bytes, authorizations: Sequence[str], accounts: Iterable[Account], now: float) -> Verification:
    signed, header, claims, signature = _taken_apart(authorizations)
    if header.get("alg") != "HS256":
        raise _WrongError("the algorithm is not HS256")
    if "crit" in header or "b64" in header:
        raise _WrongError("the token asks for extensions")
    if str(header.get("typ", "JWT")).upper() != "JWT":
        raise _WrongError("the token is not a JWT")
    api_key = claims.get("api_key")
    if not isinstance(api_key, str):
        raise _WrongError("no api_key")
    account = _signer(signed, signature, claims, [each for each in accounts if each.api_key == api_key])
    if claims.get("iss") != "Vonage":
        raise _WrongError("the issuer is not Vonage")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not jti:
        raise _WrongError("no jti")
    issued_at = _judged_times(claims, now)
    claimed = claims.get("payload_hash")
    # Compared as bytes: compare_digest raises on text that is not ASCII.
    found = hashlib.sha256(raw).hexdigest().encode()
    if not isinstance(claimed, str) or not hmac.compare_digest(found, claimed.lower().encode("utf-8", "replace")):
        raise _WrongError("the body is not the one that was signed")
    return Verification(
        verdict=Verdict.OK,
        account=account.name,
        api_key=api_key,
        jti=jti,
        issued_at=issued_at,
        application_id=identifier(claims.get("application_id")),
    )


def _taken_apart(authorizations: Sequence[str]) -> tuple[bytes, dict[str, object], dict[str, object], bytes]:
    if len(authorizations) != 1:
        raise _WrongError("more than one Authorization header")
    value = authorizations[0]
    if len(value) > LARGEST_TOKEN:
        raise _WrongError("the token is too large")
    match = _HEADER.fullmatch(value)
    if match is None:
        raise _WrongError("the Authorization header is no bearer token of three parts")
    header, claims = _object(match[1]), _object(match[2])
    return f"{match[1]}.{match[2]}".encode("ascii"), header, claims, _bytes(match[3])


def _object(part: str) -> dict[str, object]:
    try:
        value = loads(_bytes(part), max_bytes=LARGEST_TOKEN, max_depth=8)
    except WireError as error:
        raise _WrongError("a part of the token is not a plain JSON object") from error
    if not isinstance(value, dict):
        raise _WrongError("a part of the token is not a JSON object")
    return value


def _bytes(part: str) -> bytes:
    try:
        decoded = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as error:
        raise _WrongError("a part of the token is not base64url") from error
    if urlsafe_b64encode(decoded).rstrip(b"=") != part.encode("ascii"):
        raise _WrongError("a part of the token is not canonical base64url")
    return decoded


def _signer(signed: bytes, signature: bytes, claims: dict[str, object], candidates: list[Account]) -> Account:
    """Return the account whose secret signed: of several with one key, the one of the claimed application."""
    if not candidates:
        raise _WrongError("the api_key is of none of our accounts")
    algorithm = HMACAlgorithm(HMACAlgorithm.SHA256)
    secrets = {secret.encode() for each in candidates for secret in each.signature_secrets}
    strong = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}
    holding = {secret for secret in strong if algorithm.verify(signed, secret, signature)}
    signers = [each for each in candidates if any(secret.encode() in holding for secret in each.signature_secrets)]
    if not signers:
        weak = ", and the account has none of at least 16 bytes" if not strong else ""
        raise _WrongError(f"no signature secret of the account fits{weak}")
    application = claims.get("application_id")
    return next((each for each in signers if each.application_id == application), signers[0])


def _judged_times(claims: dict[str, object], now: float) -> float:
    issued_at = _time(claims, "iat")
    if issued_at is None:
        raise _WrongError("no iat")
    if issued_at > now + NEWEST_S:
        raise _WrongError("issued in the future: is one of the clocks wrong?")
    if issued_at < now - OLDEST_S:
        raise _WrongError("older than the provider repeats")
    ends, begins = _time(claims, "exp"), _time(claims, "nbf")
    if (ends is not None and ends < now - NEWEST_S) or (begins is not None and begins > now + NEWEST_S):
        raise _WrongError("outside the time the token names for itself")
    return issued_at


def _time(claims: dict[str, object], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _WrongError(f"{name} is no time")
    return float(value)
