"""`cascade deliveries`: what was told to callers' own addresses, what came of it, and how to tell it again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlsplit

import click

from services.cli.home import Home
from services.cli.names import TENANT
from services.cli.store import existing_store
from shared.errors import CascadeError
from shared.ids import split_message_uuid
from shared.store.port import CallbackStore, Store
from shared.store.records import CallbackRow
from shared.wire.times import rfc3339, rfc3339_or_none, seconds_of

MOST_LISTED = 500
_AGO = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class SinceWhen(click.ParamType[str]):
    """A moment in RFC 3339, or how long ago it was: 90s, 30m, 6h, 2d."""

    name = "when"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the words as they are, or fail."""
        try:
            seconds_before(value, now=0.0)
        except ValueError:
            self.fail(
                f"{value!r}: give a time such as 2026-03-02T09:00:00Z, or how long ago: 90s 30m 6h 2d", param, ctx
            )
        return value


def seconds_before(words: str, *, now: float) -> float:
    """Return the moment that words mean, in seconds since the epoch. Raises ValueError."""
    ago = _AGO.fullmatch(words)
    return now - int(ago[1]) * _UNITS[ago[2]] if ago else seconds_of(words)


@click.command()
@click.argument("given", metavar="[ID]", required=False)
@click.option("--failed", is_flag=True, help="List what did not arrive: given up, or still tried.")
@click.option("--recover", is_flag=True, help="Send everything again that was given up.")
@click.option("--resend", is_flag=True, help="Send the delivery ID again.")
@click.option("--since", type=SinceWhen(), metavar="WHEN", help="With --failed and --recover: 30m, 6h, 2d, or a time.")
@click.option("--tenant", type=TENANT, help="With --failed and --recover: only this tenant's.")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def deliveries(
    given: str | None, failed: bool, recover: bool, resend: bool, since: str | None, tenant: str | None, as_json: bool
) -> None:
    """Show what was told to callers' own addresses, or tell it again.

    ID is a workflow's, that of one of its messages, or a delivery's own: the `webhook-id` that its receiver got.
    """
    if sum((given is not None, failed, recover)) != 1:
        raise click.UsageError("give an ID, or --failed, or --recover")
    if resend and given is None:
        raise click.UsageError("--resend needs the ID of a delivery")
    if given is not None and (since is not None or tenant is not None):
        raise click.UsageError("--since and --tenant go with --failed or --recover")
    if recover and since is None:
        raise click.UsageError("--recover needs --since: say from when on")
    with existing_store(Home.from_environment()) as store:
        now = store.now()
        begin = seconds_before(since, now=now) if since is not None else 0.0
        if recover:
            count = store.recover_callbacks(since=begin, now=now, tenant=tenant)
            click.echo(f"{count} sent again" if count else "nothing was given up since then")
        elif given is None:
            _say(_failed(store, since=begin, tenant=tenant), as_json, nothing="everything arrived, or waits untried")
        elif resend:
            _resend(store, given, now=now)
        else:
            _say(_found(store, given), as_json, nothing=f"nothing was told about {given}: no address, or nothing yet")


def _failed(store: CallbackStore, *, since: float, tenant: str | None) -> list[CallbackRow]:
    rows = [
        row
        for given_up in (True, False)
        for row in store.failed_callbacks(since=since, limit=MOST_LISTED, tenant=tenant, given_up=given_up)
    ]
    return sorted(rows, key=lambda row: row.made_at)


def _found(store: Store, given: str) -> tuple[CallbackRow, ...]:
    one = store.callback(given)
    if one is not None:
        return (one,)
    try:
        workflow_id, _ = split_message_uuid(given)
    except ValueError as error:
        raise CascadeError(f"There is no delivery {given}, and it is no id of a workflow or message.") from error
    rows = store.callbacks_of(workflow_id)
    if not rows and store.find(workflow_id) is None:
        raise CascadeError(f"There is no workflow, message or delivery {given}.")
    return rows


def _resend(store: CallbackStore, given: str, *, now: float) -> None:
    if not store.send_callback_again(given, now=now):
        raise CascadeError(f"There is no delivery {given}; `cascade deliveries WORKFLOW` lists their ids.")
    click.echo(f"{given} is sent again")


def _say(rows: Iterable[CallbackRow], as_json: bool, *, nothing: str) -> None:
    found = tuple(rows)
    if as_json:
        click.echo(json.dumps([_as_json(row) for row in found], indent=2))
        return
    for row in found:
        click.echo(f"{row.callback_id}  {_moment(row.made_at)}  {row.tenant}  {row.kind:<7} to {_address(row.url)}")
        click.echo(f"    {fate(row)}")
    if not found:
        click.echo(nothing)


def fate(row: CallbackRow) -> str:
    """Return what became of a delivery, in one line."""
    tries = "1 try" if row.attempts == 1 else f"{row.attempts} tries"
    last = row.last_error or (f"HTTP {row.last_status}" if row.last_status is not None else "")
    if row.delivered_at is not None:
        return f"delivered {_moment(row.delivered_at)} after {tries}"
    if row.next_at is None:
        return f"given up after {tries}: {last}"
    if not row.attempts:
        return f"waits, due {_moment(row.next_at)}" + (f"; before that: {last}" if last else "")
    return f"{tries}, next {_moment(row.next_at)}; last: {last}"


def _as_json(row: CallbackRow) -> dict[str, object]:
    return {
        "id": row.callback_id,
        "workflow_id": row.workflow_id,
        "tenant": row.tenant,
        "application_id": row.application_id,
        "kind": row.kind,
        "url": row.url,
        "made_at": rfc3339(row.made_at),
        "tries": row.attempts,
        "next_at": rfc3339_or_none(row.next_at),
        "last_status": row.last_status,
        "last_error": row.last_error,
        "delivered_at": rfc3339_or_none(row.delivered_at),
        "body": row.body.decode(errors="replace"),
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _address(url: str) -> str:
    """Return an address without what callers hide in it: passwords and query strings."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
