"""Inbound messages for the caller: form, ids and references; everything else as it came."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.channels import CHANNELS
from shared.errors import WireError
from shared.vonage.webhooks import read_inbound
from shared.wire.inbound import V0_1_TYPES, inbound_webhook
from tests.unit.test_vonage_webhooks import WEBHOOK

GOLDEN = Path(__file__).parents[1] / "golden" / "webhooks"
SAMPLES = sorted(path.stem for path in GOLDEN.glob("inbound_*.json") if not path.stem.endswith(".read"))
OURS = "01932f00-0000-8000-8000-000000000001"
HOME = "https://api-eu.vonage.com/v1/messages/9b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d"
"""Where the provider says that the answer among the samples is found."""


def sample(name: str) -> tuple[bytes, dict[str, Any]]:
    raw = (GOLDEN / f"{name}.json").read_bytes()
    return raw, json.loads(raw)


def told(raw: bytes, **how: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(inbound_webhook(raw, **how))
    return body


def at_home(name: str) -> str | None:
    """Return where a sample says that it is found; who keeps to that address sees what else changes."""
    href = sample(name)[1].get("_self", {}).get("href")
    return str(href) if href else None


def has_both_forms(name: str) -> bool:
    message = read_inbound(sample(name)[0])
    row = CHANNELS.get(message.channel)
    return row is not None and row.v0_1_name is not None and message.kind in V0_1_TYPES


def form_of(name: str) -> str:
    return "v1" if name.startswith("inbound_v1") else "v0.1"


@pytest.mark.parametrize("name", SAMPLES)
def test_without_a_wish_the_very_bytes_go_on(name: str) -> None:
    raw, _ = sample(name)

    assert raw == inbound_webhook(raw, href=at_home(name))
    assert raw == inbound_webhook(raw, version=form_of(name), href=at_home(name))


@pytest.mark.parametrize("name", [name for name in SAMPLES if has_both_forms(name)])
def test_the_other_form_says_the_same_and_leads_back(name: str) -> None:
    raw, document = sample(name)
    there = inbound_webhook(raw, version="v0.1" if form_of(name) == "v1" else "v1", href=at_home(name))
    back = told(there, version=form_of(name), href=at_home(name))

    before, after = read_inbound(raw), read_inbound(there)
    assert there != raw
    assert before == after
    assert {**document, "message_type": before.kind} == {**back, "message_type": before.kind}


@pytest.mark.parametrize("name", [name for name in SAMPLES if not has_both_forms(name)])
def test_what_v0_1_never_knew_stays_as_it_came(name: str) -> None:
    raw, _ = sample(name)

    assert raw == inbound_webhook(raw, version="v0.1", href=at_home(name))


def test_a_text_for_an_application_of_v0_1_has_the_addresses_on_their_sides() -> None:
    raw = json.dumps(
        {
            "channel": "viber_service",
            "message_uuid": OURS,
            "to": "16273",
            "from": "447700900000",
            "timestamp": "2026-03-02T10:00:00Z",
            "message_type": "text",
            "text": "hello",
        }
    ).encode()

    assert {
        "to": {"type": "viber_service_msg", "id": "16273"},
        "from": {"type": "viber_service_msg", "number": "447700900000"},
        "message": {"content": {"type": "text", "text": "hello"}},
        "message_uuid": OURS,
        "timestamp": "2026-03-02T10:00:00Z",
    } == told(raw, version="v0.1")


def test_the_message_that_is_answered_is_named_by_our_own_id() -> None:
    raw, document = sample("inbound_v1_whatsapp_text_that_answers")

    assert {**document, "context": {**document["context"], "message_uuid": OURS}} == told(raw, answers=OURS, href=HOME)


@pytest.mark.parametrize(("client_ref", "expected"), [("order-17", {"client_ref": "order-17"}), (None, {})])
def test_our_reference_is_never_told(client_ref: str | None, expected: dict[str, str]) -> None:
    raw, document = sample("inbound_v1_whatsapp_text_that_answers")
    rest = {name: value for name, value in document.items() if name != "client_ref"}

    assert {**rest, **expected} == told(raw, ours=True, client_ref=client_ref, href=HOME)


@pytest.mark.parametrize("version", ["v1", "v0.1"])
@pytest.mark.parametrize("href", [f"https://cascade.example/v1/messages/{OURS}", None])
@pytest.mark.parametrize(
    "theirs", [{"href": HOME}, {}, None, "https://api-eu.vonage.com", {"href": HOME, "more": HOME}]
)
def test_the_providers_address_of_it_becomes_ours_or_is_left_out(
    theirs: object, href: str | None, version: str
) -> None:
    _, document = sample("inbound_v1_whatsapp_text_that_answers")
    body = told(json.dumps({**document, "_self": theirs}).encode(), version=version, href=href)

    assert ({} if href is None else {"_self": {"href": href}}) == {name: body[name] for name in body if name == "_self"}
    assert "vonage.com" not in json.dumps(body)


def test_what_came_without_an_address_gets_none() -> None:
    raw, _ = sample("inbound_v1_whatsapp_text_that_answers")
    bare = inbound_webhook(raw)

    assert bare == inbound_webhook(bare, href="https://cascade.example/v1/messages/x")


@given(WEBHOOK, st.sampled_from([None, "v1", "v0.1"]), st.sampled_from([None, OURS]))
def test_no_message_makes_it_raise_anything_but_a_wire_error(
    value: object, version: str | None, answers: str | None
) -> None:
    raw = json.dumps(value).encode()
    with suppress(WireError):
        told(raw, version=version, answers=answers, ours=isinstance(value, dict) and "client_ref" in value)
