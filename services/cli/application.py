"""`cascade app`: the applications of those who call us; their public keys verify tokens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from deploy.private_file import write_private
from services.cli.credentials import new_key_pair
from services.cli.home import Home
from services.cli.key_files import public_key_in
from services.cli.names import TENANT, UUID_WORD, WEB_ADDRESS
from services.cli.store import existing_store
from shared.errors import ConfigError, NotStored
from shared.model import Engine
from shared.store.directory import Application, Tenant
from shared.store.port import Store

_UNSET = "default"
_STATUS_URL = click.option("--status-url", type=WEB_ADDRESS, help="Where status webhooks and final reports go.")
_INBOUND_URL = click.option("--inbound-url", type=WEB_ADDRESS, help="Where inbound messages go.")
_VERSION_HELP = "The form of webhooks that it reads; else statuses as its requests, inbound messages as the provider's."
_ENGINE_HELP = "Who runs its workflows where a request does not say: we, or the provider; else as the deployment."
_ENGINES = [engine.value for engine in Engine]
_VERSIONS = ["v1", "v0.1"]
_KEY_FILE = click.option(
    "--key-file", type=click.Path(path_type=Path), help="Where its private key is written; else APP_ID.key."
)
_PUBLIC_KEY = click.option(
    "--public-key",
    "public_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A key in PEM that there is already, of which we keep the public half; then none is made and written.",
)


@click.group()
def app() -> None:
    """Make an application with its key pair, change, list, give it another key, revoke it."""


@app.command()
@click.option(
    "--tenant", type=TENANT, required=True, help="Whose application it is; made where there is none of that name."
)
@click.option(
    "--id",
    "application_id",
    type=UUID_WORD,
    metavar="UUID",
    help="An id that there is already, at the provider say; else one is drawn.",
)
@_STATUS_URL
@_INBOUND_URL
@click.option("--webhook-version", type=click.Choice(_VERSIONS), help=_VERSION_HELP)
@click.option("--engine", type=click.Choice(_ENGINES), help=_ENGINE_HELP)
@_KEY_FILE
@_PUBLIC_KEY
def create(
    tenant: str, application_id: str | None, key_file: Path | None, public_file: Path | None, **words: str | None
) -> None:
    """Make an application; its private key is written once and not kept by us.

    Whoever comes from the provider keeps id and key: --id UUID --public-key FILE.
    """
    application_id = application_id or str(uuid4())
    with existing_store(Home.from_environment()) as store:
        directory = store.directory()
        if application_id in directory.applications:
            raise ConfigError(f"--id: application {application_id} is there already; `cascade app set` changes it")
        public, told = _key_of(application_id, key_file, public_file)
        if tenant not in directory.tenants:
            store.change_directory(Tenant(name=tenant))
        record = Application(application_id=application_id, tenant=tenant, public_key=public, **_said(words))
        store.change_directory(record)
    click.echo(f"application_id  {application_id}\n{told}")


@app.command(name="set")
@click.argument("application_id")
@_STATUS_URL
@_INBOUND_URL
@click.option("--webhook-version", type=click.Choice([*_VERSIONS, _UNSET]), help=_VERSION_HELP)
@click.option("--engine", type=click.Choice([*_ENGINES, _UNSET]), help=_ENGINE_HELP)
def set_application(application_id: str, **words: str | None) -> None:
    """Change what is said of an application; an empty URL, or the word default, takes it away."""
    with existing_store(Home.from_environment()) as store:
        record = replace(_found(store, application_id), **_said(words))
        store.change_directory(record)
    click.echo(_line(record))


@app.command(name="rotate-key")
@click.argument("application_id")
@_KEY_FILE
@_PUBLIC_KEY
def rotate_key(application_id: str, key_file: Path | None, public_file: Path | None) -> None:
    """Give an application another key; tokens of the one before are refused within 30 s."""
    with existing_store(Home.from_environment()) as store:
        record = _found(store, application_id)
        public, told = _key_of(application_id, key_file, public_file)
        store.change_directory(replace(record, public_key=public))
    click.echo(f"application_id  {application_id}\n{told}")


@app.command(name="list")
@click.option("--tenant", type=TENANT, help="Only this tenant's.")
def list_applications(tenant: str | None) -> None:
    """List applications."""
    with existing_store(Home.from_environment()) as store:
        directory = store.directory()
    for record in directory.applications.values():
        if tenant in (None, record.tenant):
            click.echo(_line(record))


@app.command()
@click.argument("application_id")
def revoke(application_id: str) -> None:
    """Refuse an application's tokens from now on (within the 30 s of the ingress's cache).

    What it sent before goes on, and its webhooks are told.
    """
    with existing_store(Home.from_environment()) as store:
        store.change_directory(replace(_found(store, application_id), revoked=True))
    click.echo(f"{application_id} is revoked")


def _found(store: Store, application_id: str) -> Application:
    record = store.directory().applications.get(application_id)
    if record is None:
        raise NotStored(f"there is no application {application_id}; `cascade app list` tells which there are")
    return record


def _said(words: dict[str, str | None]) -> dict[str, Any]:
    """Return the fields that were given; an empty one, or the word for the default, is None."""
    return {name: None if word in ("", _UNSET) else word for name, word in words.items() if word is not None}


def _key_of(application_id: str, key_file: Path | None, public_file: Path | None) -> tuple[str, str]:
    """Return the public key, and what is told of it; a new private key is written, over nothing."""
    if public_file is not None:
        if key_file is not None:
            raise click.UsageError("--key-file is for a new key pair, --public-key for one that is there")
        return public_key_in(public_file, "--public-key"), f"public key      {public_file}"
    path = key_file or Path(f"{application_id}.key")
    if path.exists():
        raise ConfigError(f"--key-file: {path} is there already; a private key is never written over")
    pair = new_key_pair()
    write_private(path, pair.private)
    return pair.public, f"private key     {path}"


def _line(record: Application) -> str:
    parts = [
        "revoked" if record.revoked else (record.status_url or "no status url"),
        record.inbound_url and f"inbound {record.inbound_url}",
        record.webhook_version and f"webhooks {record.webhook_version}",
        record.engine and f"engine {record.engine}",
    ]
    return f"{record.application_id}  {record.tenant:<16} {'  '.join(part for part in parts if part)}"
