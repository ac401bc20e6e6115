"""Settings come from the environment, all `CASCADE_*`, and every mistake is reported at once.

`NAME_FILE` beats `NAME`: it names a file that holds the value, which is how containers hand out secrets. Each service
has one frozen record, built once in its `__main__` and passed by hand; secrets stay out of its repr.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from environs import EnvValidationError, FileAwareEnv, validate

from shared.channels import QUEUED_CHANNELS
from shared.errors import ConfigError
from shared.model import Engine

Settings = TypeVar("Settings")

LEAST_RECONCILE_S = 60.0
"""Doubt is never shorter, whatever the p95 (semantics 8)."""
LOG_FORMATS = ("json", "console")
LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatcherSettings:
    """What a dispatcher must know before it starts."""

    broker_url: str = field(repr=False)
    """amqp:// or amqps:// with user, password and virtual host."""
    store_url: str = field(repr=False)
    """sqlite:/// or postgresql://; empty means the SQLite file under `state_dir`."""
    state_dir: Path
    name: str
    """Names this process in heartbeats, outbox rows and logs; distinct for each dispatcher."""
    slots: int = 16
    """Calls at a time, for each channel."""
    reconcile_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds of doubt by channel; absent means 120."""
    receipt_p95_s: Mapping[str, float] = field(default_factory=dict)
    """p95 of the first receipt by channel, in seconds; absent means 5."""
    engine: Engine = Engine.LOCAL
    """Who runs the failover where neither the request nor its application says so (semantics 10)."""
    ingress_user: str = "cascade-ingress"
    """The broker user that the ingress publishes as."""
    lenient_numbers: bool = False
    """Whether recipients' numbers of what other systems queue may begin with `+` or `00`."""
    callback_networks: tuple[str, ...] = ()
    """Networks inside which callers' addresses may lie, e.g. 127.0.0.0/8; none by default."""
    public_url: str | None = None
    """Where callers reach the ingress, without a slash at its end; None: webhooks lead to no address of ours."""
    provider_ca_file: str | None = None
    """Certificates to trust beside the public ones; None: the public ones alone."""
    log_format: str = "json"
    log_level: str = "info"
    metrics_port: int | None = None
    """Where /metrics is served on `metrics_host`; None: nowhere."""
    metrics_host: str = "127.0.0.1"

    @property
    def believed_users(self) -> frozenset[str]:
        """Broker users whose headers name tenant and workflow id; anyone else speaks for its own tenant only.

        Our own is among them: where all services share one broker user, the ingress publishes as that, and whoever
        has a dispatcher's password needs no forged header any more.
        """
        return frozenset({self.ingress_user, unquote(urlsplit(self.broker_url.split(";")[0]).username or "guest")})


def new_environment() -> FileAwareEnv:
    """Return a reader of `CASCADE_*` variables that gathers its faults until `sealed()`."""
    return FileAwareEnv(prefix="CASCADE_", eager=False, strip_whitespace=True)


def sealed(environment: FileAwareEnv, build: Callable[[], Settings], *faults: str) -> Settings:
    """Return what `build` makes, once every variable was read without a fault.

    Raises ConfigError that names each wrong variable, one a line; `faults` are findings of the caller's own.
    """
    found = list(faults)
    try:
        environment.seal()
    except EnvValidationError as error:
        said = error.error_messages
        found += [f"{name}: {'; '.join(why)}" for name, why in said.items()] if isinstance(said, Mapping) else said
    if found:
        raise ConfigError("\n".join(found))
    return build()


def default_store_url(state_dir: Path) -> str:
    """Return the URL of the SQLite file under the state folder."""
    return f"sqlite:///{(state_dir / 'cascade.db').resolve()}"


def dispatcher_settings() -> DispatcherSettings:
    """Read a dispatcher's settings from the environment. Raises ConfigError naming every wrong variable."""
    try:
        return _dispatcher_settings(new_environment())
    except ValueError as error:  # a `_FILE` that can't be read is raised at once by the library
        raise ConfigError(str(error)) from error


