"""What machines are told of a service's health."""

from __future__ import annotations

from msgspec import Struct


class Alive(Struct, kw_only=True, frozen=True):
    """Body of /healthz: the process answers."""

    alive: bool = True


class Check(Struct, kw_only=True, frozen=True):
    """One thing that must be well."""

    name: str
    ok: bool
    detail: str = ""
    """What is wrong, for an operator; never an address with a password."""
    needed: bool = True
    """False where requests are taken without it: it is told, and counts for nothing."""


class Readiness(Struct, kw_only=True, frozen=True):
    """Body of /readyz: whether requests should come here."""

    ready: bool
    checks: tuple[Check, ...]
