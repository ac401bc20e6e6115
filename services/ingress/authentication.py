"""Ask a request who sends it."""

from __future__ import annotations

from flask import request

from services.ingress.callers import Caller, Credentials, identify
from services.ingress.house import house
from services.ingress.traces import note

_IN_QUERY = ("api_key", "api_secret", "sig")


def authenticated() -> Caller:
    """Return the caller of this request. Raises AuthError, or StoreUnavailable where only the store could tell."""
    credentials = Credentials(
        authorization=request.headers.get("Authorization"),
        method=request.method,
        path=request.path,
        in_query=any(name in request.args for name in _IN_QUERY),
    )
    caller = identify(credentials, house().known, house().store_time)
    note(tenant=caller.tenant)
    return caller
