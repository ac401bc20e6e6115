"""Whose calls were in flight is read from the dispatchers' logs; the end of each from its journal."""

import json
from pathlib import Path
from typing import Any

from services.cli.demo_kill import claimers
from services.cli.demo_report import settling


def moved(workflow_id: str, at: str, *what: str) -> str:
    return json.dumps({"event": "workflow.moved", "workflow_id": workflow_id, "what": what, "timestamp": at}) + "\n"


def test_the_last_who_claimed_a_row_is_who_calls(tmp_path: Path) -> None:
    first, second = tmp_path / "dispatcher-1.log", tmp_path / "dispatcher-2.log"
    first.write_text(
        moved("a", "2026-01-01T00:00:01Z", "accepted", "claimed")
        + moved("b", "2026-01-01T00:00:05Z", "claimed")
        + moved("c", "2026-01-01T00:00:05Z", "sent")
    )
    second.write_text(moved("a", "2026-01-01T00:00:03Z", "claimed") + moved("b", "2026-01-01T00:00:02Z", "claimed"))

    assert {"a": "dispatcher-2", "b": "dispatcher-1"} == claimers([("dispatcher-1", first), ("dispatcher-2", second)])


def test_a_line_that_was_cut_off_by_the_kill_is_no_error(tmp_path: Path) -> None:
    log = tmp_path / "dispatcher-1.log"
    log.write_text(moved("a", "2026-01-01T00:00:01Z", "claimed") + '{"what":["claimed"],"workflow_')

    assert {"a": "dispatcher-1"} == claimers([("dispatcher-1", log)])


def entry(at: str, what: str, text: str) -> dict[str, Any]:
    return {"at": at, "what": what, "text": text}


def test_a_call_is_settled_by_the_first_entry_after_the_kill() -> None:
    entries = [
        entry("2026-01-01T00:00:01.000Z", "claimed", "Viber is handed to the provider now. And so on."),
        entry("2026-01-01T00:00:30.000Z", "unsure", "Nobody knows whether the provider took Viber. And so on."),
        entry("2026-01-01T00:00:40.000Z", "final", "The end: SMS was delivered."),
    ]
    kill_at = 1_767_225_605.0  # 2026-01-01 00:00:05

    expected = ("Nobody knows whether the provider took Viber.", "The end: SMS was delivered.")
    assert expected == settling(entries, kill_at)


def test_a_call_that_nothing_settled_is_said_to_be_so() -> None:
    entries = [entry("2026-01-01T00:00:01.000Z", "claimed", "Viber is handed to the provider now.")]

    assert ("Nothing was written about it.", "It has not ended.") == settling(entries, 1_767_225_605.0)
