"""`cascade app`: the applications of those who call us; their public keys verify tokens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import click

from deploy.private_file import write_private
from services.cli.credentials import new_key_pair
from services.cli.home import Home
from services.cli.names import TENANT
from services.cli.store import existing_store
from shared.errors import ConfigError, NotStored
from shared.store.directory import Application, Tenant


@click.group()
def app() -> None:
    """Make an application with its key pair, list them, revoke one."""


@app.command()
@click.option(
    "--tenant", type=TENANT, required=True, help="Whose application it is; made where there is none of that name."
)
@click.option("--status-url", help="Where status webhooks and final reports go.")
@click.option("--inbound-url", help="Where inbound messages go.")
@click.option(
    "--webhook-version",
    type=click.Choice(["v1", "v0.1"]),
    help="The form of webhooks that it reads; else statuses as its requests, inbound messages as the provider's.",
)
@click.option("--key-file", type=click.Path(path_type=Path), help="Where its private key is written; else APP_ID.key.")
def create(
    tenant: str, status_url: str | None, inbound_url: str | None, webhook_version: str | None, key_file: Path | None
) -> None:
    """Make an application; its private key is written once and not kept by us."""
    pair = new_key_pair()
    application_id = str(uuid4())
    path = key_file or Path(f"{application_id}.key")
    if path.exists():
        raise ConfigError(f"--key-file: {path} is there already; a private key is never written over")
    with existing_store(Home.from_environment()) as store:
        if tenant not in store.directory().tenants:
            store.change_directory(Tenant(name=tenant))
        write_private(path, pair.private)
        store.change_directory(
            Application(
                application_id=application_id,
                tenant=tenant,
                public_key=pair.public,
                status_url=status_url,
                inbound_url=inbound_url,
                webhook_version=webhook_version,
            )
        )
    click.echo(f"application_id  {application_id}\nprivate key     {path}")


@app.command(name="list")
def list_applications() -> None:
    """List applications."""
    with existing_store(Home.from_environment()) as store:
        directory = store.directory()
    for record in directory.applications.values():
        state = "revoked" if record.revoked else (record.status_url or "no status url")
        click.echo(f"{record.application_id}  {record.tenant:<16} {state}")


@app.command()
@click.argument("application_id")
def revoke(application_id: str) -> None:
    """Refuse an application's tokens from now on (within the 30 s of the ingress's cache)."""
    with existing_store(Home.from_environment()) as store:
        record = store.directory().applications.get(application_id)
        if record is None:
            raise NotStored(f"there is no application {application_id}")
        store.change_directory(replace(record, revoked=True))
    click.echo(f"{application_id} is revoked")
