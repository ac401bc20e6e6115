"""Around every request: its trace id, the headers each answer carries, and one line in the log."""

from __future__ import annotations

import re
import secrets
import time

import structlog
from flask import Flask, Response, g, request

TRACE_HEADER = "x-nexmo-trace-id"
_TRACE = re.compile(r"[0-9a-f]{32}")
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_log = structlog.get_logger()


def trace_every_request(app: Flask) -> None:
    """Begin and end each request with what this module promises."""
    app.before_request(_begin)
    app.after_request(_end)


def trace_id() -> str:
    """Return the id of this request: 32 hexadecimal digits, the caller's own where it sent one."""
    found: str | None = g.get("trace_id")
    if found is None:  # a request that could not even be routed
        _begin()
        found = g.trace_id
    return found


def note(**facts: object) -> None:
    """Add facts to the one line that the log gets of this request. Never a number, a text or a token."""
    g.setdefault("facts", {}).update(facts)


def noted(name: str, otherwise: str) -> str:
    """Return a fact that was added, as text."""
    return str(g.get("facts", {}).get(name, otherwise))


def _begin() -> None:
    sent = request.headers.get(TRACE_HEADER, "").lower()
    g.trace_id = sent if _TRACE.fullmatch(sent) else secrets.token_hex(16)
    g.began_at = time.monotonic()


def _end(response: Response) -> Response:
    response.headers[TRACE_HEADER] = trace_id()
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    # The rule and not the path: a path may hold whatever somebody typed.
    route = request.url_rule.rule if request.url_rule is not None else "unknown"
    if route in _QUIET and response.status_code < 400:
        return response
    tell = _log.warning if response.status_code >= 500 else _log.info
    tell(
        "request.answered",
        method=request.method,
        route=route,
        status=response.status_code,
        duration_ms=round((time.monotonic() - g.began_at) * 1000, 1),
        trace_id=trace_id(),
        **g.get("facts", {}),
    )
    return response
