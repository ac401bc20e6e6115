"""`cascade key`: api keys for Basic, and the secrets that sign what we send to callers."""

from __future__ import annotations

from dataclasses import replace

import click

from services.cli.credentials import hash_secret, new_api_key, new_secret
from services.cli.home import Home
from services.cli.names import TENANT
from services.cli.store import existing_store
from shared.errors import NotStored
from shared.store.directory import ApiKey, Tenant

LIVE_SECRETS = 2


@click.group()
def key() -> None:
    """Make an api key, rotate its secret, list, revoke."""


@key.command()
@click.option("--tenant", type=TENANT, required=True, help="Whose key it is; made where there is none of that name.")
def create(tenant: str) -> None:
    """Make a key; its secrets are shown once."""
    api_key, api_secret, signature_secret = new_api_key(), new_secret(), new_secret()
    record = ApiKey(
        api_key=api_key,
        tenant=tenant,
        secret_hashes=(hash_secret(api_secret),),
        signature_secret=signature_secret,
    )
    with existing_store(Home.from_environment()) as store:
        if tenant not in store.directory().tenants:
            store.change_directory(Tenant(name=tenant))
        store.change_directory(record)
    click.echo(f"api_key           {api_key}\napi_secret        {api_secret}\nsignature_secret  {signature_secret}")


@key.command()
@click.argument("api_key")
def rotate(api_key: str) -> None:
    """Give a key a new secret; the one before stays good beside it, older ones end."""
    api_secret = new_secret()
    with existing_store(Home.from_environment()) as store:
        record = store.directory().keys.get(api_key)
        if record is None:
            raise NotStored(f"there is no api key {api_key}")
        hashes = (hash_secret(api_secret), *record.secret_hashes)[:LIVE_SECRETS]
        store.change_directory(replace(record, secret_hashes=hashes))
    click.echo(f"api_secret  {api_secret}")


@key.command()
@click.argument("api_key")
def revoke(api_key: str) -> None:
    """Refuse a key from now on (within the 30 s of the ingress's cache)."""
    with existing_store(Home.from_environment()) as store:
        record = store.directory().keys.get(api_key)
        if record is None:
            raise NotStored(f"there is no api key {api_key}")
        store.change_directory(replace(record, revoked=True))
    click.echo(f"{api_key} is revoked")


@key.command(name="list")
def list_keys() -> None:
    """List keys, without their secrets."""
    with existing_store(Home.from_environment()) as store:
        directory = store.directory()
    for record in directory.keys.values():
        state = "revoked" if record.revoked else f"{len(record.secret_hashes)} live secret(s)"
        click.echo(f"{record.api_key}  {record.tenant:<16} {state}")
