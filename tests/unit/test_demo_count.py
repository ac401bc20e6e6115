"""What the demo counts as lost and as sent twice, shown on made-up worlds: a count that can't fail proves nothing."""

from collections import Counter
from typing import Any

import pytest

from services.cli.demo_count import Told, count, ending_of, received_by_mark, told_of
from services.cli.demo_heard import Heard, heard_of
from services.cli.demo_kinds import SMS, VIBER, Ending
from shared.model import Outcome

MARK = "m-0001"
ID = "01a20863-cef5-874b-ae1a-7d59246c5c00"


def told(**changes: Any) -> Told:
    usual: dict[str, Any] = {"mark": MARK, "workflow_id": ID, "outcome": Outcome.DELIVERED, "ends": 1, "by": VIBER}
    return Told(**{**usual, **changes})


def received(**by_channel: int) -> Counter[tuple[str, str]]:
    return Counter({(MARK, channel): number for channel, number in by_channel.items()})


def test_nothing_is_lost_and_nothing_sent_twice_where_each_message_came_once() -> None:
    counted = count([told()], received(viber_service=1, sms=1))

    assert (True, "lost 0, sent twice 0") == (counted.clean, counted.last_line)


@pytest.mark.parametrize(
    ("changes", "world"),
    [
        ({"outcome": None, "ends": 0, "by": None}, received(viber_service=1)),
        ({"ends": 0}, received(viber_service=1)),
        ({"ends": 2}, received(viber_service=1)),
        ({}, received()),
        ({}, received(sms=1)),
        ({"outcome": Outcome.READ}, received(sms=1)),
        ({"by": None}, received()),
    ],
    ids=[
        "it has not ended",
        "it ended without a word of it in the journal",
        "it ended twice",
        "delivered, and the provider knows nothing of it",
        "delivered on a channel on which nothing was received",
        "read on a channel on which nothing was received",
        "delivered somewhere, and the provider knows nothing of it",
    ],
)
def test_it_is_lost_where(changes: dict[str, Any], world: Counter[tuple[str, str]]) -> None:
    counted = count([told(**changes)], world)

    assert (1, 0, False) == (len(counted.lost), counted.sent_twice, counted.clean)
    assert ID in counted.lost[0]


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CANCELLED, Outcome.EXPIRED, Outcome.UNCONFIRMED])
def test_another_end_needs_no_message(outcome: Outcome) -> None:
    assert () == count([told(outcome=outcome, by=None)], received()).lost


def test_one_mark_twice_on_one_channel_was_sent_twice() -> None:
    counted = count([told()], received(viber_service=3, sms=1))

    assert (2, False) == (counted.sent_twice, counted.clean)
    assert MARK in counted.twice[0]


def test_a_re_send_that_the_journal_names_is_no_second_send() -> None:
    counted = count([told(by=SMS, resends={SMS: 1})], received(sms=2))

    assert (0, 1, True) == (counted.sent_twice, counted.resent, counted.clean)


def test_a_re_send_excuses_its_own_channel_and_its_own_workflow_only() -> None:
    other = told(mark="m-0002", resends={VIBER: 1})

    assert 1 == count([told(resends={SMS: 1}), other], received(viber_service=2)).sent_twice


def test_a_mark_that_nobody_was_told_a_202_for_counts_too() -> None:
    assert 1 == count([], received(viber_service=2)).sent_twice


def test_marks_are_read_from_the_texts_that_the_provider_received() -> None:
    messages = [
        {"channel": VIBER, "body": {"text": "[m-0001] Hello"}},
        {"channel": SMS, "body": {"text": "[m-0001] Hello"}},
        {"channel": SMS, "body": {"text": "[m-0001] Hello"}},
        {"channel": SMS, "body": {"text": "Hello m-0001"}},
        {"channel": SMS, "body": {}},
    ]

    assert Counter({("m-0001", SMS): 2, ("m-0001", VIBER): 1, ("", SMS): 2}) == received_by_mark(messages)


def test_the_api_is_read_for_outcome_ends_and_re_sends() -> None:
    workflow = {
        "workflow_id": ID,
        "state": "final",
        "outcome": "delivered",
        "also_reached": [1],
        "steps": [{"step": 1, "channel": VIBER}, {"step": 2, "channel": SMS}],
    }
    entries = [
        {"what": "claimed", "step": 1},
        {"what": "resend", "step": 2},
        {"what": "final", "step": 2},
    ]

    expected = Told(
        mark=MARK,
        workflow_id=ID,
        outcome=Outcome.DELIVERED,
        ends=1,
        by=SMS,
        also=(VIBER,),
        resends={SMS: 1},
    )
    assert expected == told_of(MARK, workflow, entries)


def test_an_accepted_workflow_that_nobody_knows_is_lost() -> None:
    unknown = told_of(MARK, {"workflow_id": ID}, [])

    assert 1 == len(count([unknown], received()).lost)
    assert ending_of(unknown, received()) is None


def test_an_ending_says_what_we_say_and_what_the_provider_received() -> None:
    expected = Ending(outcome=Outcome.DELIVERED, by=SMS, received={VIBER: 1, SMS: 1}, also=(VIBER,))

    assert expected == ending_of(told(by=SMS, also=(VIBER,)), received(viber_service=1, sms=1))


def test_a_webhook_that_was_delivered_twice_is_heard_once() -> None:
    status = {"webhook_id": "a", "body": {"status": "delivered"}, "signature": "good"}
    report = {"webhook_id": "b", "body": {"template": "failover"}, "signature": "wrong"}

    assert Heard(statuses=1, reports=1, ill_signed=1) == heard_of([status, status, report])
