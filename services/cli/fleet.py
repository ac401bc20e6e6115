"""The background processes of a home: started, found again by their pid files, waited for, stopped."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.ports import free_port, is_free
from deploy.processes import PidFile, Process, spawn, wait_until
from services.cli.broker import BrokerUrls
from services.cli.client import answers
from services.cli.credentials import sandbox_config
from services.cli.home import PORT_VARIABLES, Home, port_file, project_root, remembered_port, shown
from shared.errors import ConfigError
from shared.store.port import Store

READY_S = 60.0
STOP_S = 30.0
"""Longest a service may take to end after SIGTERM; a dispatcher drains for 25 s."""
ORPHANS_S = 30.0
"""So long the workers of an ingress that was killed may hold its port: they look for it every few seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One process of the fleet."""

    name: str
    module: str
    environment: Mapping[str, str]
    port: str | None = None
    """Key of the port it listens on; None: it takes no calls."""


def members(home: Home, urls: BrokerUrls, *, dispatchers: int = 2) -> tuple[Member, ...]:
    """Return who belongs to a home, in the order of starting."""
    shared = {
        "CASCADE_STATE_DIR": str(home.state_dir),
        "CASCADE_STORE_URL": home.store_url,
        "CASCADE_INGRESS_PORT": str(home.ports["ingress"]),
        "CASCADE_SANDBOX_PORT": str(home.ports["sandbox"]),
    }
    return (
        Member(
            name="sandbox",
            module="services.sandbox",
            environment={**shared, "CASCADE_SANDBOX_CONFIG": sandbox_config(home)},
            port="sandbox",
        ),
        Member(
            name="ingress",
            module="services.ingress",
            environment={**shared, "CASCADE_BROKER_URL": urls.ingress},
            port="ingress",
        ),
        *(dispatcher(home, urls, number) for number in range(1, dispatchers + 1)),
    )


def dispatcher(home: Home, urls: BrokerUrls, number: int) -> Member:
    """Return one dispatcher. Callers' addresses may lie on this machine: it is a development home."""
    return Member(
        name=f"dispatcher-{number}",
        module="services.dispatcher",
        environment={
            "CASCADE_STATE_DIR": str(home.state_dir),
            "CASCADE_STORE_URL": home.store_url,
            "CASCADE_BROKER_URL": urls.dispatcher,
            "CASCADE_INGRESS_USER": urls.ingress_user,
            "CASCADE_DISPATCHER_NAME": f"dispatcher-{number}",
            "CASCADE_PUBLIC_URL": os.environ.get("CASCADE_PUBLIC_URL", home.url("ingress")),
            "CASCADE_CALLBACK_NETWORKS": os.environ.get("CASCADE_CALLBACK_NETWORKS", "127.0.0.0/8"),
        },
    )


def check_ports(home: Home) -> None:
    """Raise ConfigError naming the variable where a service can't have its port: before anything is started."""
    if len(set(home.ports.values())) < len(home.ports):
        raise ConfigError(f"{' and '.join(PORT_VARIABLES.values())} must be two different ports.")
    alive = [name for name in names_of(home) if running(home, name) is not None]
    for name, port in home.ports.items():
        pid_file = PidFile(home.state_dir, name)
        before = remembered_port(home.state_dir, name)
        if alive and before not in {None, port}:
            # The others were told the old one when they were started.
            raise ConfigError(f"{PORT_VARIABLES[name]}: it was {before} when this was started; `make down` first.")
        if name not in alive and not wait_until(partial(is_free, port), ORPHANS_S if pid_file.path.exists() else 0.0):
            raise ConfigError(
                f"{PORT_VARIABLES[name]}: port {port} on 127.0.0.1 is taken by another program;"
                f" try `{PORT_VARIABLES[name]}={_another(port)} make up`."
            )


def start(home: Home, member: Member) -> bool:
    """Start a member where it does not run; True when it was started."""
    pid_file = PidFile(home.state_dir, member.name)
    if pid_file.read() is not None:
        return False
    process = spawn(
        [sys.executable, "-m", member.module],
        folder=project_root(),
        environment={**_passed_on(member), **member.environment, "PYTHONUNBUFFERED": "1"},
        log=home.log_dir / f"{member.name}.log",
    )
    pid_file.write(process)
    if member.port is not None:
        port_file(home.state_dir, member.name).write_text(f"{home.ports[member.port]}\n", encoding="utf-8")
    return True


