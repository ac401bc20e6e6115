"""`cascade account`: accounts at the provider, and which tenant, channel and sender uses which."""

from __future__ import annotations

import re
from pathlib import Path

import click

from services.cli.credentials import LEAST_KEY_BITS
from services.cli.home import Home
from services.cli.names import TENANT, secret_in
from services.cli.store import existing_store
from shared.channels import QUEUED_CHANNELS
from shared.errors import ConfigError
from shared.store.directory import Account, Route

HOST = "https://api.nexmo.com"


@click.group()
def account() -> None:
    """Add an account at the provider, route messages to it, list them."""


@account.command()
@click.argument("name", default="default")
@click.option("--host", default=HOST, show_default=True, help="Base address of the provider's API.")
@click.option("--generation", type=click.Choice(["v1", "v0.1"]), default="v1", show_default=True)
@click.option("--api-key", required=True, help="The account's api key: it also names who signs webhooks.")
@click.option("--application", metavar="ID", help="Application id; with --key calls carry a JWT.")
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE", help="The application's private key in PEM.")
@click.option("--api-secret-file", type=click.Path(path_type=Path), help="Without an application: secret for Basic.")
@click.option(
    "--signature-secret-file",
    "secret_files",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="Signature secret of webhooks; give it twice during a rotation, the newest first.",
)
def add(
    name: str,
    host: str,
    generation: str,
    api_key: str,
    application: str | None,
    key: Path | None,
    api_secret_file: Path | None,
    secret_files: tuple[Path, ...],
) -> None:
    """Add or replace an account; NAME `default` serves every message that no route sends elsewhere."""
    if (application is None) != (key is None):
        raise click.UsageError("--application and --key go together")
    if application is None and api_secret_file is None:
        raise click.UsageError("give --application and --key (JWT), or --api-secret-file (Basic)")
    _check_host(host)
    record = Account(
        name=name,
        base_url=host.rstrip("/"),
        generation=generation,
        api_key=api_key,
        application_id=application,
        private_key=_private_key(key) if key else None,
        api_secret=secret_in(api_secret_file, "--api-secret-file") if api_secret_file else None,
        signature_secrets=tuple(secret_in(path, "--signature-secret-file") for path in secret_files),
    )
    with existing_store(Home.from_environment()) as store:
        store.change_directory(record)
    click.echo(f"account {name}: {record.base_url}, {'JWT' if key else 'Basic'}; dispatchers use it within seconds")


@account.command()
@click.argument("name")
@click.option("--tenant", type=TENANT, help="Only this tenant's messages.")
@click.option("--channel", type=click.Choice(QUEUED_CHANNELS), help="Only on this channel.")
@click.option("--sender", help="Only with this sender.")
def route(name: str, tenant: str | None, channel: str | None, sender: str | None) -> None:
    """Send some messages through account NAME; the most specific route wins."""
    with existing_store(Home.from_environment()) as store:
        store.change_directory(Route(account=name, tenant=tenant, channel=channel, sender=sender))
    click.echo(f"{_matched(tenant, channel, sender)} goes through {name}; dispatchers know within seconds")


@account.command(name="list")
def list_accounts() -> None:
    """List accounts, without their secrets, and the routes to them."""
    with existing_store(Home.from_environment()) as store:
        directory = store.directory()
    for record in directory.accounts.values():
        how = f"JWT of {record.application_id}" if record.private_key else "Basic"
        click.echo(f"{record.name:<16} {record.base_url:<32} {record.generation}  {record.api_key}  {how}")
    for each in directory.routes:
        click.echo(f"{_matched(each.tenant, each.channel, each.sender)} goes through {each.account}")
    if not directory.accounts:
        click.echo("there is none: cascade account add")


def _matched(tenant: str | None, channel: str | None, sender: str | None) -> str:
    """Return what a route matches, in words."""
    parts = (("tenant", tenant), ("channel", channel), ("sender", sender))
    return ", ".join(f"{label} {value}" for label, value in parts if value) or "everything"


def _check_host(host: str) -> None:
    """Refuse what would show keys and texts to everybody on the way."""
    shape = re.fullmatch(r"(https?)://([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?(/[\w./-]*)?", host)
    if shape is None:
        raise click.BadParameter(f"{host!r} is no address; {HOST} is", param_hint="--host")
    if shape[1] == "http" and shape[2] not in {"127.0.0.1", "[::1]", "localhost"}:
        raise click.BadParameter("must be https (http only for this very machine)", param_hint="--host")


def _private_key(path: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    text = secret_in(path, "--key")
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"--key: {path} holds no private key in PEM without a passphrase") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_KEY_BITS:
        raise ConfigError(f"--key: {path} must be an RSA key of at least {LEAST_KEY_BITS} bits")
    return text + "\n"
