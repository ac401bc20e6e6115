"""Compare what the provider got with what a caller asked for: equal but for what Cascade puts into its own hands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

_OURS = ("client_ref", "webhook_url", "webhook_version", "failover")
"""The reference is ours, and so is where webhooks go; the failover is run by us."""


def as_asked(got: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the provider got without what we added to it: our reference, and a time to live nobody asked for."""
    left = deepcopy(dict(got))
    for name in _OURS:
        left.pop(name, None)
    for ours, theirs in _homes_of_ttl(left, asked):
        if "ttl" not in theirs:
            ours.pop("ttl", None)
    return _without_empty_options(left, asked)


def without_own(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a request that the provider is to get unchanged."""
    return {name: value for name, value in asked.items() if name not in _OURS}


def _homes_of_ttl(got: dict[str, Any], asked: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Mapping[str, Any]]]:
    """Yield each place where a generation keeps the time to live, and the same place of the request."""
    yield got, asked
    yield got.get("viber_service", {}), asked.get("viber_service", {})
    message, wanted = got.get("message", {}), asked.get("message", {})
    yield message.get("viber_service_msg", {}), wanted.get("viber_service_msg", {})


def _without_empty_options(got: dict[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    if not got.get("viber_service") and "viber_service" not in asked:
        got.pop("viber_service", None)
    message, wanted = got.get("message"), asked.get("message", {})
    if isinstance(message, dict) and not message.get("viber_service_msg") and "viber_service_msg" not in wanted:
        message.pop("viber_service_msg", None)
    return got
