"""The topology in RabbitMQ's own words: a definitions file, and the rabbitmqctl commands for an operator. Pure text.

Users and their rights are in neither file: importing them would set passwords. `apply` gives them, or the commands.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable

from shared.queue.topology import BINDINGS, DEFAULT_VHOST, EXCHANGES, POLICIES, QUEUES, Policy
from shared.queue.topology_users import SERVICE_USERS, User


def definitions(vhost: str) -> dict[str, object]:
    """Return what `rabbitmqctl import_definitions` reads: all of the topology but users."""
    return {
        "vhosts": [{"name": vhost}],
        "exchanges": [
            {
                "name": exchange.name,
                "vhost": vhost,
                "type": exchange.kind,
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": {},
            }
            for exchange in EXCHANGES
        ],
        "queues": [
            {
                "name": queue.name,
                "vhost": vhost,
                "durable": True,
                "auto_delete": False,
                "arguments": dict(queue.arguments),
            }
            for queue in QUEUES
        ],
        "bindings": [
            {
                "source": binding.exchange,
                "vhost": vhost,
                "destination": binding.queue,
                "destination_type": "queue",
                "routing_key": binding.routing_key,
                "arguments": {},
            }
            for binding in BINDINGS
        ],
        "policies": [policy_definition(policy, vhost) for policy in POLICIES],
    }


def definitions_file(vhost: str = DEFAULT_VHOST) -> str:
    """Return `deploy/rabbitmq/definitions.json`."""
    return json.dumps(definitions(vhost), indent=2) + "\n"


def commands_file(vhost: str = DEFAULT_VHOST) -> str:
    """Return `deploy/rabbitmq/setup.sh`."""
    return "\n".join(
        (
            "#!/bin/sh",
            "# Virtual host, policies, users and rights of Cascade, for a broker that its operators look after.",
            "# Each add_user asks for a password. Afterwards: cascade topology apply, with the URL of cascade-setup.",
            "set -eu",
            *commands(vhost),
            "",
        )
    )


def policy_definition(policy: Policy, vhost: str) -> dict[str, object]:
    """Return one policy as a definitions file holds it."""
    return {
        "vhost": vhost,
        "name": policy.name,
        "pattern": policy.pattern,
        "apply-to": policy.apply_to,
        "definition": dict(policy.definition),
        "priority": policy.priority,
    }


def user_definitions(user: User, vhost: str, *, password_hash: str | None) -> dict[str, list[dict[str, object]]]:
    """Return one user with its rights, as sections of a definitions file. Without a hash the password stays."""
    sections: dict[str, list[dict[str, object]]] = {
        "permissions": [
            {"user": user.name, "vhost": vhost, "configure": user.configure, "write": user.write, "read": user.read}
        ],
        "topic_permissions": [
            {"user": user.name, "vhost": vhost, "exchange": each.exchange, "write": each.write, "read": each.read}
            for each in user.topics
        ],
        "policies": [policy_definition(user.policy, vhost)] if user.policy else [],
    }
    if password_hash is not None:
        sections["users"] = [
            {
                "name": user.name,
                "password_hash": password_hash,
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": "",
                "limits": user_limits(user),
            }
        ]
    return sections


def user_limits(user: User) -> dict[str, int]:
    """Return the limits of a user by the broker's names; those it has none of are absent."""
    limits = {"max-connections": user.maximum_connections, "max-channels": user.maximum_channels}
    return {name: value for name, value in limits.items() if value is not None}


def commands(vhost: str, users: Iterable[User] = SERVICE_USERS) -> list[str]:
    """Return the rabbitmqctl commands that make virtual host, policies, users and rights; declares are not among them.

    `add_user` without a password asks for one, so none is in anybody's history.
    """
    users = tuple(users)
    lines = [_line("add_vhost", vhost)]
    lines.extend(_policy_line(policy, vhost) for policy in POLICIES)
    for user in users:
        lines.append(_line("add_user", user.name))
        lines.append(_line("set_permissions", "-p", vhost, user.name, user.configure, user.write, user.read))
        lines.extend(
            _line("set_topic_permissions", "-p", vhost, user.name, each.exchange, each.write, each.read)
            for each in user.topics
        )
        if limits := user_limits(user):
            lines.append(_line("set_user_limits", user.name, json.dumps(limits)))
        if user.policy:
            lines.append(_policy_line(user.policy, vhost))
    return lines


def _policy_line(policy: Policy, vhost: str) -> str:
    definition = json.dumps(dict(policy.definition))
    options = ("-p", vhost, "--priority", str(policy.priority), "--apply-to", policy.apply_to)
    return _line("set_policy", *options, policy.name, policy.pattern, definition)


def _line(*words: str) -> str:
    return shlex.join(("rabbitmqctl", *words))
