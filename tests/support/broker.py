"""The broker of a test run, and a virtual host of its own for each test."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kombu import Connection

from deploy.debian import locked
from deploy.rabbitmq_node import Node, start_node
from shared.queue.probe import serves
from shared.queue.topology import EXCHANGES, QUEUES
from tests.support.session import session_dir

ROOT = Path(__file__).resolve().parents[2]
# One copy of what was unpacked serves `make up` and all test runs; nothing in it is written to.
UNPACKED_DIR = ROOT / ".state" / "debian"
EXTERNAL = "CASCADE_TEST_BROKER_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vhost:
    """A virtual host that is empty when a test gets it and gone afterwards."""

    name: str
    url: str
    """For the administrator, who may do everything in it."""
    node: Node | None
    """None where CASCADE_TEST_BROKER_URL names a broker that we do not control."""

    def url_of(self, user: str, password: str) -> str:
        if self.node is None:
            raise RuntimeError("users cannot be made on a broker that is not ours")
        return f"amqp://{user}:{password}@127.0.0.1:{self.node.amqp_port}/{self.name}"

    def ctl(self, command: str, *arguments: str) -> str:
        """Run a rabbitmqctl command that takes `--vhost` in this virtual host."""
        if self.node is None:
            raise RuntimeError("rabbitmqctl does not reach a broker that is not ours")
        return self.node.ctl(command, "--vhost", self.name, *arguments)


def start_broker(state_dir: Path) -> Node:
    """Start a node in `state_dir`, or return the one that another worker started there."""
    return start_node(state_dir, unpacked_dir=UNPACKED_DIR, probe=serves)


@contextmanager
def fresh_vhost(node: Node) -> Iterator[Vhost]:
    name = f"test-{secrets.token_hex(6)}"
    user = node.identity.user
    everything = 'Everything = <<".*">>'
    # One call for what would be two of half a second each.
    node.ctl(
        "eval",
        f'{everything}, Who = <<"tests">>, Name = <<"{name}">>, rabbit_vhost:add(Name, Who),'
        f' rabbit_auth_backend_internal:set_permissions(<<"{user}">>, Name, Everything, Everything, Everything, Who).',
    )
    try:
        yield Vhost(name=name, url=node.vhost_url(name), node=node)
    finally:
        if node.alive():
            node.ctl("delete_vhost", name)


@contextmanager
def external_vhost() -> Iterator[Vhost]:
    """The virtual host of CASCADE_TEST_BROKER_URL: one test at a time, swept of our names afterwards."""
    url = os.environ[EXTERNAL]
    with locked(session_dir() / "external-broker.lock"):
        yield Vhost(name=url.rpartition("/")[2], url=url, node=None)
        with Connection(url) as connection, connection.channel() as channel:
            for queue in QUEUES:
                channel.queue_delete(queue.name)
            for exchange in EXCHANGES:
                channel.exchange_delete(exchange.name)
