"""`cascade send`: one message or workflow; waits and tells its story."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from services.cli.client import IngressClient
from services.cli.home import Home
from services.cli.story import NOT_READ, find, say, say_end, timeline
from shared.errors import CascadeError

SENDERS = {"sms": "447700900001", "viber_service": "16273", "messenger": "page-1"}
LEAST_EXPIRY_S, MOST_EXPIRY_S = 15, 86_400
SILENT_S = 5.0
"""After so long without a first entry it is said what that means."""


@click.command()
@click.option("--to", "recipient", metavar="RECIPIENT", help="E.164 without +, or the channel's own id.")
@click.option("--via", default="viber_service,sms", show_default=True, help="Channels in order, separated by commas.")
@click.option("--text", help="What it says.")
@click.option("--from", "sender", metavar="SENDER", help="Sender on every channel; else one of the examples'.")
@click.option(
    "--expiry",
    type=click.IntRange(LEAST_EXPIRY_S, MOST_EXPIRY_S),
    default=600,
    show_default=True,
    help="Window, seconds.",
)
@click.option("--condition", type=click.Choice(["delivered", "read"]), default="delivered", show_default=True)
@click.option("--client-ref", metavar="TEXT", help="Your own reference.")
@click.option("--file", "body_file", type=click.File("rb"), help="Send this JSON (a dispatch or a v1 message) instead.")
@click.option("--wait/--no-wait", default=True, help="Wait for the end and tell the story (default).")
@click.option("--json", "as_json", is_flag=True, help="Print the answer, and with --wait the end, as JSON.")
@click.option("--application", metavar="ID")
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE")
def send(  # noqa: PLR0917  click hands over its options by name
    recipient: str | None,
    via: str,
    text: str | None,
    sender: str | None,
    expiry: int,
    condition: str,
    client_ref: str | None,
    body_file: Any,
    wait: bool,
    as_json: bool,
    application: str | None,
    key: Path | None,
) -> None:
    """Send a message through channels until one is known to have reached the person."""
    if body_file is not None:
        body = _read(body_file)
    else:
        if recipient is None or text is None:
            raise click.UsageError("--to and --text are needed (or --file)")
        channels = [channel.strip() for channel in via.split(",")]
        body = _v1_body(recipient, channels, text, sender, expiry, condition, client_ref)
    client = IngressClient(Home.from_environment(), application=application, key=key)
    answer = client.post("/v0.1/dispatch" if "workflow" in body else "/v1/messages", body)
    given = answer.get("workflow_id") or answer.get("dispatch_uuid") or answer["message_uuid"]
    if not wait:
        click.echo(json.dumps(answer) if as_json else f"accepted {given}")
        return
    if not as_json:
        click.echo(f"accepted {given}\n")
    try:
        end = _follow(client, given, quiet=as_json)
    except KeyboardInterrupt as stopped:
        raise CascadeError(f"Stopped watching; it goes on: cascade show {given}, cascade cancel {given}") from stopped
    if as_json:
        click.echo(json.dumps(end))
    else:
        say_end(end)


def _v1_body(
    recipient: str, via: list[str], text: str, sender: str | None, expiry: int, condition: str, client_ref: str | None
) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [
        {
            "channel": channel,
            "message_type": "text",
            "to": recipient,
            "from": sender or SENDERS.get(channel, "cascade"),
            "text": text,
        }
        for channel in via
    ]
    for step in steps[:-1]:
        step |= {"expiry_time": expiry, "condition_status": condition}
    body = steps[0]
    if client_ref is not None:
        body["client_ref"] = client_ref
    if steps[1:]:
        body["failover"] = steps[1:]
    return body


def _read(body_file: Any) -> dict[str, Any]:
    try:
        body = json.load(body_file)
    except ValueError as error:
        raise CascadeError(f"{body_file.name} holds no JSON: {error}") from error
    if not isinstance(body, dict):
        raise CascadeError(f"{body_file.name}: a JSON object is needed")
    return body


def _follow(client: IngressClient, given: str, *, quiet: bool) -> dict[str, Any]:
    """Print each new entry until the workflow has ended; return it."""
    told, begun = 0, time.monotonic()
    while True:
        workflow = find(client, given)
        entries = timeline(client, workflow["workflow_id"])
        if not quiet:
            for entry in entries[told:]:
                say(entry)
        if not (entries or told or quiet) and time.monotonic() - begun > SILENT_S:
            click.echo(f"  {NOT_READ}")
            begun = float("inf")
        told = len(entries)
        if workflow["state"] == "final":
            return workflow
        time.sleep(0.5)
