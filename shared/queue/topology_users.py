"""Who may do what on the broker, as data: every user has the least it needs (architecture 5).

RabbitMQ asks three rights by name of queue or exchange: configure (make, delete), write (publish to; bind from) and
read (consume; bind to). Topic permissions narrow them by routing key. The default exchange is named `amq.default`;
nobody but the one who applies the topology has a right on it, so nobody can reach a queue past its exchange.
A passive declare (queue depth) needs none of the three.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.errors import ConfigError
from shared.queue.topology import ANSWERS, EVENTS, Policy

NOTHING = "^$"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_TENANT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TAKEN = ("cascade", "amq", "guest")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicPermission:
    """Routing keys of one topic exchange that a user may publish with (write) and bind (read)."""

    exchange: str
    write: str
    read: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A broker user and its rights, as regular expressions over names."""

    name: str
    configure: str = NOTHING
    write: str = NOTHING
    read: str = NOTHING
    topics: tuple[TopicPermission, ...] = ()
    policy: Policy | None = None
    """For the queues that the user makes itself."""
    maximum_connections: int | None = None
    maximum_channels: int | None = None


INGRESS = User(name="cascade-ingress", write=r"^cascade\.(sends|commands|receipts)$")
"""Publishes; it can't read anything, not even what it published."""

DISPATCHER = User(
    name="cascade-dispatcher",
    write=r"^cascade\.(steps|events|answers|dead)$",
    read=r"^cascade\.(intake|commands|receipts|inbound|dead|(send|next)\..+)$",
)

CONSOLE = User(name="cascade-console", write=r"^cascade\.commands$")
"""Console and command line: they ask, the dispatcher does."""

SETUP = User(
    name="cascade-setup",
    configure=r"^cascade\..+$",
    write=r"^(cascade\..+|amq\.default)$",
    read=r"^cascade\..+$",
)
"""Applies and checks the topology, and probes; no service runs as it."""

SERVICE_USERS = (INGRESS, DISPATCHER, CONSOLE, SETUP)


def publisher_user(name: str, *, tenant: str) -> User:
    """Return the user of another system that publishes for a tenant.

    It publishes to `cascade.sends` only, makes and consumes queues `<name>.*` only, and binds to them only its
    tenant's events and its own answers. Raises ConfigError where a name could reach beyond itself.
    """
    if not _NAME.fullmatch(name) or name.startswith(_TAKEN):
        raise ConfigError(
            f"publisher {name!r}: 1 to 32 of a-z, 0-9, - and _, beginning with a letter or digit, "
            f"and not with {', '.join(_TAKEN)}"
        )
    if not _TENANT.fullmatch(tenant):
        raise ConfigError(f"tenant {tenant!r}: 1 to 64 letters, digits, - and _: it is one word of a routing key")
    own = rf"{re.escape(name)}\..+"
    return User(
        name=name,
        configure=f"^{own}$",
        write=rf"^(cascade\.sends|{own})$",
        read=rf"^(cascade\.(events|answers)|{own})$",
        topics=(
            TopicPermission(exchange=EVENTS, write=NOTHING, read=rf"^{re.escape(tenant)}\."),
            TopicPermission(exchange=ANSWERS, write=NOTHING, read=rf"^{re.escape(name)}\."),
        ),
        policy=Policy(
            name=f"publisher-{name}",
            pattern=f"^{own}$",
            # Nobody may be reading: the oldest go, before the broker's disk is full and stops everybody.
            definition={"max-length": 1_000_000, "overflow": "drop-head"},
        ),
        maximum_connections=100,
        maximum_channels=1_000,
    )
