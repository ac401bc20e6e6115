"""`cascade down`: stop what `up` started, and leave nothing running."""

from __future__ import annotations

import click

from services.cli import fleet
from services.cli.alone import alone
from services.cli.broker import stop_broker
from services.cli.home import Home


@click.command()
def down() -> None:
    """Stop everything of the state folder: ingress, dispatchers (they drain), sandbox, broker."""
    stopped = stop_home(Home.from_environment())
    click.echo(f"  stopped {', '.join(stopped)}" if stopped else "  nothing was running")


def stop_home(home: Home) -> list[str]:
    """Stop every process of a home in good order; return the names of those that ran."""
    if not home.state_dir.exists():
        return []
    with alone(home):
        stopped = fleet.stop_all(home)
        if stop_broker(home):
            stopped.append("rabbitmq")
        return stopped
