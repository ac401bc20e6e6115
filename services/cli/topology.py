"""`cascade topology`: exchanges, queues, policies and rights."""

from __future__ import annotations

import sys

import click

from services.cli.broker import find_broker, private_ctl, start_broker
from services.cli.home import Home
from shared.queue.apply import check as check_broker
from shared.queue.definitions import commands_file, definitions_file
from shared.queue.topology import DEFAULT_VHOST


@click.group()
def topology() -> None:
    """Apply the topology to the broker, check it, or print it."""


@topology.command()
def apply() -> None:
    """Make what is missing; the private broker is started where it does not run.

    On a broker that is not ours: exchanges, queues and bindings only. `print --commands` has the rest for its operator.
    """
    urls = start_broker(Home.from_environment())
    whose = f"the private RabbitMQ, pid {urls.private_pid}" if urls.private_pid else "CASCADE_BROKER_URL"
    click.echo(f"applied to {whose}")


@topology.command()
def check() -> None:
    """Say how the broker differs from the code; exit code 1 where it does."""
    home = Home.from_environment()
    found = check_broker(find_broker(home).setup, private_ctl(home), vhost=DEFAULT_VHOST)
    for difference in found:
        click.echo(difference)
    if found:
        sys.exit(1)
    click.echo("the broker is as it should be")


@topology.command(name="print")
@click.option("--commands", is_flag=True, help="rabbitmqctl commands for users, rights and policies instead.")
def print_topology(commands: bool) -> None:
    """Print the topology as RabbitMQ's definitions (load_definitions), or as an operator's commands."""
    click.echo(commands_file() if commands else definitions_file(), nl=False)
