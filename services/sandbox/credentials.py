"""Who is calling: exactly one of a Bearer token signed by a registered application, or Basic (protocol 6).

The token is RS256 with application_id, iat and jti. Without exp it is good for 15 minutes, with it for a day at most.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

import jwt

from services.sandbox.directory import Application, Directory
from services.sandbox.problems import ProblemError, unauthorized, unreadable_credentials

_LEEWAY_S: Final = 60
_USUAL_LIFE_S: Final = 900
_LONGEST_LIFE_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The registration a call is charged to; `by_token` False = Basic, so there is no application behind it."""

    application: Application
    by_token: bool


def authenticate(authorization: str | None, query: Mapping[str, str], directory: Directory, now_s: float) -> Caller:
    """Find out who is calling. Raises ProblemError (401).

    `query` are the parameters of the address: keys in there are a scheme of their own, which messages don't take.
    """
    if "api_key" in query or "api_secret" in query:
        slug = "multiple-auth-methods" if authorization else "unauthorized"
        raise unauthorized("Credentials belong into the Authorization header alone.", slug)
    if authorization is None:
        raise unauthorized("You did not provide correct credentials.")
    if "," in authorization:
        raise unauthorized("Exactly one Authorization header is taken.", "multiple-auth-methods")
    scheme, _, value = authorization.partition(" ")
    value = value.strip()
    if not value or " " in value:
        raise unreadable_credentials()
    if scheme.lower() == "bearer":
        return Caller(application=_by_token(value, directory, now_s), by_token=True)
    if scheme.lower() == "basic":
        return Caller(application=_by_secret(value, directory), by_token=False)
    raise unreadable_credentials()


def _by_token(token: str, directory: Directory, now_s: float) -> Application:
    try:
        header = jwt.get_unverified_header(token)
        claimed = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise unreadable_credentials() from error
    if header.get("alg") != "RS256":
        raise unauthorized("The token must be signed with RS256.")
    application = directory.application(str(claimed.get("application_id")))
    if application is None:
        raise unauthorized("The application of the token is not known.")
    try:
        claims = jwt.decode(
            token,
            application.public_key,
            algorithms=["RS256"],
            # Times are judged below, by the clock that was handed in.
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False},
        )
    except jwt.InvalidTokenError as error:
        raise unauthorized("The signature of the token does not hold.") from error
    if fault := _fault_of(claims, now_s):
        raise fault
    return application


def _fault_of(claims: Mapping[str, Any], now_s: float) -> ProblemError | None:
    issued, identity = claims.get("iat"), claims.get("jti")
    if not _is_time(issued):
        return unauthorized("The token needs iat, in seconds since 1970.")
    if not isinstance(identity, str) or not identity:
        return unauthorized("The token needs jti.")
    if issued > now_s + _LEEWAY_S:
        return unauthorized("The token was issued in the future.")
    if "nbf" in claims and (not _is_time(claims["nbf"]) or claims["nbf"] > now_s + _LEEWAY_S):
        return unauthorized("The token is not valid yet.")
    expires = claims.get("exp", issued + _USUAL_LIFE_S)
    if not _is_time(expires) or expires > issued + _LONGEST_LIFE_S:
        return unauthorized("The token's exp must be at most 24 hours after its iat.")
    if expires <= now_s:
        return unauthorized("The token has expired.", "jwt-expired")
    return None


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _by_secret(value: str, directory: Directory) -> Application:
    try:
        api_key, colon, api_secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise unreadable_credentials() from error
    if not colon:
        raise unreadable_credentials()
    account = directory.account(api_key)
    if account is None or account.api_secret is None:
        raise unauthorized("You did not provide correct credentials.")
    if not hmac.compare_digest(account.api_secret.encode(), api_secret.encode()):
        raise unauthorized("You did not provide correct credentials.")
    return account
