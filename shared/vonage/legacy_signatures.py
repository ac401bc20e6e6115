"""Decide whether a webhook of the old SMS API is the provider's: its `sig` parameter. Pure; never raises.

The signature covers the parameters in the order of their names as `&name=value`, with `&` and `=` inside a value
replaced by `_`, under one of five methods that the account chose: MD5 over that and the secret behind it, or an HMAC.
Which one is told by the length of the signature, where both of 128 bits are tried: every one of them needs the
secret. The provider signs these webhooks only for accounts that asked it to.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

from shared.errors import WireError
from shared.store.directory import Account
from shared.vonage.legacy_parameters import parameters_of
from shared.vonage.signatures import NEWEST_S, SHORTEST_SECRET, Verdict, Verification

OLDEST_S = 73 * 3600.0
"""One hour more than the provider repeats receipts of the SMS API (protocol 7.3)."""
_TIME = re.compile(r"[0-9]{1,12}")


class Method(StrEnum):
    """An account's way to sign, in the words of its settings."""

    MD5_HASH = "md5hash"
    MD5 = "md5"
    """HMAC, like all below."""
    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA512 = "sha512"


METHODS: Mapping[int, tuple[Method, ...]] = {
    32: (Method.MD5_HASH, Method.MD5),
    40: (Method.SHA1,),
    64: (Method.SHA256,),
    128: (Method.SHA512,),
}
"""By the number of hexadecimal digits."""


def signature_of(parameters: Mapping[str, str], *, secret: str, method: Method) -> str:
    """Return the signature of all parameters but `sig` itself, in lower-case hexadecimal digits."""
    text = "".join(
        f"&{name}={value.replace('&', '_').replace('=', '_')}"
        for name, value in sorted(parameters.items())
        if name != "sig"
    )
    signed, key = text.encode(errors="replace"), secret.encode()
    if method is Method.MD5_HASH:
        return hashlib.md5(signed + key, usedforsecurity=False).hexdigest()
    return hmac.new(key, signed, method.value).hexdigest()


def verify_legacy(raw: bytes, content_type: str | None, accounts: Iterable[Account], *, now: float) -> Verification:
    """Tell whether a query string, form or JSON body was signed by one of `accounts`; `now` in seconds.

    MISSING where there is no signature at all: the account has to ask the provider for it. What can't be read is
    WRONG, since nobody can have signed it.
    """
    try:
        parameters = parameters_of(raw, content_type)
    except WireError as error:
        return _wrong(f"the parameters can't be read: {error.faults[0].code}")
    if any("&" in name or "=" in name for name in parameters):
        # Signed is one text: with these in a name, two parameters could be handed over as one.
        return _wrong("a parameter has a name that the provider never gives")
    claimed = parameters.get("sig", "").strip().lower()
    if not claimed:
        return Verification(verdict=Verdict.MISSING, why="no sig parameter")
    methods = METHODS.get(len(claimed), ())
    if not methods:
        return _wrong("the signature has the length of no method")
    api_key = parameters.get("api-key") or parameters.get("api_key")
    # One account at the provider may be several of ours, by application; what it signs this way belongs to none.
    candidates = sorted(
        (each for each in accounts if api_key in (None, each.api_key)), key=lambda each: each.application_id is not None
    )
    signer = next((each for each in candidates if _signed_by(each, parameters, claimed, methods)), None)
    if signer is None:
        return _wrong("no signature secret of the account fits" if candidates else "the api-key is of no account")
    issued_at = parameters.get("timestamp", "")
    if not _TIME.fullmatch(issued_at):
        return _wrong("no timestamp")
    if float(issued_at) > now + NEWEST_S:
        return _wrong("issued in the future: is one of the clocks wrong?")
    if float(issued_at) < now - OLDEST_S:
        return _wrong("older than the provider repeats")
    return Verification(verdict=Verdict.OK, account=signer.name, api_key=signer.api_key, issued_at=float(issued_at))


def _signed_by(account: Account, parameters: Mapping[str, str], claimed: str, methods: Iterable[Method]) -> bool:
    digits = claimed.encode(errors="replace")
    return any(
        hmac.compare_digest(signature_of(parameters, secret=secret, method=method).encode(), digits)
        for secret in account.signature_secrets
        if len(secret.encode()) >= SHORTEST_SECRET
        for method in methods
    )


def _wrong(why: str) -> Verification:
    return Verification(verdict=Verdict.WRONG, why=why)
