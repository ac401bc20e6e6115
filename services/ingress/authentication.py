"""Ask a request who sends it."""

from __future__ import annotations

from flask import request

from services.ingress.callers import Caller, Credentials, identify
from services.ingress.house import house
from services.ingress.traces import note

IN_QUERY = ("api_key", "api_secret", "sig")
"""Parameters by which other APIs of the provider say who calls."""


def authenticated() -> Caller:
    """Return the caller of this request. Raises AuthError, or StoreUnavailable where only the store could tell."""
    here = house()
    credentials = Credentials(
        authorization=request.headers.get("Authorization"),
        method=request.method,
        path=request.path,
        in_query=any(name in request.args for name in IN_QUERY),
        from_query=_from_query() if here.settings.query_credentials else None,
    )
    caller = identify(credentials, here.known, here.store_time)
    note(tenant=caller.tenant)
    return caller


def _from_query() -> tuple[str, str] | None:
    """Return the pair that clients of the provider without an application put into the address (protocol 6.3)."""
    keys, secrets = request.args.getlist("api_key"), request.args.getlist("api_secret")
    return (keys[0], secrets[0]) if len(keys) == len(secrets) == 1 else None
