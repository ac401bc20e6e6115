"""Bring up a home's broker: the private node or the one that is named, its topology, and a user for each service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from deploy.rabbitmq_node import find_node, start_node, stop_node
from deploy.rabbitmq_software import NodeError, is_there
from services.cli.home import Home, given
from shared.errors import ConfigError
from shared.queue.address import nodes, user_of, vhost_of
from shared.queue.apply import Ctl, declare, grant, make_vhost
from shared.queue.probe import serves
from shared.queue.topology import DEFAULT_VHOST
from shared.queue.topology_users import CONSOLE, DISPATCHER, INGRESS, SERVICE_USERS, SETUP

BROKER_VARIABLE = "CASCADE_BROKER_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerUrls:
    """How each service reaches the broker; secrets stay out of the repr of whoever holds it."""

    ingress: str
    dispatcher: str
    console: str
    setup: str
    private_pid: int | None
    """Pid of the private node; None where the broker is somebody else's."""

    @property
    def ingress_user(self) -> str:
        """Whom the dispatchers believe what they say of tenant and workflow id."""
        return user_of(self.ingress)

    @property
    def vhost(self) -> str:
        """The virtual host, as the broker spells it."""
        return vhost_of(self.setup)

    @property
    def port(self) -> int:
        """Where the broker listens."""
        return urlsplit(self.setup).port or 5672

    def __repr__(self) -> str:
        """Name the host only."""
        return f"BrokerUrls({urlsplit(self.setup).hostname}:{urlsplit(self.setup).port})"


def must_fetch(home: Home) -> bool:
    """Tell whether starting the broker begins with a download."""
    return not given(BROKER_VARIABLE) and not is_there(home.unpacked_dir or home.state_dir / "debian")


def start_broker(home: Home) -> BrokerUrls:
    """Start or find the home's broker and bring it to the topology. Raises ConfigError with what would mend it."""
    if named := given(BROKER_VARIABLE):
        urls = _named(named)
        declare(urls.setup)
        return urls
    with _told_plainly():
        node = start_node(home.state_dir, unpacked_dir=home.unpacked_dir, probe=serves)
        make_vhost(node.ctl, DEFAULT_VHOST)
        passwords = home.passwords(tuple(user.name for user in SERVICE_USERS))
        grant(node.ctl, DEFAULT_VHOST, passwords)
    urls = _of_node(node.amqp_port, passwords, node.pid)
    declare(urls.setup)
    return urls


def find_broker(home: Home) -> BrokerUrls:
    """Return the URLs of a broker that runs. Raises ConfigError where none does."""
    if named := given(BROKER_VARIABLE):
        return _named(named)
    with _told_plainly():
        node = find_node(home.state_dir, unpacked_dir=home.unpacked_dir)
    if node is None:
        raise ConfigError(f"No broker runs here: run `make up`, or set {BROKER_VARIABLE}.")
    return _of_node(node.amqp_port, home.passwords(tuple(user.name for user in SERVICE_USERS)), node.pid)


def private_ctl(home: Home) -> Ctl | None:
    """Return rabbitmqctl of the private node; None where the broker is somebody else's, or none runs."""
    if given(BROKER_VARIABLE):
        return None
    with _told_plainly():
        node = find_node(home.state_dir, unpacked_dir=home.unpacked_dir)
    return node.ctl if node is not None else None


def stop_broker(home: Home) -> bool:
    """Stop the private node; True when one ran. A broker that is somebody else's is left alone."""
    return stop_node(home.state_dir)


@contextmanager
def _told_plainly() -> Iterator[None]:
    try:
        yield
    except NodeError as error:
        raise ConfigError(str(error)) from error


def _named(url: str) -> BrokerUrls:
    """Return somebody else's broker: every service signs in as the one user of its URL.

    That user's rights must do for all of them; users, rights and policies are its operator's.
    """
    try:
        first = nodes(url)[0]
    except ConfigError as error:
        raise ConfigError(f"{BROKER_VARIABLE}: {error}") from error
    return BrokerUrls(ingress=url, dispatcher=url, console=url, setup=first, private_pid=None)


def _of_node(port: int, passwords: Mapping[str, str], pid: int) -> BrokerUrls:
    def url(user: str) -> str:
        return f"amqp://{user}:{quote(passwords[user], safe='')}@127.0.0.1:{port}/{DEFAULT_VHOST}"

    return BrokerUrls(
        ingress=url(INGRESS.name),
        dispatcher=url(DISPATCHER.name),
        console=url(CONSOLE.name),
        setup=url(SETUP.name),
        private_pid=pid,
    )
