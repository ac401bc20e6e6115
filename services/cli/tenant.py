"""`cascade tenant`: where those are told who call by Basic or over the queue, and so have no application."""

from __future__ import annotations

from dataclasses import replace

import click

from services.cli.home import Home
from services.cli.names import TENANT, WEB_ADDRESS
from services.cli.store import existing_store
from shared.store.directory import Tenant


@click.group()
def tenant() -> None:
    """Say where a tenant is told, or list tenants."""


@tenant.command(name="set")
@click.argument("name", type=TENANT)
@click.option(
    "--status-url",
    type=WEB_ADDRESS,
    help="Where status webhooks and final reports go that no application or message names.",
)
@click.option("--inbound-url", type=WEB_ADDRESS, help="Where inbound messages go that no application names.")
def set_tenant(name: str, status_url: str | None, inbound_url: str | None) -> None:
    """Make a tenant, or change where it is told; an empty URL takes one away."""
    with existing_store(Home.from_environment()) as store:
        record = store.directory().tenants.get(name) or Tenant(name=name)
        if status_url is not None:
            record = replace(record, status_url=status_url or None)
        if inbound_url is not None:
            record = replace(record, inbound_url=inbound_url or None)
        store.change_directory(record)
    click.echo(f"{name}: status {record.status_url or 'nowhere'}, inbound {record.inbound_url or 'nowhere'}")


@tenant.command(name="list")
def list_tenants() -> None:
    """List tenants."""
    with existing_store(Home.from_environment()) as store:
        directory = store.directory()
    for record in directory.tenants.values():
        click.echo(f"{record.name:<16} status {record.status_url or '-'}  inbound {record.inbound_url or '-'}")
