"""Every row of the sandbox's tables takes a good message and refuses each way of spoiling it, by the member's name."""

import copy
from typing import Any

import pytest

from services.sandbox import v0_1_rows, v1_rows
from services.sandbox.bodies import faults_of, message_faults, workflow_faults
from tests.support.sandbox_samples import MEDIA, UUID, V0_1_MESSAGES, V1_CONTENT, v0_1_sample, v1_sample

V1, V0_1 = sorted(v1_rows.ROWS), sorted(v0_1_rows.ROWS)
OWN_WORDS = {
    "valid_for": 600,
    "final_receipt_time": 600,
    "delivery": "at_most_once",
    "when_stopped": "next",
    "priority": "high",
    "align_ttl": False,
    "engine": "local",
    "person": "ada",
    "expiry_time": 600,
    "condition_status": "read",
}
GONE = object()


def changed(body: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Give a copy with the member at `card.suggestions.0.text` set, or taken away."""
    spoiled = copy.deepcopy(body)
    *outer, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = spoiled
    for step in outer:
        place = place[step] if isinstance(step, int) else place.setdefault(step, {})
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return spoiled


def names(faults: list[Any]) -> list[str]:
    return sorted(fault.name for fault in faults)


def test_there_is_a_sample_for_each_row_and_no_other() -> None:
    assert set(v1_rows.ROWS) == set(V1_CONTENT)
    assert set(v0_1_rows.ROWS) == set(V0_1_MESSAGES)


@pytest.mark.parametrize(("channel", "kind"), V1)
def test_a_v1_row_takes_its_sample_alone_and_with_what_all_messages_share(channel: str, kind: str) -> None:
    body = v1_sample(channel, kind)
    shared = {"client_ref": "order-17", "webhook_url": "https://acme.example/hook", "webhook_version": "v0.1"}

    assert faults_of(body) == []
    assert faults_of({**body, **shared}) == []
    assert faults_of({**body, "failover": [v1_sample("sms", "text")]}) == []


@pytest.mark.parametrize(("channel", "kind"), V1)
def test_a_v1_row_refuses_every_word_of_ours_and_misses_each_member_it_needs(channel: str, kind: str) -> None:
    body = v1_sample(channel, kind)
    needed = ["to", "from", *v1_rows.ROWS[channel, kind].content]

    assert sorted(OWN_WORDS) == names(faults_of({**body, **OWN_WORDS}))
    assert faults_of({**body, **OWN_WORDS}, strict=False) == []
    for name in needed:
        assert [name] == names(faults_of(changed(body, name, GONE)))
        assert [name] == names(faults_of(changed(body, name, 7)))


@pytest.mark.parametrize(("channel", "kind"), V0_1)
def test_a_v0_1_row_takes_its_sample_alone_and_in_a_workflow(channel: str, kind: str) -> None:
    body = v0_1_sample(channel, kind)
    failover = {"expiry_time": 15, "condition_status": "read"}
    workflow = {"template": "failover", "workflow": [{**body, "failover": failover}, body]}

    assert message_faults({**body, "client_ref": "r" * 40}, "v0.1") == []
    assert workflow_faults(workflow, "v0.1") == []
    assert [] == message_faults(body, "beta") if v0_1_rows.ROWS[channel, kind].beta else True


@pytest.mark.parametrize(("channel", "kind"), V0_1)
def test_a_v0_1_row_refuses_every_word_of_ours_and_misses_each_member_it_needs(channel: str, kind: str) -> None:
    body = v0_1_sample(channel, kind)
    to_key, from_key = v0_1_rows.ADDRESSES[channel].to[0], v0_1_rows.ADDRESSES[channel].sender[0]

    assert sorted(OWN_WORDS) == names(message_faults({**body, **OWN_WORDS}, "v0.1"))
    assert message_faults({**body, **OWN_WORDS}, "v0.1", strict=False) == []
    for name in (f"to.{to_key}", f"from.{from_key}", f"message.content.{kind}"):
        assert [name] == names(message_faults(changed(body, name, GONE), "v0.1"))
        assert [name] == names(message_faults(changed(body, name, 7), "v0.1"))
    assert ["from.type"] == names(message_faults(changed(body, "from.type", "fax"), "v0.1"))
    assert ["message.content.colour"] == names(message_faults(changed(body, "message.content.colour", "red"), "v0.1"))


CARD, SUGGESTION = ("rcs", "card"), ("rcs", "text")
V1_SPOILED: list[tuple[tuple[str, str], str, object, str]] = [
    (("mms", "image"), "from", "Acme", "from"),
    (("mms", "image"), "ttl", 299, "ttl"),
    (("mms", "image"), "ttl", 300.0, "ttl"),
    (("mms", "image"), "ttl", 10**30, "ttl"),
    (("mms", "image"), "image.url", "file:///etc/passwd", "image.url"),
    (("mms", "image"), "image.url", "https://" + "x" * 2000, "image.url"),
    (("mms", "image"), "image.caption", "x" * 3001, "image.caption"),
    (("mms", "image"), "image.name", "hat", "image.name"),
    (("mms", "content"), "content", [], "content"),
    (("mms", "content"), "content.0.type", "text", "content[0].type"),
    (("mms", "content"), "content.1.url", GONE, "content[1].url"),
    (("viber_service", "text"), "ttl", 600, "ttl"),
    (("viber_service", "text"), "viber_service.action.text", "x" * 31, "viber_service.action.text"),
    (("viber_service", "text"), "viber_service.ttl", 29, "viber_service.ttl"),
    (("viber_service", "video"), "viber_service", GONE, "viber_service"),
    (("viber_service", "video"), "viber_service.duration", "601", "viber_service.duration"),
    (("viber_service", "video"), "viber_service.file_size", 0, "viber_service.file_size"),
    (("viber_service", "video"), "video.thumb_url", GONE, "video.thumb_url"),
    (("viber_service", "file"), "file.name", "x" * 26, "file.name"),
    (("messenger", "image"), "messenger.category", "message_tag", "messenger.tag"),
    (("messenger", "image"), "image.caption", "x", "image.caption"),
    (("messenger", "image"), "ttl", 600, "ttl"),
    (("rcs", "text"), "from", "Acme Bank", "from"),
    (("rcs", "text"), "text", "x" * 3073, "text"),
    (("rcs", "text"), "suggestions", [{"type": "reply", "text": "x", "postback_data": "x"}] * 12, "suggestions"),
    (SUGGESTION, "suggestions.0.type", "wave", "suggestions[0].type"),
    (SUGGESTION, "suggestions.0.text", "x" * 26, "suggestions[0].text"),
    (SUGGESTION, "suggestions.0.url", MEDIA, "suggestions[0].url"),
    (SUGGESTION, "suggestions.1.phone_number", "none", "suggestions[1].phone_number"),
    (SUGGESTION, "suggestions.2.latitude", 51.5, "suggestions[2].latitude"),
    (SUGGESTION, "suggestions.4.postback_data", GONE, "suggestions[4].postback_data"),
    (SUGGESTION, "suggestions.5.view_mode", "WIDE", "suggestions[5].view_mode"),
    (SUGGESTION, "suggestions.6.start_time", "tomorrow", "suggestions[6].start_time"),
    (CARD, "card.media_height", GONE, "card.media_height"),
    (CARD, "rcs.card_orientation", "HORIZONTAL", "rcs.image_alignment"),
    (CARD, "card.title", "x" * 201, "card.title"),
    (CARD, "card.media_url", GONE, "card.media_url"),
    (CARD, "rcs.category", "chat", "rcs.category"),
    (("rcs", "carousel"), "carousel.cards", V1_CONTENT["rcs", "carousel"]["carousel"]["cards"][:1], "carousel.cards"),
    (("rcs", "carousel"), "carousel.cards.1.text", "", "carousel.cards[1].text"),
    (("rcs", "carousel"), "carousel", [{"title": "Hat", "text": "Red", "media_url": MEDIA}], "carousel"),
    (("whatsapp", "text"), "to", "+447700900123", "to"),
    (("whatsapp", "text"), "context.message_uuid", "17", "context.message_uuid"),
    (("whatsapp", "text"), "ttl", 600, "ttl"),
    (("whatsapp", "template"), "whatsapp.locale", GONE, "whatsapp.locale"),
    (("whatsapp", "template"), "whatsapp.policy", "fallback", "whatsapp.policy"),
    (("whatsapp", "template"), "template.parameters", [{"default": "Ada"}], "template.parameters[0]"),
    (("whatsapp", "sticker"), "sticker.id", UUID, "sticker"),
    (("whatsapp", "sticker"), "sticker", {}, "sticker"),
    (("whatsapp", "reaction"), "reaction.emoji", GONE, "reaction.emoji"),
    (("whatsapp", "reaction"), "reaction.action", "unreact", "reaction.emoji"),
    (("email", "text"), "to", "ada", "to"),
    (("email", "text"), "email.subject", GONE, "email.subject"),
    (("email", "text"), "email.importance", "Highest", "email.importance"),
    (("email", "content"), "content.0.body", "x", "content[0].body"),
    (("sms", "text"), "webhook_version", "v2", "webhook_version"),
    (("sms", "text"), "failover", [], "failover"),
    (("sms", "text"), "failover", [7], "failover[0]"),
]


@pytest.mark.parametrize(
    ("row", "path", "value", "name"), V1_SPOILED, ids=[f"{row[0]} {row[1]} {path}" for row, path, _, _ in V1_SPOILED]
)
def test_a_spoiled_v1_message_is_refused_by_the_member(
    row: tuple[str, str], path: str, value: object, name: str
) -> None:
    body = changed(v1_sample(*row), path, value)

    assert [name] == names(faults_of(body))
    if not path.startswith("failover"):
        assert [f"failover[0].{name}"] == names(faults_of({**v1_sample("rcs", "text"), "failover": [body]}))


V0_1_SPOILED: list[tuple[tuple[str, str], str, object, str]] = [
    (("sms", "text"), "to.number", "+447700900123", "to.number"),
    (("sms", "text"), "to.number", 447700900123, "to.number"),
    (("sms", "text"), "to.id", "17", "to.id"),
    (("sms", "text"), "from.type", "mms", "from.type"),
    (("sms", "text"), "message.content.text", "x" * 3201, "message.content.text"),
    (("sms", "text"), "message.sms", {}, "message.sms"),
    (("sms", "text"), "ttl", 600, "ttl"),
    (("sms", "text"), "webhook_url", MEDIA, "webhook_url"),
    (("sms", "text"), "client_ref", "r" * 41, "client_ref"),
    (("mms", "image"), "message.content.image.url", GONE, "message.content.image.url"),
    (("viber_service_msg", "text"), "message.viber_service_msg.ttl", 29, "message.viber_service_msg.ttl"),
    (("viber_service_msg", "text"), "message.viber_service_msg.action", {}, "message.viber_service_msg.action"),
    (("viber_service_msg", "template"), "message.content.template.name", GONE, "message.content.template.name"),
    (
        ("viber_service_msg", "template"),
        "message.content.template.parameters",
        [7],
        "message.content.template.parameters[0]",
    ),
    (("messenger", "text"), "message.messenger.category", "message_tag", "message.messenger.tag"),
    (("messenger", "custom"), "message.content.custom", "x", "message.content.custom"),
    (("whatsapp", "template"), "message.whatsapp", GONE, "message.whatsapp"),
    (("whatsapp", "template"), "message.whatsapp.policy", "fallback", "message.whatsapp.policy"),
    (("whatsapp", "text"), "message.content.type", "sticker", "message.content.type"),
    (("whatsapp", "text"), "message.content", GONE, "message.content"),
]


@pytest.mark.parametrize(
    ("row", "path", "value", "name"),
    V0_1_SPOILED,
    ids=[f"{row[0]} {row[1]} {path}" for row, path, _, _ in V0_1_SPOILED],
)
def test_a_spoiled_v0_1_message_is_refused_by_the_member(
    row: tuple[str, str], path: str, value: object, name: str
) -> None:
    assert [name] == names(message_faults(changed(v0_1_sample(*row), path, value), "v0.1"))


def test_beta_has_neither_mms_nor_a_reference_and_needs_no_language_for_a_template() -> None:
    template = changed(v0_1_sample("whatsapp", "template"), "message.whatsapp", GONE)

    assert ["from.type", "to.type"] == names(message_faults(v0_1_sample("mms", "image"), "beta"))
    assert ["client_ref"] == names(message_faults({**v0_1_sample("sms", "text"), "client_ref": "a"}, "beta"))
    assert message_faults(template, "beta") == []


STEP = {**v0_1_sample("messenger", "text"), "failover": {"expiry_time": 600, "condition_status": "delivered"}}
LAST = v0_1_sample("sms", "text")
WORKFLOWS: list[tuple[str, object, list[str]]] = [
    ("template", "chain", ["template"]),
    ("workflow", [], ["workflow"]),
    ("workflow", [7], ["workflow[0]"]),
    ("workflow", [LAST, LAST], ["workflow[0].failover"]),
    ("workflow", [STEP, STEP], ["workflow[1].failover"]),
    ("workflow.0.failover.expiry_time", 14, ["workflow[0].failover.expiry_time"]),
    ("workflow.0.failover.expiry_time", 86_401, ["workflow[0].failover.expiry_time"]),
    ("workflow.0.failover.expiry_time", "600", ["workflow[0].failover.expiry_time"]),
    ("workflow.0.failover.condition_status", "seen", ["workflow[0].failover.condition_status"]),
    ("workflow.0.failover.align_ttl", True, ["workflow[0].failover.align_ttl"]),
    ("workflow.1.client_ref", "a", ["workflow[1].client_ref"]),
    ("workflow.1.to.number", "x", ["workflow[1].to.number"]),
    ("valid_for", 600, ["valid_for"]),
    ("engine", "provider", ["engine"]),
]


@pytest.mark.parametrize(("path", "value", "expected"), WORKFLOWS)
def test_a_spoiled_workflow_is_refused_by_the_member(path: str, value: object, expected: list[str]) -> None:
    good = {"template": "failover", "workflow": [STEP, LAST]}

    assert workflow_faults(good, "v0.1") == []
    assert expected == names(workflow_faults(changed(good, path, value), "v0.1"))


def test_a_chain_within_a_chain_is_refused() -> None:
    item = {**v1_sample("sms", "text"), "failover": [v1_sample("sms", "text")]}

    assert ["failover[0].failover"] == names(faults_of({**v1_sample("rcs", "text"), "failover": [item]}))
