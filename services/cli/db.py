"""`cascade db`: the store's schema."""

from __future__ import annotations

import click

from services.cli.home import Home


@click.group()
def db() -> None:
    """Bring the schema up to date, or tell where it stands."""


@db.command()
def upgrade() -> None:
    """Bring the schema up to date; makes SQLite's file where there is none."""
    from shared.store.migrations import upgrade as upgrade_schema

    click.echo(f"schema {upgrade_schema(Home.from_environment().store_url)}")


@db.command(name="current")
def show_current() -> None:
    """Tell the schema of the store and the one this program needs."""
    from shared.store.migrations import current, head

    click.echo(f"store {current(Home.from_environment().store_url) or 'none'}, this program {head()}")
