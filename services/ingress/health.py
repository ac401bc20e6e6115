"""What machines ask: does the process live, may it get requests, and its figures. Nobody must prove who they are.

/healthz looks at nothing but the process: a broker that is away is no reason to restart an ingress.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from flask import Blueprint, Response

from services.ingress.house import House, house
from shared.errors import BrokerUnavailable, StoreUnavailable
from shared.queue import topology
from shared.wire.health import Alive, Check, Readiness


def health(page: Callable[[], tuple[bytes, str]]) -> Blueprint:
    """Return /healthz, /readyz and /metrics; `page` gives the figures and their content type."""
    blueprint = Blueprint("health", __name__)
    blueprint.add_url_rule("/healthz", view_func=_healthz, methods=["GET"])
    blueprint.add_url_rule("/readyz", view_func=_readyz, methods=["GET"])

    def metrics() -> Response:
        text, content_type = page()
        return Response(text, content_type=content_type)

    blueprint.add_url_rule("/metrics", view_func=metrics, methods=["GET"])
    return blueprint


def checks(here: House) -> tuple[Check, ...]:
    """Look at everything that requests use."""
    return (_broker(here), _store(here), _callers(here))


def _healthz() -> Response:
    return _json(200, Alive())


def _readyz() -> Response:
    found = checks(house())
    ready = all(check.ok for check in found if check.needed)
    return _json(200 if ready else 503, Readiness(ready=ready, checks=found))


def _broker(here: House) -> Check:
    try:
        if not here.publisher.healthy():
            return Check(name="broker", ok=False, detail="the broker does not answer, or takes no publishes now")
        here.publisher.depth(topology.INTAKE)
    except BrokerUnavailable as error:
        return Check(name="broker", ok=False, detail=str(error))
    return Check(name="broker", ok=True)


def _store(here: House) -> Check:
    """Look at the store. It is needed only through `_callers`: known callers send for an hour without it."""
    try:
        here.store.controls()
    except StoreUnavailable as error:
        return Check(name="store", ok=False, detail=str(error), needed=False)
    return Check(name="store", ok=True, needed=False)


def _callers(here: House) -> Check:
    try:
        here.known.current()
    except StoreUnavailable as error:
        return Check(name="callers", ok=False, detail=str(error))
    return Check(name="callers", ok=True)


def _json(status: int, body: object) -> Response:
    return Response(msgspec.json.encode(body), status=status, content_type="application/json")
