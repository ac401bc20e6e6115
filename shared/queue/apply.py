"""Bring a broker to the topology, and tell where it differs.

Exchanges, queues and bindings are declared over AMQP, by a user that may: declaring is idempotent, and where something
is there with other arguments the broker says so. Policies, users and rights go through rabbitmqctl in one definitions
file: one call of half a second instead of twenty, and no password on a command line.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import tempfile
from base64 import b64encode
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Protocol

from shared.errors import ConfigError, Unroutable
from shared.queue.definitions import policy_definition, user_definitions
from shared.queue.link import Conflict, Link
from shared.queue.topology import BINDINGS, EXCHANGES, POLICIES, QUEUES
from shared.queue.topology_users import SERVICE_USERS, User

_DEADLINE_S = 30.0
_JSON = "--formatter=json"


class Ctl(Protocol):
    """Runs rabbitmqctl with `--quiet` on the broker's node and returns what it prints."""

    def __call__(self, *arguments: str) -> str: ...


def make_vhost(ctl: Ctl, vhost: str) -> None:
    """Make the virtual host where it is missing."""
    if vhost not in ctl("list_vhosts", "name").split("\n"):
        ctl("add_vhost", vhost)


def grant(ctl: Ctl, vhost: str, passwords: Mapping[str, str], users: Iterable[User] = SERVICE_USERS) -> None:
    """Set policies, users and rights. A user without an entry in `passwords` must exist, and keeps its password."""
    sections: dict[str, list[dict[str, object]]] = {"vhosts": [{"name": vhost}]}
    sections["policies"] = [policy_definition(policy, vhost) for policy in POLICIES]
    for user in users:
        password = passwords.get(user.name)
        password_hash = None if password is None else hash_password(password, secrets.token_bytes(4))
        for section, entries in user_definitions(user, vhost, password_hash=password_hash).items():
            sections.setdefault(section, []).extend(entries)
    with tempfile.NamedTemporaryFile("w", prefix="cascade-", suffix=".json", encoding="utf-8") as file:
        json.dump(sections, file)  # readable by us only, and gone at the end of this block
        file.flush()
        ctl("import_definitions", file.name)


def declare(url: str) -> None:
    """Make every exchange, queue and binding. `url` is of a user with the right to.

    Raises ConfigError where something exists with other arguments, BrokerUnavailable where the broker is away.
    """
    ends = monotonic() + _DEADLINE_S
    link = Link(url, ends=ends, name="cascade topology")
    try:
        for exchange in EXCHANGES:
            link.declare_exchange(exchange.name, exchange.kind, ends=ends)
        for queue in QUEUES:
            link.declare_queue(queue.name, queue.arguments, ends=ends)
        for binding in BINDINGS:
            link.bind(binding.queue, binding.exchange, binding.routing_key, ends=ends)
    except Conflict as error:
        raise ConfigError(
            f"The broker has something under this name that is made differently: {error}."
            " Move its messages, delete it, and apply again."
        ) from error
    link.close()


def check(url: str, ctl: Ctl | None = None, *, vhost: str = "") -> list[str]:
    """Return how the broker differs from the topology, a sentence each; none = it is as it should be.

    Over AMQP: exchanges, queues, their kinds and arguments. Only with `ctl`: bindings and policies in force.
    Creates nothing. Raises BrokerUnavailable where the broker is away.
    """
    found = [
        *(difference for exchange in EXCHANGES if (difference := _differs(url, exchange.name, exchange.kind))),
        *(difference for queue in QUEUES if (difference := _differs(url, queue.name, queue.arguments))),
    ]
    return found if ctl is None else [*found, *_unbound(ctl, vhost), *_without_policy(ctl, vhost)]


def hash_password(password: str, salt: bytes) -> str:
    """Return a password as RabbitMQ keeps it; `salt` is 4 random bytes."""
    return b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _differs(url: str, name: str, made_as: str | Mapping[str, object]) -> str | None:
    ends = monotonic() + _DEADLINE_S
    link = Link(url, ends=ends, name="cascade topology")
    kind = "exchange" if isinstance(made_as, str) else "queue"
    try:
        # First passively, so that nothing is made; then as we would make it, and the broker compares.
        if isinstance(made_as, str):
            link.ask_for_exchange(name, ends=ends)
            link.declare_exchange(name, made_as, ends=ends)
        else:
            link.depth(name, ends=ends)
            link.declare_queue(name, made_as, ends=ends)
    except Unroutable:
        return f"{kind} {name} is missing"
    except Conflict as error:
        return f"{kind} {name} is made differently: {error}"
    link.close()
    return None


def _unbound(ctl: Ctl, vhost: str) -> list[str]:
    rows = _rows(ctl("list_bindings", "-p", vhost, "source_name", "destination_name", "routing_key", _JSON))
    bound = {(row["source_name"], row["destination_name"], row["routing_key"]) for row in rows}
    ours = {(binding.exchange, binding.queue, binding.routing_key) for binding in BINDINGS}
    names = {queue.name for queue in QUEUES}
    return [
        *(
            f"queue {queue} is not bound to {exchange} with key {key!r}"
            for exchange, queue, key in sorted(ours - bound)
        ),
        *(
            f"queue {queue} is bound to {exchange} with key {key!r}, which is not ours"
            for exchange, queue, key in sorted(bound - ours)
            if exchange and queue in names
        ),
    ]


def _without_policy(ctl: Ctl, vhost: str) -> list[str]:
    """A queue obeys one policy only: another one of higher priority replaces ours."""
    names = {queue.name for queue in QUEUES}
    rows = _rows(ctl("list_queues", "-p", vhost, "name", "policy", _JSON))
    expected = {policy.name for policy in POLICIES}
    return [
        f"queue {row['name']} obeys policy {row.get('policy') or 'none'!r} instead of ours"
        for row in rows
        if row["name"] in names and row.get("policy") not in expected
    ]


def _rows(printed: str) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(printed or "[]")
    return rows
