"""What happened to a step, and the status webhook that its caller gets: the table of semantics 11, row by row."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.dispatcher.events import TellEnd, TellStatus
from services.dispatcher.telling import end_told, status_told
from shared.model import Generation, Problem, RequestKind, Workflow
from shared.outcomes import Refused
from shared.store.directory import ApiKey, Directory, Tenant
from tests.support.plans import BUSY, NO_ANSWER, NUMBER, START, step, stop, viber_then_sms, workflow
from tests.support.play import Play

DIRECTORY = Directory(
    now=START,
    deployment_secret=b"",
    tenants={"acme": Tenant(name="acme", status_url="https://acme.example/status")},
    keys={"k": ApiKey(api_key="k", tenant="acme", secret_hashes=(), signature_secret="s" * 32)},
)
OPTED_OUT = frozenset({f"number:{NUMBER}"})
REFUSED = Refused(
    problem=Problem(
        code="1420",
        title="Invalid sender",
        detail="The sender is not known there.",
        type="https://developer.vonage.com/api-errors/messages#1420",
    )
)
Told = list[tuple[int, str, str | None]]
"""Step, status and code of each webhook, in order."""


def one(**fields: object) -> Play:
    return Play(workflow(step(1, "sms"), **fields))  # type: ignore[arg-type]


def one_out(**fields: object) -> Play:
    return one(**fields).claim().accepted()


def two(**fields: object) -> Play:
    return Play(viber_then_sms(**fields))


def resent() -> Play:
    """Return a single message whose first call was in doubt and whose one re-send was accepted."""
    return one().claim().at(15).answer(NO_ANSWER).due_at(135).claim().accepted()


def skipped() -> Play:
    skip = (stop("skip", since=0, channel="viber_service", account=None),)
    return two().world(stops=skip).stopped()


def struck_out() -> Play:
    steps = (step(1, "viber_service", window=600, recipient="447700900555"), step(2, "sms"))
    return Play(workflow(*steps, final_receipt_time=700)).claim().accepted().world(suppressed=OPTED_OUT).due_at(600)


TABLE: dict[str, tuple[Callable[[], Play], Told]] = {
    "submitted": (lambda: one_out().receipt("submitted"), [(1, "submitted", None)]),
    "delivered": (lambda: one_out().receipt("delivered"), [(1, "delivered", None)]),
    "read": (lambda: two(condition="read").claim().accepted().receipt("read"), [(1, "read", None)]),
    "submitted, then delivered, then read": (
        lambda: two().claim().accepted().receipt("submitted").receipt("delivered").receipt("read"),
        [(1, "submitted", None), (1, "delivered", None), (1, "read", None)],
    ),
    "read before delivered, and submitted last": (
        lambda: two().claim().accepted().receipt("read").receipt("delivered").receipt("submitted"),
        [(1, "read", None)],
    ),
    "delivered twice": (lambda: one_out().receipt("delivered").receipt("delivered"), [(1, "delivered", None)]),
    "delivered from the first attempt": (
        lambda: resent().receipt("delivered", attempt=1),
        [(1, "delivered", None)],
    ),
    "delivered from the second attempt": (
        lambda: resent().receipt("delivered", attempt=2),
        [(1, "delivered", None)],
    ),
    "delivered from a step left behind": (
        lambda: two().claim().accepted().due_at(600).claim().accepted().receipt("delivered", step=1),
        [(1, "delivered", None)],
    ),
    "rejected, not tried again": (lambda: one_out().negative("1300"), [(1, "rejected", "1300")]),
    "undeliverable, not tried again": (
        lambda: one_out().negative("1260", status="undeliverable"),
        [(1, "undeliverable", "1260")],
    ),
    "rejected, and the next step succeeds": (
        lambda: two().claim().accepted().negative("1300").claim().accepted().receipt("delivered"),
        [(1, "rejected", "1300"), (2, "delivered", None)],
    ),
    "rejected, and it will be tried again": (lambda: one_out().negative("1000"), []),
    "rejected while another attempt may be out": (lambda: resent().negative("1300", attempt=2), []),
    "rejected for a fault of ours, which a stop mends": (lambda: one_out().negative("1070"), []),
    "refused by HTTP": (lambda: one().claim().answer(REFUSED), [(1, "rejected", "1420")]),
    "send_by over, nothing sent": (lambda: one(valid_for=60).due_at(60), [(1, "rejected", "1360")]),
    "send_by over while busy": (
        lambda: one(valid_for=60).claim().answer(BUSY).due_at(60),
        [(1, "rejected", "1360")],
    ),
    "suppressed": (lambda: one().world(suppressed=OPTED_OUT).claim(), [(1, "rejected", "1240")]),
    "struck out": (struck_out, [(2, "rejected", "1240")]),
    "opted out by this very message": (
        lambda: two().claim().accepted().negative("1240"),
        [(1, "rejected", "1240"), (2, "rejected", "1240")],
    ),
    "passed over unsent: not_accepted": (lambda: two().claim().answer(BUSY).due_at(600), []),
    "passed over unsent: skipped": (skipped, []),
    "passed over unsent: operator": (lambda: two().next_now(), []),
    "unconfirmed": (lambda: one_out().run_out(400_000), []),
    "cancelled": (lambda: one().cancel(), []),
    "cancelled while it may be out": (lambda: one_out().cancel(), []),
}
FORMS = {"v1": Generation.V1, "v0.1": Generation.V0_1, "beta": Generation.BETA}


def webhooks(play: Play, generation: Generation) -> list[dict[str, Any]]:
    """Return the bodies that the caller is sent, in the form of a generation."""
    entries = {entry.sequence: entry for entry in play.entries}
    told = replace(play.workflow, generation=generation)
    rows = [
        row
        for effect in play.effects
        if isinstance(effect, TellStatus)
        for row in status_told(told, entries[effect.sequence], effect, DIRECTORY)
    ]
    assert {"status"} >= {row.kind for row in rows}
    assert len({row.callback_id for row in rows}) == len(rows)
    return [json.loads(row.body) for row in rows]


def code_of(body: dict[str, Any]) -> str | None:
    error = body.get("error")
    return None if error is None else str(error.get("title") or error.get("code"))


@pytest.mark.parametrize("generation", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(("played", "expected"), TABLE.values(), ids=TABLE)
def test_the_caller_is_told_what_the_table_says(
    played: Callable[[], Play], expected: Told, generation: Generation
) -> None:
    bodies = webhooks(played(), generation)

    assert expected == [(int(body["message_uuid"][-2:], 16), body["status"], code_of(body)) for body in bodies]


def test_a_refusals_own_problem_is_the_error() -> None:
    (body,) = webhooks(one().claim().answer(REFUSED), Generation.V1)
    (older,) = webhooks(one().claim().answer(REFUSED), Generation.V0_1)

    assert {
        "type": "https://developer.vonage.com/api-errors/messages#1420",
        "title": "1420",
        "detail": "The sender is not known there.",
    } == {name: value for name, value in body["error"].items() if name != "instance"}
    assert {"code": 1420, "reason": "Invalid sender"} == older["error"]


def reports(play: Play, told: Workflow | None = None) -> list[dict[str, Any]]:
    entries = {entry.sequence: entry for entry in play.entries}
    ends = [effect for effect in play.effects if isinstance(effect, TellEnd)]
    return [
        json.loads(row.body)
        for effect in ends
        for row in end_told(told or play.workflow, entries[effect.sequence], DIRECTORY)
    ]


ENDS: dict[str, tuple[Callable[[], Play], tuple[str, str, bool]]] = {
    "delivered": (lambda: two().claim().accepted().receipt("delivered"), ("completed", "delivered", True)),
    "read": (lambda: two().claim().accepted().receipt("read"), ("completed", "read", True)),
    "by the fallback": (
        lambda: two().claim().accepted().negative("1300").claim().accepted().receipt("delivered"),
        ("completed", "delivered", True),
    ),
    "below its condition": (
        lambda: two(condition="read").claim().accepted().receipt("delivered").run_out(700_000),
        ("error", "delivered", False),
    ),
    "failed": (
        lambda: two().claim().accepted().negative("1300").claim().accepted().negative("1300"),
        ("error", "failed", False),
    ),
    "expired": (lambda: two(valid_for=60).due_at(60), ("error", "expired", False)),
    "unconfirmed": (lambda: two().claim().accepted().run_out(700_000), ("error", "unconfirmed", False)),
    "cancelled": (lambda: two().cancel(), ("error", "cancelled", False)),
}


@pytest.mark.parametrize(("played", "expected"), ENDS.values(), ids=ENDS)
def test_the_end_of_a_workflow_is_told_once_with_our_outcome_beside_it(
    played: Callable[[], Play], expected: tuple[str, str, bool]
) -> None:
    (report,) = reports(played())

    assert expected == (report["status"], report["outcome"], report["condition_met"])


def test_a_report_is_not_repeated_for_an_amendment() -> None:
    play = two().claim().accepted().due_at(600).claim().accepted().receipt("delivered", step=2, price="0.05")
    play.receipt("delivered", step=1, price="0.07")

    assert "workflow.amended" in {entry.event for entry in play.entries}
    (report,) = reports(play)
    assert "completed" == report["status"]


def test_a_single_message_has_no_report() -> None:
    assert [] == reports(
        Play(workflow(step(1, "sms"), kind=RequestKind.MESSAGE)).claim().accepted().receipt("delivered")
    )
