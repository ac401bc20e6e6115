"""`cascade key`: api keys for Basic, and the secrets that sign what we send to callers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from services.cli.credentials import hash_secret, new_api_key, new_secret
from services.cli.home import Home
from services.cli.names import API_KEY, TENANT, secret_in
from services.cli.store import existing_store
from shared.errors import ConfigError, NotStored
from shared.store.directory import ApiKey, Tenant
from shared.store.port import Store

LIVE_SECRETS = 2
SHORTEST_SECRET = 8
SHORTEST_SIGNATURE_SECRET = 16
"""Characters; what is signed with less can be forged by guessing."""
_SECRET_FILE = click.Path(path_type=Path)


@click.group()
def key() -> None:
    """Make an api key, rotate its secrets, list, revoke."""


@key.command()
@click.option("--tenant", type=TENANT, required=True, help="Whose key it is; made where there is none of that name.")
@click.option("--api-key", type=API_KEY, help="A key that there is already, at the provider say; else one is drawn.")
@click.option("--api-secret-file", type=_SECRET_FILE, help="Its secret; else one is drawn.")
@click.option("--signature-secret-file", type=_SECRET_FILE, help="What signs our webhooks; else a secret is drawn.")
def create(tenant: str, api_key: str | None, api_secret_file: Path | None, signature_secret_file: Path | None) -> None:
    """Make a key; secrets that were drawn are shown once.

    Whoever comes from the provider keeps all three: --api-key KEY --api-secret-file FILE --signature-secret-file FILE.
    """
    given = {
        "api_key": api_key,
        "api_secret": _secret(api_secret_file, "--api-secret-file", SHORTEST_SECRET),
        "signature_secret": _secret(signature_secret_file, "--signature-secret-file", SHORTEST_SIGNATURE_SECRET),
    }
    drawn = {"api_key": new_api_key(), "api_secret": new_secret(), "signature_secret": new_secret()}
    chosen = {name: given[name] or word for name, word in drawn.items()}
    record = ApiKey(
        api_key=chosen["api_key"],
        tenant=tenant,
        secret_hashes=(hash_secret(chosen["api_secret"]),),
        signature_secret=chosen["signature_secret"],
    )
    with existing_store(Home.from_environment()) as store:
        directory = store.directory()
        if record.api_key in directory.keys:
            raise ConfigError(f"--api-key: {record.api_key} is there already; `cascade key rotate` gives it a secret")
        if tenant not in directory.tenants:
            store.change_directory(Tenant(name=tenant))
        store.change_directory(record)
    shown = [name for name in drawn if name == "api_key" or given[name] is None]
    click.echo("\n".join(f"{name:<17} {chosen[name]}" for name in shown))


@key.command()
@click.argument("api_key")
@click.option("--now", is_flag=True, help="End the secret before at once, as after a leak.")
@click.option("--signature", is_flag=True, help="Change the secret that signs webhooks instead.")
def rotate(api_key: str, now: bool, signature: bool) -> None:
    """Give a key a new secret; the one before stays good beside it, older ones end.

    With --signature it is the secret of our webhooks: what is sent from then on, within seconds, is signed by the new
    one alone.
    """
    if now and signature:
        raise click.UsageError("--now is for the api secret: of signature secrets there is one at a time anyway")
    secret = new_secret()
    with existing_store(Home.from_environment()) as store:
        record = _found(store, api_key)
        if signature:
            record = replace(record, signature_secret=secret)
        else:
            before = () if now else record.secret_hashes
            record = replace(record, secret_hashes=(hash_secret(secret), *before)[:LIVE_SECRETS])
        store.change_directory(record)
    click.echo(f"{'signature_secret' if signature else 'api_secret'}  {secret}")


@key.command()
@click.argument("api_key")
def revoke(api_key: str) -> None:
    """Refuse a key from now on (within the 30 s of the ingress's cache).

    It signs no webhooks any more either: the tenant's oldest live key does. What it sent before goes on.
    """
    with existing_store(Home.from_environment()) as store:
        record = replace(_found(store, api_key), revoked=True)
        store.change_directory(record)
        alone = store.directory().signing_key(record.tenant) is None
    click.echo(f"{api_key} is revoked")
    if alone:
        click.echo(
            f"tenant {record.tenant} has no live key left: its webhooks wait for one, for 24 h"
            f" (cascade key create --tenant {record.tenant})"
        )


@key.command(name="list")
@click.option("--tenant", type=TENANT, help="Only this tenant's.")
def list_keys(tenant: str | None) -> None:
    """List keys, without their secrets."""
    with existing_store(Home.from_environment()) as store:
        directory = store.directory()
    for record in directory.keys.values():
        if tenant in (None, record.tenant):
            state = "revoked" if record.revoked else f"{len(record.secret_hashes)} live secret(s)"
            click.echo(f"{record.api_key}  {record.tenant:<16} {state}")


def _found(store: Store, api_key: str) -> ApiKey:
    record = store.directory().keys.get(api_key)
    if record is None:
        raise NotStored(f"there is no api key {api_key}; `cascade key list` tells which there are")
    return record


def _secret(path: Path | None, option: str, least: int) -> str | None:
    if path is None:
        return None
    secret = secret_in(path, option)
    if len(secret) < least:
        raise ConfigError(f"{option}: the secret in {path} must have at least {least} characters")
    return secret
