"""Print a workflow's story: the timeline of the ingress, a line for each entry."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from services.cli.client import IngressClient, Refused, path_to
from shared.errors import CascadeError

NOT_FOUND = 404
NOT_READ = "accepted and safe in the broker; no dispatcher has read it yet"


def find(client: IngressClient, given: str) -> dict[str, Any]:
    """Return the workflow that an id belongs to: a workflow's, a dispatch's or one of its messages'."""
    try:
        return client.get(path_to("workflows", given))
    except Refused as refused:
        if refused.status != NOT_FOUND:
            raise
    try:
        message = client.get(path_to("messages", given))
    except Refused as refused:
        if refused.status == NOT_FOUND:
            raise CascadeError(f"There is no workflow and no message {given} of yours.") from refused
        raise
    return client.get(path_to("workflows", message["workflow_id"]))


def timeline(client: IngressClient, workflow_id: str) -> list[dict[str, Any]]:
    """Return the entries of the journal; none while the start is still in the broker."""
    try:
        return list(client.get(f"{path_to('workflows', workflow_id)}/timeline")["entries"])
    except Refused as refused:
        if refused.status == NOT_FOUND:
            return []
        raise


def say(entry: dict[str, Any]) -> None:
    """Print one entry: when, and what in words."""
    click.echo(f"  {clock(entry['at'])}  {entry['text']}")


def say_end(workflow: dict[str, Any]) -> None:
    """Print how it stands."""
    words = workflow["state"] if workflow["state"] != "final" else workflow.get("outcome", "final")
    notes = [
        f"{label} {', '.join(f'step {number}' for number in numbers)}"
        for label, numbers in (
            ("also reached", workflow.get("also_reached")),
            ("may have reached", workflow.get("may_have_reached")),
        )
        if numbers
    ]
    if workflow.get("condition_met") is False and workflow.get("outcome") == "delivered":
        notes.append("below its condition")
    click.echo(f"\n  {words}{' (' + '; '.join(notes) + ')' if notes else ''}")


def clock(moment: str) -> str:
    """Return the time of day of an RFC 3339 moment in UTC, as the sentences beside it tell theirs."""
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%H:%M:%S.%f")[:-5]
