"""`cascade cancel ID`: end what was not sent yet."""

from __future__ import annotations

from pathlib import Path

import click

from services.cli.client import IngressClient
from services.cli.home import Home


@click.command()
@click.argument("workflow_id", metavar="ID")
@click.option("--application", metavar="ID")
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE")
def cancel(workflow_id: str, application: str | None, key: Path | None) -> None:
    """Cancel a workflow. What left already may still arrive; the record says so."""
    client = IngressClient(Home.from_environment(), application=application, key=key)
    client.delete(f"/v1/workflows/{workflow_id}")
    click.echo(f"cancel of {workflow_id} is on its way; `cascade show {workflow_id}` tells how it ended")
