"""Whatever a caller adds to a good body comes out again: every type, both generations, any texts and members."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.channels import CHANNELS
from shared.vonage.calls_v0_1 import v0_1_message
from shared.vonage.calls_v1 import v1_message
from shared.wire.message_rules import NO_CONTENT
from shared.wire.own_fields import OWN_WORDS
from shared.wire.requests import StartType
from tests.support.wire_rows import OLD_ROWS, V1_ROWS, Body, key_of, message_of

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
# Words that mean something somewhere else are the interesting ones.
NAMES = TEXT | st.sampled_from(
    "v0.1 flat step message content options type text number id name viber_service viber_service_msg sms whatsapp"
    " action context trusted_recipient suggestions category new channel message_type to from".split()
)


def grown(draw: st.DrawFn, target: dict[str, Any], taken: frozenset[str]) -> None:
    """Give an object up to three members that it does not have, by names that are not `taken`."""
    for name, value in draw(st.dictionaries(NAMES, VALUES, max_size=3)).items():
        if name not in taken and name not in target:
            target[name] = value


@st.composite
def flat_bodies(draw: st.DrawFn) -> Body:
    """A v1 row with a text of any words, and members that nobody knows."""
    name = draw(st.sampled_from(sorted(V1_ROWS)))
    body = copy.deepcopy(V1_ROWS[name])
    channel, kind = key_of(name)
    taken = NO_CONTENT | {channel, "trusted_recipient", "context", "suggestions"}
    grown(draw, body, taken)
    if kind == "text":
        body["text"] = draw(TEXT.filter(bool))
    inner = body[kind] if isinstance(body.get(kind), dict) else {}
    grown(draw, inner, frozenset({"name", "url", "id", "caption", "suggestions"}))
    if isinstance(body.get(channel), dict):
        grown(draw, body[channel], frozenset({"ttl", "category", "type", "action", "locale", "policy"}))
    return body


@st.composite
def nested_bodies(draw: st.DrawFn) -> Body:
    """A v0.1 row with a text of any words, and members that nobody knows at every level."""
    name = draw(st.sampled_from(sorted(OLD_ROWS)))
    body = copy.deepcopy(OLD_ROWS[name])
    channel, kind = key_of(name)
    message, content = body["message"], body["message"]["content"]
    old_name = str(CHANNELS[channel].v0_1_name)
    grown(draw, body, OWN_WORDS | {"client_ref", "webhook_url", "webhook_version", "ttl", "failover"})
    for address in (body["to"], body["from"]):
        grown(draw, address, frozenset({"number", "id"}))
    grown(draw, message, OWN_WORDS | {old_name} if channel in ("viber_service", "messenger", "whatsapp") else OWN_WORDS)
    grown(draw, content, OWN_WORDS)
    if kind == "text":
        content["text"] = draw(TEXT.filter(bool))
    if old_name in message and channel in ("viber_service", "messenger", "whatsapp"):
        grown(draw, message[old_name], frozenset({"ttl", "category", "type", "tag", "locale", "policy"}))
    return body


@settings(max_examples=120, deadline=None)
@given(flat_bodies())
def test_a_v1_body_comes_out_as_it_went_in(body: Body) -> None:
    message = message_of(StartType.MESSAGE_V1, body)

    sent = v1_message(message, message.ttl)

    assert json.dumps(without_reference(body), sort_keys=True) == json.dumps(sent, sort_keys=True)


@settings(max_examples=200, deadline=None)
@given(nested_bodies())
def test_a_v0_1_body_comes_out_as_it_went_in(body: Body) -> None:
    message = message_of(StartType.MESSAGE_V0_1, body)

    sent = v0_1_message(message, message.ttl)

    assert json.dumps(without_reference(body), sort_keys=True) == json.dumps(sent, sort_keys=True)


@settings(max_examples=120, deadline=None)
@given(nested_bodies())
def test_a_v0_1_body_always_has_a_v1_form_with_its_content_and_addresses(body: Body) -> None:
    message = message_of(StartType.MESSAGE_V0_1, body)

    sent = v1_message(message, message.ttl)

    kind, content = body["message"]["content"]["type"], body["message"]["content"]
    row = CHANNELS[message.channel]
    assert content[kind] == sent[kind]
    assert (row.name, kind) == (sent["channel"], sent["message_type"])
    assert (body["to"][row.v0_1_recipient], body["from"][row.v0_1_sender]) == (sent["to"], sent["from"])
    assert sorted(OWN_WORDS & sent.keys()) == []


def without_reference(body: Body) -> Body:
    return {name: member for name, member in body.items() if name != "client_ref"}
