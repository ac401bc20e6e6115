"""THE table of channels, and who counts as the same person (semantics 2, 8 and 9)."""

from __future__ import annotations

import pytest

from shared.channels import CHANNELS, QUEUED_CHANNELS, Address, Ttl, person_of, same_person
from shared.model import Delivery, Status

TTLS = {
    "sms": Ttl(minimum=20, useful=1800, maximum=604_800),
    "viber_service": Ttl(minimum=30, useful=30, maximum=259_200),
    "messenger": None,
}


def test_every_row_is_under_its_own_name_and_has_a_queue() -> None:
    assert [name for name, row in CHANNELS.items() if row.name != name] == []
    assert set(CHANNELS) <= set(QUEUED_CHANNELS)


@pytest.mark.parametrize("name", CHANNELS)
def test_the_ttl_of_a_channel(name: str) -> None:
    ttl = CHANNELS[name].ttl

    assert TTLS[name] == ttl
    assert ttl is None or ttl.minimum <= ttl.useful <= ttl.maximum


def test_one_resend_is_wanted_where_an_early_submitted_settles_most_doubts() -> None:
    assert {
        "sms": Delivery.AT_LEAST_ONCE,
        "viber_service": Delivery.AT_LEAST_ONCE,
        "messenger": Delivery.AT_MOST_ONCE,
    } == {name: row.delivery for name, row in CHANNELS.items()}


def test_which_receipts_a_channel_can_give() -> None:
    both = {Status.SUBMITTED, Status.DELIVERED}

    assert {"sms": both, "viber_service": both | {Status.READ}, "messenger": both | {Status.READ}} == {
        name: set(row.receipts) for name, row in CHANNELS.items()
    }


def test_a_type_is_found_by_its_name() -> None:
    found = CHANNELS["viber_service"].type_named("text")

    assert ("text", 1000) == ((found.content, found.text_maximum) if found is not None else None)
    assert None is CHANNELS["sms"].type_named("image")


@pytest.mark.parametrize(
    ("channel", "recipient", "named", "person"),
    [
        ("sms", "447700900000", None, "number:447700900000"),
        ("viber_service", "447700900000", None, "number:447700900000"),
        ("messenger", "psid-1", None, "messenger:psid-1"),
        ("sms", "447700900000", "ann", "person:ann"),
        ("messenger", "psid-1", "ann", "person:ann"),
    ],
)
def test_the_person_of_a_step(channel: str, recipient: str, named: str | None, person: str) -> None:
    assert person == person_of(channel, recipient, named)


def test_numbers_are_persons_and_ids_are_not() -> None:
    assert {"sms": Address.NUMBER, "viber_service": Address.NUMBER, "messenger": Address.ID} == {
        name: row.recipient for name, row in CHANNELS.items()
    }


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("number:1", "number:1", True),
        ("number:1", "number:2", False),
        ("number:1", "messenger:1", True),
        ("messenger:1", "messenger:1", True),
        ("messenger:1", "messenger:2", False),
        ("messenger:1", "email:1", True),
        ("person:ann", "person:ann", True),
        ("person:ann", "person:bob", False),
        ("person:ann", "number:1", False),
        ("messenger:1", "person:ann", False),
    ],
)
def test_who_can_not_be_compared_counts_as_the_same_person(first: str, second: str, same: bool) -> None:
    assert (same, same) == (same_person(first, second), same_person(second, first))
