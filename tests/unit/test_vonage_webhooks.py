"""Statuses and inbound messages of the provider, in all the forms its own sources show."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import WireError
from shared.model import Problem, Status
from shared.vonage.webhooks import (
    InboundWebhook,
    ReportedMessage,
    ReportWebhook,
    StatusWebhook,
    WebhookKind,
    classify,
    read,
    read_inbound,
    read_status,
)

UUID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
REFERENCE = "0190a6e2f0007abc8def0123456789ab00"[:32] + ".2.1"
STATUS: dict[str, object] = {
    "message_uuid": UUID,
    "channel": "rcs",
    "to": "447700900000",
    "from": "AcmeBot",
    "timestamp": "2026-03-02T09:15:04Z",
    "status": "delivered",
    "client_ref": REFERENCE,
}
INBOUND: dict[str, object] = {
    "channel": "sms",
    "message_uuid": UUID,
    "to": "447700900001",
    "from": "447700900000",
    "timestamp": "2026-03-02T10:00:00Z",
    "message_type": "text",
    "text": "Stop please",
}
FLAT = {"type": "https://developer.vonage.com/api-errors/messages#1300", "title": "1300", "detail": "No such user"}


def raw(document: object, **more: object) -> bytes:
    return json.dumps({**document, **more} if isinstance(document, dict) else document).encode()


@pytest.mark.parametrize("status", list(Status))
def test_every_status_word_is_read_with_both_ways_back_to_the_attempt(status: Status) -> None:
    read_back = read_status(raw(STATUS, status=status.value))

    assert status is read_back.receipt.status
    assert (REFERENCE, UUID, UUID) == (read_back.reference, read_back.provider_uuid, read_back.receipt.provider_uuid)
    assert ("rcs", "AcmeBot", "447700900000") == (read_back.channel, read_back.sender, read_back.recipient)
    assert "2026-03-02T09:15:04Z" == read_back.receipt.timestamp


NO_USER = Problem(code="1300", title="No such user", detail="No such user", type=str(FLAT["type"]))
ERRORS: dict[str, tuple[object, Problem | None]] = {
    "flat, with a text as title": (FLAT, NO_USER),
    "flat, with a number as title": ({**FLAT, "title": 1300}, NO_USER),
    "nested once more": ({"error": FLAT}, NO_USER),
    "with the number in the type only": (
        {**FLAT, "title": "Not a user"},
        Problem(code="1300", title="Not a user", detail="No such user", type=str(FLAT["type"])),
    ),
    "of v0.1": (
        {"code": 1300, "reason": "No such user"},
        Problem(code="1300", title="No such user", detail="No such user"),
    ),
    "without a number": (
        {"title": "Throttled"},
        Problem(code="unknown", title="Throttled", detail=""),
    ),
    "empty": ({}, None),
    "null": (None, None),
    "a text": ("1300", None),
    "a list": ([FLAT], None),
}


@pytest.mark.parametrize(("error", "expected"), ERRORS.values(), ids=ERRORS)
def test_an_error_is_read_however_it_is_wrapped(error: object, expected: Problem | None) -> None:
    assert expected == read_status(raw(STATUS, status="rejected", error=error)).receipt.problem


def test_an_error_beside_a_good_status_is_no_problem() -> None:
    assert read_status(raw(STATUS, error=FLAT)).receipt.problem is None


@pytest.mark.parametrize(
    "workflow",
    [
        {"workflow_id": "3TcN", "items_number": "1", "items_total": "2"},
        {"id": "3TcN", "item_number": "1", "total_items": "2"},
        {"id": "3TcN", "workflow_id": "3TcN", "items_number": 1, "item_number": 1, "items_total": 2},
    ],
)
def test_both_sets_of_names_for_a_workflows_items_are_read(workflow: dict[str, object]) -> None:
    status = read_status(raw(STATUS, workflow=workflow))

    assert ("3TcN", 1, 2) == (status.workflow_id, status.item_number, status.items_total)


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        ("0.0333", "0.0333"),
        (0.0333, "0.0333"),
        (0.00001, "0.00001"),
        (0, "0"),
        ("free", None),
        (True, None),
        ("1e-4", None),
        (None, None),
        ("9" * 40, None),
    ],
)
def test_a_price_is_a_plain_decimal_or_nothing(price: object, expected: str | None) -> None:
    receipt = read_status(raw(STATUS, usage={"price": price, "currency": "EUR"})).receipt

    assert (expected, "EUR") == (receipt.price, receipt.currency)


def test_a_status_in_the_older_form_is_read_too() -> None:
    status = read_status(
        raw(
            {
                "message_uuid": UUID,
                "to": {"type": "viber_service_msg", "number": "447700900000"},
                "from": {"type": "viber_service_msg", "id": "16273"},
                "timestamp": "2026-03-02T09:15:04.120Z",
                "status": "rejected",
                "error": {"code": 1300, "reason": "Not part of the provider network"},
                "_links": {"workflow": {"dispatch_uuid": UUID, "href": "/workflows/x"}},
            }
        )
    )

    assert ("viber_service", "16273", "447700900000") == (status.channel, status.sender, status.recipient)
    assert UUID == status.workflow_id
    assert status.receipt.problem is not None
    assert "1300" == status.receipt.problem.code


def test_a_status_without_the_providers_id_is_read_where_our_reference_is_there() -> None:
    document = {key: value for key, value in STATUS.items() if key != "message_uuid"}

    assert (REFERENCE, None) == (read_status(raw(document)).reference, read_status(raw(document)).provider_uuid)


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"status=delivered", "json"),
    "a list": (raw([STATUS]), "type"),
    "an unknown status": (raw(STATUS, status="buffered"), "unknown_status"),
    "a status in upper case": (raw(STATUS, status="DELIVERED"), "unknown_status"),
    "a status that is a number": (raw(STATUS, status=1), "unknown_status"),
    "neither id nor reference": (raw({"status": "delivered"}), "required"),
    "ids that are no ids": (raw({"status": "delivered", "message_uuid": {}, "client_ref": [1]}), "required"),
    "a key twice": (b'{"status": "delivered", "status": "rejected"}', "duplicate"),
    "NaN": (b'{"status": NaN}', "number"),
    "a lone surrogate": (b'{"status": "\\ud800"}', "text"),
    "thirty-three levels": (b'{"a":' * 32 + b"[]" + b"}" * 32, "too_deep"),
    "over a megabyte": (raw(STATUS, padding="x" * 1_048_576), "too_large"),
}


@pytest.mark.parametrize(("body", "code"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_status_is_a_wire_error_that_says_why(body: bytes, code: str) -> None:
    with pytest.raises(WireError) as refusal:
        read_status(body)

    assert code == refusal.value.faults[0].code


def test_an_inbound_text_is_read() -> None:
    href = "https://api-eu.vonage.com/v1/messages/" + UUID
    message = read_inbound(raw(INBOUND, _self={"href": href}, context={"message_uuid": UUID.upper()}))

    assert (
        InboundWebhook(
            provider_uuid=UUID,
            channel="sms",
            sender="447700900000",
            recipient="447700900001",
            kind="text",
            text="Stop please",
            region_url=href,
            timestamp="2026-03-02T10:00:00Z",
            answers_uuid=UUID,
        )
        == message
    )


@pytest.mark.parametrize(
    ("more", "kind", "text"),
    [
        ({"message_type": None}, "text", "Stop please"),
        ({"message_type": "image", "text": None, "image": {"url": "https://x.example/a.png"}}, "image", None),
        ({"message_type": "button", "text": None, "button": {"payload": "x", "text": "STOP"}}, "button", "STOP"),
        ({"message_type": "reply", "text": None, "reply": {"id": "1", "title": "Stop"}}, "reply", "Stop"),
        ({"message_type": None, "text": None, "message": {}}, "unsupported", None),
    ],
)
def test_the_words_of_an_inbound_message_are_found(more: dict[str, object], kind: str, text: str | None) -> None:
    message = read_inbound(raw(INBOUND, **more))

    assert (kind, text) == (message.kind, message.text)


def test_an_inbound_message_in_the_older_form_is_read() -> None:
    message = read_inbound(
        raw(
            {
                "message_uuid": UUID,
                "to": {"type": "viber_service_msg", "id": "16273"},
                "from": {"type": "viber_service_msg", "number": 447700900000},
                "timestamp": "2026-03-02T10:00:00.000Z",
                "message": {"content": {"type": "text", "text": "STOP"}},
            }
        )
    )

    assert ("viber_service", "447700900000", "16273", "text", "STOP") == (
        message.channel,
        message.sender,
        message.recipient,
        message.kind,
        message.text,
    )


@pytest.mark.parametrize("missing", ["message_uuid", "channel", "from", "to"])
def test_an_inbound_message_without_what_leads_to_its_tenant_is_a_wire_error(missing: str) -> None:
    with pytest.raises(WireError) as refusal:
        read_inbound(raw({key: value for key, value in INBOUND.items() if key != missing}))

    assert [missing] == [fault.name for fault in refusal.value.faults]


@pytest.mark.parametrize(
    "href", ["ftp://x.example/", "https://[", "javascript:1", "https://a b.example/", 7, "https://"]
)
def test_an_address_that_is_none_is_not_kept(href: object) -> None:
    assert read_inbound(raw(INBOUND, _self={"href": href})).region_url is None


def test_the_three_kinds_are_told_apart_on_one_address() -> None:
    report = raw({"dispatch_uuid": UUID, "template": "failover", "status": "completed"})

    assert [WebhookKind.STATUS, WebhookKind.INBOUND, WebhookKind.REPORT] == [
        classify(body) for body in (raw(STATUS), raw(INBOUND), report)
    ]
    assert ReportWebhook(workflow_id=UUID, completed=True) == read(report)
    assert isinstance(read(raw(STATUS)), StatusWebhook)
    assert isinstance(read(raw(INBOUND)), InboundWebhook)


def test_a_report_sums_up_its_messages_and_leaves_out_what_names_none() -> None:
    usage = {"price": "0.05", "currency": "EUR"}
    links = [{"message_uuid": UUID, "channel": "viber_sevice_msg", "status": "read", "usage": usage}, {}, 7]
    links.append({"message_uuid": "second", "status": "teleported", "usage": {"price": "free"}})
    report = read(
        raw({"workflow_uuid": UUID, "template": "failover", "status": "error", "_links": {"messages": links}})
    )

    assert (
        ReportWebhook(
            workflow_id=UUID,
            completed=False,
            messages=(
                ReportedMessage(
                    provider_uuid=UUID, channel="viber_service", status=Status.READ, price="0.05", currency="EUR"
                ),
                ReportedMessage(provider_uuid="second"),
            ),
        )
        == report
    )


@pytest.mark.parametrize(
    ("report", "name", "pointer"),
    [
        ({"template": "failover", "status": "completed"}, "dispatch_uuid", "/dispatch_uuid"),
        ({"template": "failover", "status": "delivered", "dispatch_uuid": UUID}, "status", "/status"),
    ],
)
def test_a_report_of_nothing_is_a_wire_error_that_names_the_member(
    report: dict[str, object], name: str, pointer: str
) -> None:
    with pytest.raises(WireError) as refusal:
        read(raw(report))

    assert [(name, pointer)] == [(fault.name, fault.pointer) for fault in refusal.value.faults]


def test_what_callers_parse_of_a_status_is_passed_on_unless_there_is_too_much_of_it() -> None:
    extras = {"destination": {"network_code": "23410"}, "sms": {"count_total": "2"}, "profile": {"name": "Jo"}}

    assert extras == read_status(raw(STATUS, **extras, whatsapp=["x"], unknown={"a": 1})).receipt.extras
    assert {} == read_status(raw(STATUS, sms={}, profile="Jo")).receipt.extras
    assert {} == read_status(raw(STATUS, sms={"count_total": "x" * 5000})).receipt.extras


def test_what_is_none_of_the_three_is_a_wire_error() -> None:
    with pytest.raises(WireError):
        classify(b'{"hello": "world"}')


WEBHOOK_NAMES = (
    "message_uuid client_ref status error title type detail code reason usage price currency workflow workflow_id id"
    " items_number items_total to from number channel timestamp template dispatch_uuid message content text button"
    " _self href context message_type _links messages workflow_uuid button reply destination sms whatsapp profile"
).split()
WEBHOOK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["delivered", "rejected", "completed", UUID, "1300", "https://[", "sms", "0.05"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WEBHOOK_NAMES), inner, max_size=12),
    max_leaves=20,
)


@given(st.binary(max_size=200) | WEBHOOK.map(lambda value: json.dumps(value).encode()))
def test_no_webhook_makes_the_reader_raise_anything_but_a_wire_error(raw: bytes) -> None:
    with suppress(WireError):
        read(raw)
