"""`cascade up`: everything in the background under the state folder; typed again it starts what is dead."""

from __future__ import annotations

import time
from collections.abc import Callable

import click

from services.cli import fleet
from services.cli.alone import alone
from services.cli.broker import BrokerUrls, must_fetch, start_broker
from services.cli.credentials import make_demo
from services.cli.home import Home, shown
from services.cli.store import open_upgraded_store
from shared.store.port import Store

NEXT = """
  Send one (Viber, then SMS):

    curl -X POST {ingress}/v0.1/dispatch -H "Authorization: Bearer $(.venv/bin/cascade jwt)" \\
      -H 'Content-Type: application/json' -d @examples/viber-then-sms.json

    .venv/bin/cascade show WORKFLOW_ID     its story; the id is the answer's dispatch_uuid
    .venv/bin/cascade send --to 447700900003 --via viber_service,sms --expiry 15 --text Hello
    make down                              stops all of it
"""


@click.command()
def up() -> None:
    """Start broker, store, sandbox, ingress and two dispatchers in the background, and wait until they are ready."""
    home = Home.from_environment()
    start_home(home, say=click.echo)
    click.echo(
        f"\n  ingress {home.url('ingress')}   phones {home.url('sandbox')}/"
        f"   logs {shown(home.log_dir)}/   credentials {shown(home.demo_file)}"
    )
    click.echo(NEXT.format(ingress=home.url("ingress")))


class Said:
    """Prints what was made ready, and how long it took."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._since = time.monotonic()

    def goes_on(self, what: str, words: str) -> None:
        """Print what takes a while now."""
        self._say(f"  ..  {what:<13} {words}")

    def ok(self, what: str, words: str) -> None:
        """Print one line."""
        now = time.monotonic()
        self._say(f"  ok  {what:<13} {words:<58} {now - self._since:5.1f} s")
        self._since = now


def start_home(home: Home, *, say: Callable[[str], None], dispatchers: int = 2) -> BrokerUrls:
    """Start what does not run yet and wait until all of it works. Raises ConfigError with what would mend it."""
    with alone(home):
        return _start(home, Said(say), dispatchers)


def _start(home: Home, said: Said, dispatchers: int) -> BrokerUrls:
    fleet.check_ports(home)
    if must_fetch(home):
        said.goes_on("broker", "no RabbitMQ is installed: Debian's is fetched (33 MB) and unpacked, once")
    urls = start_broker(home)
    where = f"private, pid {urls.private_pid}" if urls.private_pid else "the one that CASCADE_BROKER_URL names"
    said.ok("broker", f"RabbitMQ, {where}; topology applied")
    store = open_upgraded_store(home)
    try:
        make_demo(home, store)
        said.ok("store", home.store_url.partition("://")[0] + ", schema up to date, demo credentials")
        _start_members(home, urls, store, said, dispatchers)
    finally:
        store.close()
    return urls


def _start_members(home: Home, urls: BrokerUrls, store: Store, said: Said, dispatchers: int) -> None:
    started = {}
    crew = fleet.members(home, urls, dispatchers=dispatchers)
    for member in crew:
        started[member.name] = fleet.start(home, member)
    for member in crew:
        fleet.wait_until_ready(home, member, store)
        process = fleet.running(home, member.name)
        where = home.url(member.port) if member.port else ""
        words = "started" if started[member.name] else "runs already"
        said.ok(member.name, f"{words}, pid {process.pid if process else '?'} {where}")
