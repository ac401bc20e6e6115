"""`cascade cancel ID`: end what was not sent yet."""

from __future__ import annotations

from pathlib import Path

import click

from services.cli.client import IngressClient, path_to
from services.cli.home import Home
from services.cli.story import find


@click.command()
@click.argument("given", metavar="ID")
@click.option("--application", metavar="ID")
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE")
def cancel(given: str, application: str | None, key: Path | None) -> None:
    """Cancel a workflow; ID is its own, its dispatch's, or that of one of its messages.

    What left already may still arrive; the record says so.
    """
    client = IngressClient(Home.from_environment(), application=application, key=key)
    workflow_id = find(client, given)["workflow_id"]
    client.delete(path_to("workflows", workflow_id))
    click.echo(f"cancel of {workflow_id} is on its way; `cascade show {workflow_id}` tells how it ended")
