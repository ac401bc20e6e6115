"""`cascade find WORD`: the stories of what was sent to a number, or under a reference."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from services.cli.client import IngressClient
from services.cli.home import Home
from services.cli.story import say, say_end, timeline
from shared.errors import CascadeError

PAGE = 100
_NUMBER = re.compile(r"[+]?[0-9 ()./-]+")
_SPACING = re.compile(r"[^0-9]")


@click.command()
@click.argument("word", metavar="NUMBER_OR_REFERENCE")
@click.option("--status", help="Only those in this state (waiting, ...) or with this outcome (delivered, failed, ...).")
@click.option("--since", metavar="TIME", help="Accepted at this moment or later, such as 2026-03-02T09:15:04Z.")
@click.option("--until", metavar="TIME", help="Accepted before this moment.")
@click.option("--limit", type=click.IntRange(1, 1000), default=5, show_default=True, help="At most so many.")
@click.option("--short", is_flag=True, help="One line each, without the stories.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON, each with its timeline.")
@click.option("--application", metavar="ID")
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE")
def find(  # noqa: PLR0917  click hands over its options by name
    word: str,
    status: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    short: bool,
    as_json: bool,
    application: str | None,
    key: Path | None,
) -> None:
    """Find what was sent to a number or under a reference, newest first, and tell its story.

    A number may be typed as people write it: +44 7700 900-000.
    """
    client = IngressClient(Home.from_environment(), application=application, key=key)
    narrowed = {"status": status, "from_time": since, "to_time": until}
    asked = {name: value for name, value in narrowed.items() if value is not None}
    found = list(_found(client, word, asked, limit))
    if not found:
        raise CascadeError(f"Nothing of yours was sent to {word} or under that reference.")
    if as_json:
        told = [{**each, "entries": timeline(client, each["workflow_id"])} for each in found]
        click.echo(json.dumps(told, indent=2))
        return
    for workflow in found:
        click.echo(_headline(workflow))
        if not short:
            click.echo()
            for entry in timeline(client, workflow["workflow_id"]):
                say(entry)
            say_end(workflow)
            click.echo()


def bare(word: str) -> str:
    """Return a number without the signs that people put into it, anything else as it is."""
    return _SPACING.sub("", word) if _NUMBER.fullmatch(word) else word


def _found(client: IngressClient, word: str, asked: dict[str, str], limit: int) -> Iterator[dict[str, Any]]:
    """Yield the workflows to that recipient, and those under that reference, newest first."""
    ways = ({"to": bare(word)}, {"client_ref": word})
    both = {
        each["workflow_id"]: each for way in ways if all(way.values()) for each in _pages(client, way | asked, limit)
    }
    newest_first = sorted(both.values(), key=lambda each: (each["accepted_at"], each["workflow_id"]), reverse=True)
    yield from newest_first[:limit]


def _pages(client: IngressClient, asked: dict[str, str], limit: int) -> Iterator[dict[str, Any]]:
    left, cursor = limit, ""
    while left > 0:
        more = {"cursor": cursor} if cursor else {}
        page = client.get("/v1/workflows?" + urlencode({**asked, "limit": min(left, PAGE), **more}))
        yield from page["workflows"]
        left -= len(page["workflows"])
        cursor = page["next_cursor"]
        if not cursor:
            return


def _headline(workflow: dict[str, Any]) -> str:
    how = workflow.get("outcome") or workflow["state"]
    ways = " then ".join(f"{step['channel']} to {step['to']}" for step in workflow["steps"])
    reference = f"  {workflow['client_ref']}" if workflow["client_ref"] else ""
    return f"{workflow['accepted_at']}  {workflow['workflow_id']}  {how:<11} {ways}{reference}"