def _dispatcher_settings(environment: FileAwareEnv) -> DispatcherSettings:
    broker_url = environment.str("BROKER_URL")
    state_dir = environment.path("STATE_DIR", Path(".state"))
    store_url = environment.str("STORE_URL", "")
    name = environment.str("DISPATCHER_NAME", f"{socket.gethostname()}-{os.getpid()}")
    slots = environment.int("SLOTS", 16, validate=validate.Range(1, 1000))
    reconcile_s: dict[str, float] = environment.dict("RECONCILE_S", {}, subcast_values=float)
    receipt_p95_s: dict[str, float] = environment.dict("RECEIPT_P95_S", {}, subcast_values=float)
    engine = environment.str("ENGINE", Engine.LOCAL.value, validate=validate.OneOf([each.value for each in Engine]))
    ingress_user = environment.str("INGRESS_USER", "cascade-ingress")
    lenient_numbers = environment.bool("LENIENT_NUMBERS", False)
    networks: list[str] = environment.list("CALLBACK_NETWORKS", [])
    public_url = environment.str("PUBLIC_URL", "")
    provider_ca_file = environment.str("PROVIDER_CA_FILE", "")
    log_format = environment.str("LOG_FORMAT", "json", validate=validate.OneOf(LOG_FORMATS))
    log_level = environment.str("LOG_LEVEL", "info", validate=validate.OneOf(LOG_LEVELS))
    metrics_port = environment.int("DISPATCHER_METRICS_PORT", 0, validate=validate.Range(0, 65535))
    metrics_host = environment.str("METRICS_HOST", "127.0.0.1")

    def build() -> DispatcherSettings:
        return DispatcherSettings(
            broker_url=broker_url,
            store_url=store_url or default_store_url(state_dir),
            state_dir=state_dir,
            name=name,
            slots=slots,
            reconcile_s=reconcile_s,
            receipt_p95_s=receipt_p95_s,
            engine=Engine(engine),
            ingress_user=ingress_user,
            lenient_numbers=lenient_numbers,
            callback_networks=tuple(networks),
            public_url=public_url.rstrip("/") or None,
            provider_ca_file=provider_ca_file or None,
            log_format=log_format,
            log_level=log_level,
            metrics_port=metrics_port or None,
            metrics_host=metrics_host,
        )

    faults = (
        *_channel_faults(reconcile_s or {}, receipt_p95_s or {}),
        *_network_faults(networks or []),
        *_address_faults(public_url or ""),
    )
    return sealed(environment, build, *faults)


def _channel_faults(reconcile_s: Mapping[str, float], receipt_p95_s: Mapping[str, float]) -> list[str]:
    known = ", ".join(QUEUED_CHANNELS)
    faults = [
        f"CASCADE_{name}: unknown channel {channel!r}, one of {known}"
        for name, by_channel in (("RECONCILE_S", reconcile_s), ("RECEIPT_P95_S", receipt_p95_s))
        for channel in by_channel
        if channel not in QUEUED_CHANNELS
    ]
    for channel, p95 in receipt_p95_s.items():
        if p95 <= 0:
            faults.append(f"CASCADE_RECEIPT_P95_S: {channel} must be above 0")
        elif channel not in reconcile_s and 3 * p95 > 120:
            faults.append(f"CASCADE_RECONCILE_S: {channel} must be set to at least {3 * p95:g} (three times its p95)")
    for channel, seconds in reconcile_s.items():
        least = max(LEAST_RECONCILE_S, 3 * receipt_p95_s.get(channel, 5.0))
        if seconds < least:
            faults.append(f"CASCADE_RECONCILE_S: {channel} must be at least {least:g} (60 s, and three times its p95)")
    return faults


def _network_faults(networks: list[str]) -> list[str]:
    faults = []
    for network in networks:
        try:
            ip_network(network)
        except ValueError as error:
            faults.append(f"CASCADE_CALLBACK_NETWORKS: {error}")
    return faults


def _address_faults(public_url: str) -> list[str]:
    try:
        parts = urlsplit(public_url)
        complete = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        complete = False
    if not public_url or (complete and not any(sign in public_url for sign in "?#@ ")):
        return []
    return ["CASCADE_PUBLIC_URL: no address like https://cascade.example, without user, query and fragment"]
