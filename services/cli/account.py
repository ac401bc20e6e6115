"""`cascade account`: accounts at the provider, and which tenant, channel and sender uses which."""

from __future__ import annotations

from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.cli.home import Home
from services.cli.store import existing_store
from shared.channels import QUEUED_CHANNELS
from shared.errors import ConfigError
from shared.store.directory import Account, Route

LEAST_KEY_BITS = 2048
HOSTS = "https://api.nexmo.com"


@click.group()
def account() -> None:
    """Add an account at the provider, route messages to it, list them."""


@account.command()
@click.argument("name", default="default")
@click.option("--host", default=HOSTS, show_default=True, help="Base address of the provider's API.")
@click.option("--generation", type=click.Choice(["v1"]), default="v1", show_default=True)
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
    if not host.startswith(("https://", "http://127.0.0.1")):
        raise click.UsageError("--host must be https (http only for 127.0.0.1)")
    record = Account(
        name=name,
        base_url=host.rstrip("/"),
        generation=generation,
        api_key=api_key,
        application_id=application,
        private_key=_private_key(key) if key else None,
        api_secret=_secret(api_secret_file) if api_secret_file else None,
        signature_secrets=tuple(_secret(path) for path in secret_files),
    )
    with existing_store(Home.from_environment()) as store:
        store.change_directory(record)
    click.echo(f"account {name}: {record.base_url}, {'JWT' if key else 'Basic'}; dispatchers use it within seconds")


@account.command()
@click.argument("name")
@click.option("--tenant", help="Only this tenant's messages.")
@click.option("--channel", type=click.Choice(QUEUED_CHANNELS), help="Only on this channel.")
@click.option("--sender", help="Only with this sender.")
def route(name: str, tenant: str | None, channel: str | None, sender: str | None) -> None:
    """Send some messages through account NAME; the most specific route wins."""
    with existing_store(Home.from_environment()) as store:
        store.change_directory(Route(account=name, tenant=tenant, channel=channel, sender=sender))
    click.echo(f"routed to {name}")


@account.command(name="list")
def list_accounts() -> None:
    """List accounts, without their secrets."""
    with existing_store(Home.from_environment()) as store:
        directory = store.directory()
    for record in directory.accounts.values():
        how = f"JWT of {record.application_id}" if record.private_key else "Basic"
        click.echo(f"{record.name:<16} {record.base_url:<32} {record.generation}  {record.api_key}  {how}")


def _private_key(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
        key = load_pem_private_key(text.encode(), password=None)
    except OSError as error:
        raise ConfigError(f"--key: {path} can't be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise ConfigError(f"--key: {path} holds no private key in PEM without a passphrase") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_KEY_BITS:
        raise ConfigError(f"--key: {path} must be an RSA key of at least {LEAST_KEY_BITS} bits")
    return text


def _secret(path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}") from error
    if not secret:
        raise ConfigError(f"{path} is empty")
    return secret
