"""What an account of the older generation is sent, and what can't be said to it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from shared.errors import NotExpressible, WireError
from shared.model import Message
from shared.vonage.calls import build_call
from shared.vonage.calls_v0_1 import v0_1_message
from shared.vonage.calls_v1 import v1_message
from shared.wire.requests import StartType
from tests.support.vonage_accounts import account
from tests.support.wire_rows import OLD_ROWS, V1_ROWS, changed, key_of, message_of

REFERENCE = "0190a6e2f0008abc8def012345678900.1.1"
OLD_ACCOUNT = replace(account(base_url="https://provider.example"), generation="v0.1")


def sent(message: Message, *, ttl: int | None = None) -> Any:
    call = build_call(
        OLD_ACCOUNT, message, reference=REFERENCE, ttl=ttl, authorization="Bearer x", user_agent="cascade/0.1.0"
    )
    assert ("POST", "https://provider.example/v0.1/messages") == (call.method, call.url)
    return json.loads(call.body)


@pytest.mark.parametrize("name", OLD_ROWS)
def test_a_call_carries_our_reference_and_never_the_callers(name: str) -> None:
    message = message_of(StartType.MESSAGE_V0_1, OLD_ROWS[name])

    assert {**OLD_ROWS[name], "client_ref": REFERENCE} == sent(message, ttl=message.ttl)
    assert len(REFERENCE) <= 40


def test_the_time_to_live_is_said_to_viber_and_left_out_elsewhere() -> None:
    viber = message_of(StartType.MESSAGE_V1, V1_ROWS["viber_service text"])
    sms = message_of(StartType.MESSAGE_V1, changed(V1_ROWS["sms text"], {"ttl": 600}))
    bare = replace(viber, content={"text": "Hi"})

    assert {"category": "transaction", "ttl": 595} == sent(viber, ttl=595)["message"]["viber_service_msg"]
    assert {"ttl": 30} == sent(bare, ttl=30)["message"]["viber_service_msg"]
    assert OLD_ROWS["sms text"]["message"] == sent(sms, ttl=600)["message"]


NO_WORDS: dict[str, tuple[str, dict[str, object], tuple[str, ...]]] = {
    "a quote": ("whatsapp text", {"context.message_uuid": "x"}, ("context",)),
    "an id that is no number": ("whatsapp text", {"to": "US.13491208655302741918"}, ("to",)),
    "a trusted recipient": ("sms text", {"trusted_recipient": True}, ("trusted_recipient",)),
    "options of an SMS": (
        "sms text",
        {"sms": {"encoding_type": "text", "entity_id": "7"}},
        ("sms.encoding_type", "sms.entity_id"),
    ),
    "a button": (
        "viber_service text",
        {"viber_service.action": {"url": "https://shop.example/", "text": "Go"}},
        ("viber_service.action",),
    ),
    **{
        f"a row it lacks: {name}": (name, {}, ("channel" if key_of(name)[0] in ("rcs", "email") else "message_type",))
        for name in V1_ROWS
        if name not in OLD_ROWS
    },
}


@pytest.mark.parametrize("name", NO_WORDS)
def test_what_v0_1_has_no_words_for_is_refused_by_name(name: str) -> None:
    row, changes, names = NO_WORDS[name]
    message = message_of(StartType.MESSAGE_V1, changed(V1_ROWS[row], changes))

    with pytest.raises(NotExpressible) as refusal:
        sent(message)

    assert ("v0.1", names) == (refusal.value.generation, refusal.value.names)
    assert f"v0.1 can't say: {', '.join(names)}" == str(refusal.value)


def test_what_an_older_caller_said_is_never_refused_by_an_older_account() -> None:
    body = changed(
        OLD_ROWS["viber_service text"],
        {
            "trusted_recipient": True,
            "to.name": "Ann",
            "from.name": "Shop",
            "message.context": {"message_uuid": "x"},
            "message.viber_service": {"action": 1},
            "message.viber_service_msg.action": {"text": "Go"},
            "message.viber_service_msg.new": 1,
            "message.content.viber_service": 7,
            "message.content.to": "447700900009",
            "message.content.suggestions": [],
        },
    )
    body["message"]["content"]["v0.1"] = "x"
    message = message_of(StartType.MESSAGE_V0_1, body)

    assert {**body, "client_ref": REFERENCE} == sent(message, ttl=message.ttl)
    quoting = changed(OLD_ROWS["whatsapp text"], {"message.content.context.message_uuid": "x"})
    assert {**quoting, "client_ref": REFERENCE} == sent(message_of(StartType.MESSAGE_V0_1, quoting))


def test_an_id_that_is_no_number_is_fine_where_ids_are_meant() -> None:
    message = message_of(StartType.MESSAGE_V1, changed(V1_ROWS["messenger text"], {"to": "psid-17"}))

    assert {"type": "messenger", "id": "psid-17"} == sent(message)["to"]


def test_words_of_ours_inside_a_nested_message_never_leave() -> None:
    body = changed(
        OLD_ROWS["sms text"], {"message.client_ref": f"{REFERENCE[:-1]}2", "message.content.engine": "local"}
    )

    with pytest.raises(WireError) as refusal:
        message_of(StartType.MESSAGE_V0_1, body)

    assert ["message.client_ref", "message.content.engine"] == [fault.name for fault in refusal.value.faults]


def test_options_that_v0_1_does_not_know_are_members_like_others() -> None:
    body = changed(OLD_ROWS["sms text"], {"message.sms": {"encoding_type": "text"}, "message.None": 1})
    message = message_of(StartType.MESSAGE_V0_1, body)

    assert {**body, "client_ref": REFERENCE} == sent(message)
    assert {"encoding_type": "text"} == v1_message(message, None)["sms"]


def test_members_of_nested_bodies_reach_v1_where_it_has_none_of_that_name() -> None:
    body = changed(
        OLD_ROWS["viber_service text"],
        {
            "trusted_recipient": True,
            "text": "not this one",
            "to.name": "Ann",
            "message.newer": [1],
            "message.trusted_recipient": False,
            "message.viber_service_msg.action": {"text": "Go"},
            "message.content.deeper": {"a": 1},
        },
    )

    expected = {
        **{name: member for name, member in V1_ROWS["viber_service text"].items() if name != "client_ref"},
        "deeper": {"a": 1},
        "newer": [1],
        "trusted_recipient": False,
        "viber_service": {"category": "transaction", "ttl": 600, "action": {"text": "Go"}},
    }
    message = message_of(StartType.MESSAGE_V0_1, body)
    assert expected == v1_message(message, message.ttl)


def test_a_flat_member_named_like_the_home_of_nested_ones_goes_out_as_it_came() -> None:
    body = {**V1_ROWS["sms text"], "v0.1": {"step": {"x": 1}}}
    message = message_of(StartType.MESSAGE_V1, body)

    assert {"step": {"x": 1}} == v1_message(message, None)["v0.1"]
    assert "x" not in v1_message(message, None)
    nested: Any = v0_1_message(message, None)
    assert {"type": "text", "text": body["text"], "v0.1": {"step": {"x": 1}}} == nested["message"]["content"]


@pytest.mark.parametrize("name", ["whatsapp audio", "whatsapp video"])
def test_where_a_channel_has_no_range_the_callers_ttl_goes_to_v1_as_it_came(name: str) -> None:
    message = message_of(StartType.MESSAGE_V1, changed(V1_ROWS[name], {"ttl": 17}))

    assert (17, 9) == (v1_message(message, None)["ttl"], v1_message(message, 9)["ttl"])
