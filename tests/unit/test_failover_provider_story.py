"""What is written of a workflow that the provider runs, entry by entry, and what its calls carry."""

from __future__ import annotations

import pytest

from services.dispatcher.events import Call, Outside
from shared.model import AttemptState, Entry, State, What
from shared.outcomes import HandedOver, Refused
from tests.support.plans import BUSY, HANDED, NO_ANSWER, REFUSAL, START, for_the_provider, our_fault
from tests.support.play import Play

WHOLE = {"channel": "viber_service", "engine": "provider"}
Line = tuple[float, str, int | None, int | None, str | None, dict[str, object]]


def line(entry: Entry) -> Line:
    """Return when it was, what, step, attempt, reason, and the facts but what is waited for."""
    facts = {key: value for key, value in entry.facts.items() if key != "waits_for"}
    reason = None if entry.reason is None else entry.reason.value
    return entry.at - START, entry.what.value, entry.step, entry.attempt, reason, facts


def test_every_entry_says_that_it_speaks_of_the_whole() -> None:
    play = Play(for_the_provider(), outside=Outside(accounts=("eu", "eu"))).at(1).claim().at(2).answer(BUSY)
    play.due_at(300).claim().at(301).answer(our_fault("account")).at(400).resumed(since=301).claim()
    play.at(402).answer(NO_ANSWER).at(430).answer(HANDED).cancel()

    problem = {"code": "402", "title": "Low balance"}
    expected: list[Line] = [
        (0, "accepted", None, None, None, {"steps": ["viber_service", "sms"]}),
        (1, "claimed", 1, 1, None, {**WHOLE, "account": "eu"}),
        (2, "not_sent", 1, 1, "busy", {**WHOLE, "code": "429", "title": "too many"}),
        (300, "ready", 1, None, None, {"channel": "viber_service"}),
        (300, "claimed", 1, 1, None, {**WHOLE, "account": "eu"}),
        (301, "not_sent", 1, 1, "stopped", {**WHOLE, "scope": "account", "account": "eu", **problem}),
        (301, "held", 1, None, "stopped", {**WHOLE, "scope": "account", **problem}),
        (400, "ready", 1, None, "resumed", {"channel": "viber_service"}),
        (400, "claimed", 1, 1, None, {**WHOLE, "account": "eu"}),
        (402, "unsure", 1, 1, "unsure", {**WHOLE, "code": "timeout", "title": "no answer in 15 s"}),
        (430, "sent", 1, 1, None, {**WHOLE, "provider_workflow": "d-1", "late": True}),
        (430, "too_late", None, None, "cancelled", {}),
    ]
    assert expected == [line(entry) for entry in play.entries]
    assert ["caller"] == [entry.by for entry in play.entries_of(What.TOO_LATE)]
    assert [1] == [index for index, entry in enumerate(play.entries) if entry.event == "workflow.step_started"]


@pytest.mark.parametrize(("v1", "awaited"), [(False, "report"), (True, "receipts")])
def test_a_dispatch_waits_for_its_report_and_a_chain_which_has_none_for_receipts(v1: bool, awaited: str) -> None:
    play = Play(for_the_provider(v1=v1)).claim().answer(HandedOver(workflow_id="w-1", provider_uuid="u-1"))

    assert ["turn", "lease", awaited] == [entry.facts["waits_for"] for entry in play.entries]


def test_the_answer_of_v1_names_the_first_message_too() -> None:
    answer = HandedOver(workflow_id="w-1", provider_uuid="u-1")
    play = Play(for_the_provider(v1=True)).claim().answer(answer)

    facts = {**WHOLE, "provider_uuid": "u-1", "provider_workflow": "w-1"}
    assert (0, "sent", 1, 1, None, facts) == line(play.entries[-1])
    assert "u-1" == play.workflow.steps[0].attempts[0].provider_uuid


def test_a_uuid_that_a_receipt_brought_first_stays() -> None:
    play = Play(for_the_provider(v1=True)).claim().answer(NO_ANSWER)
    play.receipt("submitted", step=1, attempt=1, uuid="u-0").answer(HandedOver(workflow_id="w-1", provider_uuid="u-1"))

    assert ("u-0", "w-1") == (play.workflow.steps[0].attempts[0].provider_uuid, play.workflow.provider_id)


def test_the_call_is_for_the_whole() -> None:
    play = Play(for_the_provider(), outside=Outside(accounts=("eu", "eu"))).at(1).claim()

    expected = Call(step=1, attempt=1, account="eu", claimed_at=START + 1, ttl=None, whole=True)
    assert [expected] == [effect for effect in play.effects if isinstance(effect, Call)]


def test_what_did_not_happen_leaves_the_attempt_with_its_problem_alone() -> None:
    play = Play(for_the_provider()).claim().due_at(31).at(40).answer(BUSY)

    (attempt,) = play.workflow.steps[0].attempts
    assert (AttemptState.NOT_SENT, BUSY.problem, None) == (attempt.state, attempt.problem, attempt.sent_at)
    assert (None, None) == (play.workflow.steps[0].settle_by, play.workflow.lease_until)


def test_a_held_row_knows_since_when() -> None:
    play = Play(for_the_provider()).claim().answer(BUSY).due_at(300).claim().at(301).answer(our_fault("channel"))

    step = play.workflow.steps[0]
    assert (301.0, None, None) == (play.after(step.held_since), step.retry_at, play.workflow.lease_until)


def test_a_call_in_doubt_keeps_its_problem() -> None:
    play = Play(for_the_provider()).claim().answer(NO_ANSWER)

    assert NO_ANSWER.problem == play.workflow.steps[0].attempts[0].problem


def test_no_call_starts_after_send_by() -> None:
    play = Play(for_the_provider(valid_for=60)).at(60).claim()

    assert ([], "expired") == (play.calls, play.outcome)


def test_the_time_for_an_end_is_over_by_the_clock_while_nobody_takes_webhooks() -> None:
    play = Play(for_the_provider()).claim().at(2).answer(HANDED).at(2 + 600 + 86_400)

    assert State.WAITING is play.due(read_to=0).state
    assert "unconfirmed" == play.due(read_to=0, blind=True).outcome


def test_what_is_run_here_says_why() -> None:
    suppressed = Play(for_the_provider()).world(suppressed=frozenset({"number:447700900000"})).claim()
    accounts = Play(for_the_provider(), outside=Outside(accounts=("eu", "us"))).claim()
    refused = Play(for_the_provider()).claim().answer(Refused(problem=REFUSAL.problem))

    said = [play.entries_of(What.TAKEN_OVER)[0].facts for play in (suppressed, accounts, refused)]
    assert [
        ("suppressed", "Somebody it is for asked not to be written to"),
        ("accounts", "Its messages belong to different accounts"),
        ("1330", "refused"),
    ] == [(facts["code"], facts["title"]) for facts in said]
