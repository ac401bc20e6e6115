"""`cascade channel pause|resume`: an operator's stop of a channel."""

from __future__ import annotations

import getpass
import os
from dataclasses import replace

import click

from services.cli.home import Home
from services.cli.store import existing_store
from shared.channels import QUEUED_CHANNELS
from shared.model import Stop, StopKind

NAMES = click.Choice(QUEUED_CHANNELS)


@click.group()
def channel() -> None:
    """Pause a channel, resume it, or list what is stopped."""


@channel.command()
@click.argument("name", type=NAMES)
@click.option("--skip", is_flag=True, help="Let what waits go on to its next step instead of holding it.")
@click.option("--account", metavar="NAME", help="Only on this provider account.")
@click.option("--reason", default="", help="Why; shown to everybody who looks.")
def pause(name: str, skip: bool, account: str | None, reason: str) -> None:
    """Send nothing on a channel until it is resumed. New workflows are still taken, found, and expire on time."""
    who = _user()
    stop = Stop(
        kind=StopKind.SKIP if skip else StopKind.PAUSE,
        account=account,
        channel=name,
        reason=reason or f"paused by {who}",
        since=0.0,  # store time, below
        by=f"operator:{who}",
    )
    with existing_store(Home.from_environment()) as store:
        store.put_stop(replace(stop, since=store.now()))
    click.echo(f"{name} is paused{' and passed over' if skip else ''}; every dispatcher knows within a second")


@channel.command()
@click.argument("name", type=NAMES)
@click.option("--account", metavar="NAME", help="The pause of this provider account.")
def resume(name: str, account: str | None) -> None:
    """End an operator's pause of a channel. Stops that a fault made end by their own probe, or by `lift`."""
    stop = Stop(kind=StopKind.PAUSE, account=account, channel=name, reason="", since=0.0)
    with existing_store(Home.from_environment()) as store:
        lifted = store.lift_stop(stop.key)
    click.echo(f"{name} is resumed" if lifted else f"{name} was not paused")


@channel.command(name="list")
def list_stops() -> None:
    """List what is stopped, since when and why."""
    with existing_store(Home.from_environment()) as store:
        controls = store.controls()
    for stop in controls.stops:
        where = " ".join(part for part in (stop.account, stop.channel, stop.sender) if part) or "everything"
        click.echo(f"{stop.kind.value:<8} {where:<40} for {controls.now - stop.since:.0f} s: {stop.reason}")
        click.echo(f"         end it: cascade channel lift '{stop.key}'")
    if not controls.stops:
        click.echo("nothing is stopped")


@channel.command()
@click.argument("key")
def lift(key: str) -> None:
    """End any stop, also one that a fault made; KEY as `list` names it."""
    with existing_store(Home.from_environment()) as store:
        lifted = store.lift_stop(key)
    click.echo("lifted" if lifted else f"there is no stop {key}")


def _user() -> str:
    """Return who types: the user's name, or the number of one that no list of users has, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # KeyError before Python 3.13
        return f"user {os.getuid()}"
