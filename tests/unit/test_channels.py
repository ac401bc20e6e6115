"""THE table of channels, and who counts as the same person (semantics 2, 8 and 9)."""

from __future__ import annotations

import pytest

from shared.channels import CHANNELS, QUEUED_CHANNELS, Ttl, person_of, same_person, text_maximum
from shared.model import Delivery, Status

TTLS = {
    "sms": Ttl(minimum=1, safe=20, useful=1800, maximum=604_800),
    "mms": Ttl(minimum=300, safe=300, useful=300, maximum=259_200),
    "rcs": Ttl(minimum=20, safe=20, useful=20, maximum=259_200),
    "whatsapp": None,
    "viber_service": Ttl(minimum=30, safe=30, useful=30, maximum=259_200),
    "messenger": None,
    "email": None,
}
ONE_RESEND = {"sms", "mms", "rcs", "whatsapp", "viber_service"}
NO_READ = {"sms", "mms"}
ROWS = {
    "sms": "text",
    "mms": "text image vcard audio video file content",
    "rcs": "text image video file card carousel custom",
    "whatsapp": "text image audio video file template sticker reaction custom",
    "viber_service": "text image video file template",
    "messenger": "text image audio video file custom",
    "email": "text html content",
}
OLD_ROWS = {
    "sms": "text",
    "mms": "image",
    "whatsapp": "text image audio video file template custom",
    "viber_service": "text image template",
    "messenger": "text image audio video file custom",
}


def test_every_row_is_under_its_own_name_and_has_a_queue() -> None:
    assert [name for name, row in CHANNELS.items() if row.name != name] == []
    assert tuple(CHANNELS) == QUEUED_CHANNELS


def test_the_types_of_each_channel_in_each_generation() -> None:
    assert ROWS == {name: " ".join(each.name for each in row.types) for name, row in CHANNELS.items()}
    assert OLD_ROWS == {
        name: " ".join(each.name for each in row.types if each.in_v0_1)
        for name, row in CHANNELS.items()
        if row.v0_1_name is not None
    }
    assert {"sms", "whatsapp", "viber_service", "messenger"} == {row.name for row in CHANNELS.values() if row.in_beta}


@pytest.mark.parametrize("name", CHANNELS)
def test_the_ttl_of_a_channel(name: str) -> None:
    ttl = CHANNELS[name].ttl

    assert TTLS[name] == ttl
    assert ttl is None or ttl.minimum <= ttl.safe <= ttl.useful <= ttl.maximum


def test_one_resend_is_wanted_where_an_early_submitted_settles_most_doubts() -> None:
    assert ONE_RESEND == {name for name, row in CHANNELS.items() if row.delivery is Delivery.AT_LEAST_ONCE}


def test_which_receipts_a_channel_can_give() -> None:
    both = {Status.SUBMITTED, Status.DELIVERED}

    assert {name: both if name in NO_READ else both | {Status.READ} for name in CHANNELS} == {
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
        ("mms", "447700900000", None, "number:447700900000"),
        ("rcs", "447700900000", None, "number:447700900000"),
        ("whatsapp", "447700900000", None, "number:447700900000"),
        ("whatsapp", "US.13491208655302741918", None, "whatsapp:US.13491208655302741918"),
        ("email", "Ann@Shop.Example", None, "email:ann@shop.example"),
        ("sms", "447700900000", "ann", "person:ann"),
        ("messenger", "psid-1", "ann", "person:ann"),
    ],
)
def test_the_person_of_a_step(channel: str, recipient: str, named: str | None, person: str) -> None:
    assert person == person_of(channel, recipient, named)


def test_a_text_has_its_most_characters_where_the_table_has_a_limit() -> None:
    assert 3072 == text_maximum("rcs", "text")
    for channel, kind in (("sms", "image"), ("email", "text")):
        with pytest.raises(KeyError, match=f"{channel} {kind}"):
            text_maximum(channel, kind)


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
