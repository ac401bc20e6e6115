"""A virtual host with the topology in it and the shipped users on it, and plain AMQP for looking at both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pika
import pytest

from shared.queue.apply import declare, grant
from shared.queue.envelope import WORKFLOW_V0_1, OutboundMessage
from shared.queue.topology import SENDS
from shared.queue.topology_users import CONSOLE, DISPATCHER, INGRESS, SERVICE_USERS, SETUP, User, publisher_user
from tests.support.broker import Vhost

PASSWORD = "secret-of-the-tests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """Where the services find their queues."""

    vhost: Vhost

    @property
    def admin(self) -> str:
        return self.vhost.url

    @property
    def ingress(self) -> str:
        return self.url_of(INGRESS)

    @property
    def dispatcher(self) -> str:
        return self.url_of(DISPATCHER)

    @property
    def console(self) -> str:
        return self.url_of(CONSOLE)

    @property
    def setup(self) -> str:
        return self.url_of(SETUP)

    def url_of(self, user: User) -> str:
        # On a broker that is not ours there are no users of ours: all is done as the one we were given.
        return self.vhost.url if self.vhost.node is None else self.vhost.url_of(user.name, PASSWORD)

    def add_publisher(self, name: str, *, tenant: str) -> str:
        """Make another system's user and return its URL."""
        if self.vhost.node is None:
            pytest.skip("needs a broker on which users can be made")
        user = publisher_user(name, tenant=tenant)
        grant(self.vhost.node.ctl, self.vhost.name, {name: PASSWORD}, [user])
        return self.url_of(user)


def apply_topology(vhost: Vhost) -> Queues:
    """Bring an empty virtual host to what `cascade topology apply` makes of it."""
    queues = Queues(vhost=vhost)
    if vhost.node is not None:
        grant(vhost.node.ctl, vhost.name, {user.name: PASSWORD for user in SERVICE_USERS})
    declare(queues.setup)
    return queues


def start_of(message_id: str, *, body: bytes = b"{}", **changed: Any) -> OutboundMessage:
    """Return a start as the ingress publishes it, with a made-up body."""
    given: dict[str, Any] = {
        "exchange": SENDS,
        "routing_key": WORKFLOW_V0_1,
        "type": WORKFLOW_V0_1,
        "message_id": message_id,
        "body": body,
    }
    return OutboundMessage(**(given | changed))


@contextmanager
def plain_channel(url: str) -> Iterator[Any]:
    """A pika channel with none of our code around it."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        yield connection.channel()
    finally:
        if connection.is_open:
            connection.close()


def read_all(url: str, queue: str) -> list[tuple[Any, Any, bytes]]:
    """Take everything that is ready in a queue: (method, properties, body) of each."""
    taken = []
    with plain_channel(url) as channel:
        while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
            taken.append(got)
    return taken


def ready(url: str, queue: str) -> int:
    """Count the ready messages of a queue."""
    with plain_channel(url) as channel:
        count: int = channel.queue_declare(queue, passive=True).method.message_count
        return count


def set_policy(vhost: Vhost, name: str, pattern: str, definition: Mapping[str, object], *, priority: int = 50) -> None:
    """Put a policy above ours."""
    words = ("--priority", str(priority), "--apply-to", "queues", name, pattern, json.dumps(definition))
    vhost.ctl("set_policy", *words)
