"""`cascade show ID`: the story of a workflow."""

from __future__ import annotations

import json
from pathlib import Path

import click

from services.cli.client import IngressClient
from services.cli.home import Home
from services.cli.story import NOT_READ, find, say, say_end, timeline


@click.command()
@click.argument("given", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print state and timeline as JSON.")
@click.option("--application", metavar="ID")
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE")
def show(given: str, as_json: bool, application: str | None, key: Path | None) -> None:
    """Tell the story of a workflow; ID is its own, its dispatch's, or that of one of its messages."""
    client = IngressClient(Home.from_environment(), application=application, key=key)
    workflow = find(client, given)
    entries = timeline(client, workflow["workflow_id"])
    if as_json:
        click.echo(json.dumps({**workflow, "entries": entries}, indent=2))
        return
    channels = " then ".join(step["channel"] for step in workflow.get("steps", []))
    click.echo(f"{workflow['workflow_id']}  {channels or NOT_READ}\n")
    for entry in entries:
        say(entry)
    say_end(workflow)
