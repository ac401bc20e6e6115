"""`cascade publisher`: broker users of other systems that publish to the queue."""

from __future__ import annotations

import secrets

import click

from services.cli.broker import find_broker, private_ctl
from services.cli.home import Home
from services.cli.names import TENANT
from services.cli.store import existing_store
from shared.queue.apply import grant
from shared.queue.definitions import commands
from shared.queue.topology import DEFAULT_VHOST
from shared.queue.topology_users import publisher_user
from shared.store.directory import Publisher, Tenant


@click.group()
def publisher() -> None:
    """Add a broker user for another system, or list them."""


@publisher.command()
@click.argument("user")
@click.option("--tenant", type=TENANT, required=True, help="For whom it speaks; made where there is none of that name.")
def add(user: str, tenant: str) -> None:
    """Add broker user USER: it may publish to cascade.sends and use queues USER.*, nothing else.

    On a broker that is not ours the commands for its operator are printed instead.
    """
    home = Home.from_environment()
    urls = find_broker(home)
    password = add_publisher(home, user, tenant)
    if password is None:
        click.echo("\n".join(commands(urls.vhost, (publisher_user(user, tenant=tenant),))))
        return
    click.echo(f"url  amqp://{user}:{password}@127.0.0.1:{urls.port}/{urls.vhost}")


def add_publisher(home: Home, user: str, tenant: str) -> str | None:
    """Add a publisher to store and broker; return its password, None where the broker is somebody else's."""
    rights = publisher_user(user, tenant=tenant)
    ctl = private_ctl(home)
    password = secrets.token_urlsafe(24)
    if ctl is not None:
        grant(ctl, DEFAULT_VHOST, {rights.name: password}, (rights,))
    with existing_store(home) as store:
        if tenant not in store.directory().tenants:
            store.change_directory(Tenant(name=tenant))
        store.change_directory(Publisher(user=rights.name, tenant=tenant))
    return password if ctl is not None else None


@publisher.command(name="list")
def list_publishers() -> None:
    """List publishers."""
    with existing_store(Home.from_environment()) as store:
        directory = store.directory()
    for record in directory.publishers.values():
        click.echo(f"{record.user:<24} {record.tenant}")