_OURS_ALONE = frozenset(
    {
        "CASCADE_APPLICATION_ID",
        "CASCADE_BROKER_URL",
        "CASCADE_DISPATCHER_METRICS_PORT",
        "CASCADE_INGRESS_PORT_FILE",
        "CASCADE_INGRESS_TLS_CERT",
        "CASCADE_INGRESS_TLS_KEY",
        "CASCADE_INGRESS_URL",
        "CASCADE_PRIVATE_KEY_FILE",
    }
)
"""Variables of the command line's own, or that two processes on one host can't both have, or that are for an ingress
which others see: here all talk to each other on this machine, in plain HTTP."""


def _passed_on(member: Member) -> dict[str, str]:
    """Return the environment of a member: ours, without what is not meant for it or would beat what we set."""
    left_out = {*_OURS_ALONE, *(f"{name}_FILE" for name in (*_OURS_ALONE, *member.environment))}
    return {name: value for name, value in os.environ.items() if name not in left_out}


def _another(port: int) -> int:
    """Return a port to propose: free, and as easy to remember as may be."""
    return next((other for other in range(port + 1000, 65_536, 1000) if is_free(other)), None) or free_port()


def wait_until_ready(home: Home, member: Member, store: Store) -> None:
    """Return when a member does its work. Raises ConfigError with the end of its log where it does not come to that."""
    ends = time.monotonic() + READY_S
    check = _check_of(home, member, store)
    while not check():
        process = PidFile(home.state_dir, member.name).read()
        log = home.log_dir / f"{member.name}.log"
        if process is None:
            raise ConfigError(f"{member.name} ended while starting; the end of {shown(log)}:\n{_tail(log)}")
        if time.monotonic() >= ends:
            raise ConfigError(f"{member.name} was not ready in {READY_S:.0f} s; the end of {shown(log)}:\n{_tail(log)}")
        time.sleep(0.1)


def running(home: Home, name: str) -> Process | None:
    """Return a member's process while it runs."""
    return PidFile(home.state_dir, name).read()


def names_of(home: Home) -> list[str]:
    """Return the names of all members with a pid file, the broker left out, in the order of stopping."""
    found = sorted(path.stem for path in (home.state_dir / "run").glob("*.pid"))
    order = {"ingress": 0, "sandbox": 2}
    return sorted((name for name in found if name != "rabbitmq"), key=lambda name: order.get(name, 1))


def stop(home: Home, name: str) -> bool:
    """Stop a member in good order, by force when it takes too long; True when it ran."""
    pid_file = PidFile(home.state_dir, name)
    process = pid_file.read()
    if process is not None:
        process.stop(STOP_S, signal.SIGTERM)
    pid_file.remove()
    port_file(home.state_dir, name).unlink(missing_ok=True)
    return process is not None


def stop_all(home: Home) -> list[str]:
    """Stop all members but the broker; return the names of those that ran, in order.

    The ingress goes first, so nothing new comes; then the dispatchers drain, all at once; the sandbox goes last,
    for it answers their calls.
    """
    crew = names_of(home)
    # Looked up first: a dispatcher that drains faster than the one before it has ended when its turn comes.
    ran = {name: process for name in crew if (process := running(home, name)) is not None}
    dispatchers = [name for name in crew if name not in PORT_VARIABLES]
    for name in crew:
        if name in dispatchers[:1]:
            for each in dispatchers:
                if each in ran:
                    ran[each].send(signal.SIGTERM)
        stop(home, name)
    return list(ran)


def _check_of(home: Home, member: Member, store: Store) -> Callable[[], bool]:
    if member.port is not None:
        path = "readyz" if member.name == "ingress" else "healthz"
        return lambda: answers(f"{home.url(str(member.port))}/{path}")

    def beats() -> bool:
        process = running(home, member.name)
        return process is not None and any(
            row.name == member.name and row.pid == process.pid for row in store.dispatchers()
        )

    return beats


def _tail(log: Path, lines: int = 15) -> str:
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(no log)"
