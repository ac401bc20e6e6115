"""Who calls: exactly one scheme, and one constant answer to all who did not prove who they are.

A bearer token is checked by its application's public key, Basic by the hash of a secret. The reasons inside AuthError
are for the log; nobody who guesses learns from the answer whether an application or a key exists. Whoever signed with
the right key is told what else is wrong with the token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.ingress import acl, basic, tokens
from services.ingress.clock import StoreTime
from services.ingress.known import KnownCallers
from shared.errors import AuthError, StoreUnavailable
from shared.store.directory import Directory

_NOT_IN_QUERY = "Credentials are not taken from the address. Please send them as Basic in the Authorization header."
_NO_HEADER = "The request has no Authorization header. Please send a Bearer token, or api_key:api_secret as Basic."
_HEADER = re.compile(r"(?i:(Bearer)|(Basic)) +([A-Za-z0-9._~+/=-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who proved who they are."""

    tenant: str
    application_id: str | None = None
    """None for Basic."""
    api_key: str | None = None
    """None for a bearer token."""
    token_id: str | None = None
    """The token's `jti`; None for Basic."""
    issued_at: float | None = None
    """The token's `iat`, seconds since the epoch; None for Basic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a request says about its sender, and what it wants to do."""

    authorization: str | None
    """The header; a server joins several with commas, which no single scheme has."""
    method: str
    path: str
    in_query: bool = False
    """True when the query holds credentials: beside a header that would be a second scheme."""
    from_query: tuple[str, str] | None = None
    """(api_key, api_secret) of the query, only where the deployment takes them there."""


class ExplainedAuthError(AuthError):
    """A refusal that may be told apart by the caller, since it gives away nothing about whom we know."""

    def __init__(self, why: str, *, named: str = "", detail: str = "") -> None:
        """`named` is a problem's name (`shared.wire.problems`), `detail` goes before that problem's own."""
        super().__init__(why)
        self.named = named
        self.detail = detail


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
        return _by_query(credentials, directory)
    if credentials.in_query:
        raise ExplainedAuthError("credentials in the header and in the query", named="multiple-auth-methods")
    if "," in credentials.authorization:  # neither scheme has one; a server joins several headers so
        raise ExplainedAuthError("more than one Authorization header", named="multiple-auth-methods")
    match = _HEADER.fullmatch(credentials.authorization.strip())
    if match is None:
        raise AuthError("not one Bearer or Basic header")
    bearer, _, value = match.groups()
    return _by_token(value, credentials, directory, now) if bearer else _by_secret(value, directory)


def _by_query(credentials: Credentials, directory: Directory) -> Caller:
    if credentials.from_query is not None:
        return _by_key(*credentials.from_query, directory)
    if credentials.in_query:
        raise ExplainedAuthError("credentials in the query", detail=_NOT_IN_QUERY)
    raise ExplainedAuthError("no credentials", detail=_NO_HEADER)


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
    except tokens.ExpiredError as error:
        raise ExplainedAuthError(str(error), named="jwt-expired") from error
    except tokens.UnfitError as error:
        raise _told(str(error)) from error
    if "acl" in claims and not acl.allows(claims["acl"], method=credentials.method, path=credentials.path):
        raise _told("the token's acl does not cover this method and path")
    return Caller(
        tenant=application.tenant,
        application_id=application_id,
        token_id=str(claims["jti"]),
        issued_at=tokens.seconds(claims, "iat"),
    )


def _told(why: str) -> ExplainedAuthError:
    """Return the refusal of a token under a good signature."""
    return ExplainedAuthError(why, detail=f"The signature is good, but {why}.")


def _by_secret(value: str, directory: Directory) -> Caller:
    return _by_key(*basic.split_credentials(value), directory)


def _by_key(api_key: str, secret: str, directory: Directory) -> Caller:
    key = directory.keys.get(api_key)
    if not basic.secret_holds(secret, key):
        raise _UnknownCallerError("no such key") if key is None else _MismatchError("not a live secret of this key")
    if key is None or key.revoked:
        raise AuthError("the key is revoked")
    return Caller(tenant=key.tenant, api_key=api_key)
