"""`cascade doctor`: look at everything, and for each thing that is not as it should be say what mends it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click

from services.cli.broker import find_broker, private_ctl
from services.cli.client import answers
from services.cli.credentials import LEAST_KEY_BITS
from services.cli.home import Home, shown
from services.cli.store import existing_store
from shared.errors import CascadeError
from shared.queue.apply import check as check_broker
from shared.queue.probe import prove
from shared.queue.topology import DEFAULT_VHOST
from shared.store.directory import Directory
from shared.store.port import Store

CLOCK_SKEW_S = 2.0
HEARTBEAT_S = 10.0
MARKER_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    fine: bool
    what: str
    words: str
    remedy: str = ""


@click.command()
def doctor() -> None:
    """Check store, broker, topology, dispatchers, ingress, accounts, clocks; exit code 1 where something is wrong."""
    home = Home.from_environment()
    found = list(_findings(home))
    width = max(len(finding.what) for finding in found)
    for finding in found:
        click.echo(f"  {'ok' if finding.fine else '!!'}  {finding.what:<{width}}  {finding.words}")
        if not finding.fine:
            click.echo(f"      mend it: {finding.remedy}")
    if not all(finding.fine for finding in found):
        sys.exit(1)


def _findings(home: Home) -> Iterator[Finding]:
    yield from _guarded("broker", "make up", lambda: _broker(home))
    yield from _guarded("topology", "cascade topology apply", lambda: _topology(home))
    ready = answers(f"{home.url('ingress')}/readyz")
    yield Finding(
        fine=ready,
        what="ingress",
        words=f"{home.url('ingress')}/readyz {'says yes' if ready else 'does not say yes'}",
        remedy=f"make up; its log is {shown(home.log_dir / 'ingress.log')}",
    )
    try:
        with existing_store(home) as store:
            yield Finding(fine=True, what="store", words=home.store_url.partition("://")[0] + ", schema up to date")
            yield from _of_store(store)
    except CascadeError as error:
        yield Finding(fine=False, what="store", words=str(error), remedy="cascade db upgrade, or CASCADE_STORE_URL")


def _guarded(what: str, remedy: str, look: Callable[[], Finding]) -> Iterator[Finding]:
    try:
        yield look()
    except CascadeError as error:
        yield Finding(fine=False, what=what, words=str(error), remedy=remedy)


def _broker(home: Home) -> Finding:
    prove(find_broker(home).setup)
    return Finding(fine=True, what="broker", words="confirms a publish on a quorum queue")


def _topology(home: Home) -> Finding:
    found = check_broker(find_broker(home).setup, private_ctl(home), vhost=DEFAULT_VHOST)
    words = "; ".join(found) or "exchanges, queues, bindings and policies are as they should be"
    return Finding(fine=not found, what="topology", words=words, remedy="cascade topology apply")


def _of_store(store: Store) -> Iterator[Finding]:
    now, controls, backlog, directory = store.now(), store.controls(), store.backlog(), store.directory()
    skew = abs(now - time.time())
    yield Finding(
        fine=skew < CLOCK_SKEW_S,
        what="clock",
        words=f"{skew:.1f} s between this host and the store",
        remedy="set up NTP: tokens are refused when clocks differ",
    )
    alive = [row for row in store.dispatchers() if now - row.seen_at < HEARTBEAT_S]
    yield Finding(
        fine=bool(alive),
        what="dispatchers",
        words=", ".join(f"{row.name} (pid {row.pid}, {row.calls_in_flight} calls)" for row in alive) or "none lives",
        remedy="cascade dispatcher, or make up",
    )
    lag = now - controls.read_to
    yield Finding(
        fine=lag < MARKER_S,
        what="receipts",
        words=f"read up to {lag:.1f} s ago" if controls.read_to else "never read yet",
        remedy="an ingress and a dispatcher must run: windows wait until receipts are read",
    )
    yield Finding(
        fine=not controls.stops,
        what="stops",
        words="; ".join(stop.reason for stop in controls.stops) or "nothing is stopped",
        remedy="cascade channel list",
    )
    yield Finding(
        fine=backlog.outbox_oldest_s < HEARTBEAT_S and backlog.overdue_s < HEARTBEAT_S and not backlog.quarantined,
        what="backlog",
        words=(
            f"outbox {backlog.outbox_count} (oldest {backlog.outbox_oldest_s:.0f} s), timers {backlog.overdue_s:.0f} s"
            f" late, {backlog.leases_over} lost calls, {backlog.quarantined} quarantined"
        ),
        remedy="look at the dispatchers' logs",
    )
    for account in directory.accounts.values():
        yield Finding(
            fine=account.private_key is None or _signs(account.private_key),
            what=f"account {account.name}",
            words=f"{account.base_url}, {'JWT' if account.private_key else 'Basic'}",
            remedy=f"cascade account add {account.name} --key FILE (RSA, {LEAST_KEY_BITS} bits or more)",
        )
    if not directory.accounts:
        yield Finding(fine=False, what="accounts", words="there is none", remedy="cascade account add")
    for name in sorted(_ownerless(directory)):
        yield Finding(
            fine=False,
            what=f"inbound {name}",
            words="several tenants, and no route says whose: who writes and answers nothing of ours is heard by nobody",
            remedy=f"cascade account route {name} --tenant TENANT (with --sender NUMBER for one number only)",
        )
    for name in sorted(_unsigned(directory)):
        yield Finding(
            fine=False,
            what=f"tenant {name}",
            words="has addresses for webhooks, and no live api key to sign them: they wait, for 24 h",
            remedy=f"cascade key create --tenant {name}",
        )


def _ownerless(directory: Directory) -> set[str]:
    """Return the accounts whose inbound messages may go to the tenant "default", which is not there."""
    if len(directory.tenants) < 2 or "default" in directory.tenants:
        return set()
    return directory.accounts.keys() - {each.account for each in directory.routes if each.tenant is not None}


def _unsigned(directory: Directory) -> set[str]:
    live = [application for application in directory.applications.values() if not application.revoked]
    told = {tenant.name for tenant in directory.tenants.values() if tenant.status_url or tenant.inbound_url}
    told |= {application.tenant for application in live if application.status_url or application.inbound_url}
    return {name for name in told if directory.signing_key(name) is None}


def _signs(private_key: str) -> bool:
    import jwt as pyjwt

    try:
        pyjwt.encode({"iat": 0}, private_key, algorithm="RS256")
    except (ValueError, TypeError, pyjwt.PyJWTError):
        return False
    return True
