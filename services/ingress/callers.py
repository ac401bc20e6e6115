"""Who calls: exactly one scheme, and one constant answer for all that is wrong with it.

A bearer token is checked by its application's public key, Basic by the hash of a secret. The reasons inside AuthError
are for the log; nobody who guesses learns from the answer whether an application or a key exists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.ingress import acl, basic, tokens
from services.ingress.clock import StoreTime
from services.ingress.known import KnownCallers
from shared.errors import AuthError, StoreUnavailable
from shared.store.directory import Directory

_HEADER = re.compile(r"(?i:(Bearer)|(Basic)) +([A-Za-z0-9._~+/=-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who proved who they are."""

    tenant: str
    application_id: str | None = None
    """None for Basic."""
    api_key: str | None = None
    """None for a bearer token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a request says about its sender, and what it wants to do."""

    authorization: str | None
    """The header; a server joins several with commas, which no single scheme has."""
    method: str
    path: str
    in_query: bool = False
    """True when the query holds credentials too: that would be a second scheme."""


class _MismatchError(AuthError):
    """The proof does not fit what we know of this caller; a newer copy of the directory may know a newer key."""


class _UnknownCallerError(_MismatchError):
    """We know of no such caller; while the store is away that proves nothing."""


def identify(credentials: Credentials, known: KnownCallers, store_time: StoreTime) -> Caller:
    """Return who calls.

    Raises AuthError (401), or StoreUnavailable (503) where only the store could tell.
    """
    copy = known.current()
    try:
        return identify_in(credentials, copy.directory, store_time.now())
    except _MismatchError as mismatch:
        newer, first = known.newer_than(copy), mismatch
    try:
        if newer is None:
            raise first
        return identify_in(credentials, newer.directory, store_time.now())
    except _UnknownCallerError as unknown:
        if known.judges(newer or copy):
            raise
        raise StoreUnavailable("the store does not answer, and this caller is not known") from unknown


def identify_in(credentials: Credentials, directory: Directory, now: float) -> Caller:
    """Return who calls, by this copy of the directory at this time of the store's. Raises AuthError."""
    if credentials.authorization is None:
        raise AuthError("no credentials")
    if credentials.in_query:
        raise AuthError("credentials in the header and in the query")
    match = _HEADER.fullmatch(credentials.authorization.strip())
    if match is None:
        raise AuthError("not one Bearer or Basic header")
    bearer, _, value = match.groups()
    return _by_token(value, credentials, directory, now) if bearer else _by_secret(value, directory)


def _by_token(token: str, credentials: Credentials, directory: Directory, now: float) -> Caller:
    application_id = tokens.application_named_in(token)
    application = directory.applications.get(application_id)
    if application is None:
        raise _UnknownCallerError("no such application")
    if application.revoked:
        raise AuthError("the application is revoked")
    try:
        claims = tokens.verify(token, public_key=application.public_key, now=now)
    except tokens.WrongSignatureError as error:
        raise _MismatchError(str(error)) from error
    if "acl" in claims and not acl.allows(claims["acl"], method=credentials.method, path=credentials.path):
        raise AuthError("the token's acl does not cover this request")
    return Caller(tenant=application.tenant, application_id=application_id)


def _by_secret(value: str, directory: Directory) -> Caller:
    api_key, secret = basic.split_credentials(value)
    key = directory.keys.get(api_key)
    if not basic.secret_holds(secret, key):
        raise _UnknownCallerError("no such key") if key is None else _MismatchError("not a live secret of this key")
    if key is None or key.revoked:
        raise AuthError("the key is revoked")
    return Caller(tenant=key.tenant, api_key=api_key)
