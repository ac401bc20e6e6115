"""What a request must keep to, and that all its faults are told at once, each by its place."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import WireError
from shared.wire.limits import BODY_MAXIMUM, FAULTS_MAXIMUM
from shared.wire.own_fields import OWN_WORDS
from shared.wire.requests import StartType, read_start

Body = dict[str, Any]
Change = Callable[[Body], object]

V1: Body = {"to": "447700900000", "from": "447700900001", "channel": "sms", "message_type": "text", "text": "Hi"}
V1_CHAIN: Body = {
    **V1,
    "channel": "viber_service",
    "expiry_time": 600,
    "failover": [{**V1, "channel": "messenger"}, V1],
}
V0_1: Body = {
    "from": {"type": "sms", "number": "447700900001"},
    "to": {"type": "sms", "number": "447700900000"},
    "message": {"content": {"type": "text", "text": "Hi"}},
}
DISPATCH: Body = {
    "template": "failover",
    "workflow": [
        {
            "from": {"type": "viber_service_msg", "id": "16273"},
            "to": {"type": "viber_service_msg", "number": "447700900000"},
            "message": {"content": {"type": "text", "text": "Hi"}},
            "failover": {"expiry_time": 600, "condition_status": "delivered"},
        },
        V0_1,
    ],
}
BODIES = {
    StartType.MESSAGE_V1: V1_CHAIN,
    StartType.MESSAGE_V0_1: V0_1,
    StartType.WORKFLOW_V0_1: DISPATCH,
    StartType.WORKFLOW_BETA: DISPATCH,
}


def faults_of(start_type: StartType, body: object) -> list[tuple[str, str]]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        read_start(start_type, raw)
    except WireError as error:
        return [(fault.pointer, fault.code) for fault in error.faults]
    return []


def put(path: str, value: object) -> Change:
    def change(body: Body) -> None:
        *way, last = path.split(".")
        target: Any = body
        for part in way:
            target = target[int(part)] if isinstance(target, list) else target[part]
        target[last] = value

    return change


def drop(path: str) -> Change:
    def change(body: Body) -> None:
        *way, last = path.split(".")
        target: Any = body
        for part in way:
            target = target[int(part)] if isinstance(target, list) else target[part]
        del target[last]

    return change


def run_by_the_provider(body: Body) -> None:
    del body["expiry_time"]
    body |= {"engine": "provider", "failover": [{**V1, "expiry_time": 60}]}


MESSAGE, V1_, FLOW = StartType.MESSAGE_V0_1, StartType.MESSAGE_V1, StartType.WORKFLOW_V0_1
LONG = "4" * 51

REFUSED: list[tuple[StartType, Change, str, str]] = [
    # Cascade's own words
    (V1_, put("valid_for", 14), "/valid_for", "range"),
    (V1_, put("valid_for", 604_801), "/valid_for", "range"),
    (V1_, put("valid_for", "600"), "/valid_for", "type"),
    (V1_, put("valid_for", 600.0), "/valid_for", "type"),
    (V1_, put("valid_for", None), "/valid_for", "type"),
    (V1_, put("final_receipt_time", 59), "/final_receipt_time", "range"),
    (V1_, put("final_receipt_time", True), "/final_receipt_time", "type"),
    (V1_, put("delivery", "exactly_once"), "/delivery", "enum"),
    (V1_, put("when_stopped", "wait"), "/when_stopped", "enum"),
    (V1_, put("priority", "urgent"), "/priority", "enum"),
    (V1_, put("engine", "provider"), "/expiry_time", "unsupported"),
    (V1_, put("engine", "cloud"), "/engine", "enum"),
    (V1_, put("align_ttl", "yes"), "/align_ttl", "type"),
    (V1_, put("person", ""), "/person", "length"),
    (V1_, put("person", "p" * 65), "/person", "length"),
    (V1_, put("failover.0.person", 7), "/failover/0/person", "type"),
    (V1_, put("failover.0.valid_for", 600), "/failover/0/valid_for", "misplaced"),
    (FLOW, put("workflow.0.priority", "high"), "/workflow/0/priority", "misplaced"),
    (FLOW, put("workflow.0.expiry_time", 600), "/workflow/0/expiry_time", "misplaced"),
    (FLOW, put("condition_status", "read"), "/condition_status", "misplaced"),
    # windows
    (V1_, put("expiry_time", 14), "/expiry_time", "range"),
    (V1_, put("expiry_time", 86_401), "/expiry_time", "range"),
    (V1_, put("expiry_time", "14"), "/expiry_time", "range"),
    (V1_, put("expiry_time", "600\n"), "/expiry_time", "range"),
    (V1_, put("expiry_time", "٦٠٠"), "/expiry_time", "range"),
    (V1_, put("expiry_time", "+600"), "/expiry_time", "range"),
    (V1_, put("expiry_time", "6e2"), "/expiry_time", "range"),
    (V1_, put("expiry_time", ""), "/expiry_time", "range"),
    (V1_, put("condition_status", "sent"), "/condition_status", "enum"),
    (V1_, put("failover.0.condition_status", "read"), "/failover/0/condition_status", "required"),
    (V1_, put("failover.1.expiry_time", 1), "/failover/1/expiry_time", "range"),
    (FLOW, put("workflow.0.failover.expiry_time", "86401"), "/workflow/0/failover/expiry_time", "range"),
    (FLOW, put("workflow.0.failover.condition_status", "seen"), "/workflow/0/failover/condition_status", "enum"),
    (FLOW, drop("workflow.0.failover.expiry_time"), "/workflow/0/failover/expiry_time", "required"),
    (FLOW, drop("workflow.0.failover"), "/workflow/0/failover", "required"),
    (FLOW, put("workflow.0.failover", None), "/workflow/0/failover", "type"),
    # the frame
    (FLOW, put("template", "broadcast"), "/template", "enum"),
    (FLOW, drop("template"), "/template", "required"),
    (FLOW, put("workflow", []), "/workflow", "minItems"),
    (FLOW, put("workflow", DISPATCH["workflow"][:1] * 11), "/workflow", "maxItems"),
    (FLOW, put("workflow", {}), "/workflow", "type"),
    (FLOW, drop("workflow"), "/workflow", "required"),
    (V1_, put("failover", []), "/failover", "minItems"),
    (V1_, put("failover", [V1] * 10), "/failover", "maxItems"),
    (V1_, put("failover", {}), "/failover", "type"),
    (V1_, put("failover", [None]), "/failover/0", "type"),
    (V1_, put("failover.0.failover", [V1]), "/failover/0/failover", "nested"),
    # channel and type
    (V1_, put("channel", "fax"), "/channel", "unknown_channel"),
    (V1_, put("channel", "viber_service_msg"), "/channel", "unknown_channel"),
    (V1_, put("channel", "SMS"), "/channel", "unknown_channel"),
    (V1_, put("channel", 5), "/channel", "type"),
    (V1_, put("message_type", "sticker"), "/message_type", "unknown_type"),
    (V1_, put("message_type", ["text"]), "/message_type", "type"),
    (MESSAGE, put("to.type", "viber_service"), "/to/type", "unknown_channel"),
    (MESSAGE, put("from.type", "messenger"), "/from/type", "mismatch"),
    (MESSAGE, put("message.content.type", "img"), "/message/content/type", "unknown_type"),
    (MESSAGE, drop("to.type"), "/to/type", "required"),
    # recipients and senders
    (V1_, put("to", "+447700900000"), "/to", "recipient"),
    (V1_, put("to", "0447700900000"), "/to", "recipient"),
    (V1_, put("to", "447700"), "/to", "recipient"),
    (V1_, put("to", "4" * 16), "/to", "recipient"),
    (V1_, put("to", "447700900000\n"), "/to", "recipient"),
    (V1_, put("to", "٤٤٧٧٠٠٩٠٠٠٠٠"), "/to", "recipient"),
    (V1_, put("to", 447700900000), "/to", "type"),
    (V1_, put("failover.0.to", LONG), "/failover/0/to", "length"),
    (V1_, put("failover.0.to", " "), "/failover/0/to", "length"),
    (V1_, put("from", LONG), "/from", "length"),
    (V1_, put("from", ""), "/from", "length"),
    (V1_, drop("from"), "/from", "required"),
    (MESSAGE, put("to.number", -447700900000), "/to/number", "recipient"),
    (MESSAGE, put("to.number", 447700900000.5), "/to/number", "type"),
    (MESSAGE, put("to.number", "00447700900000"), "/to/number", "recipient"),
    (MESSAGE, put("to", {"type": "sms", "id": "447700900000"}), "/to/number", "required"),
    (MESSAGE, put("from", {"type": "sms", "id": "447700900000"}), "/from/number", "required"),
    (FLOW, put("workflow.0.from", {"type": "viber_service_msg", "number": "1"}), "/workflow/0/from/id", "required"),
    (MESSAGE, put("to", "447700900000"), "/to", "type"),
    # content
    (V1_, put("text", ""), "/text", "length"),
    (V1_, put("text", "x" * 1001), "/text", "length"),
    (V1_, put("failover.0.text", "x" * 641), "/failover/0/text", "length"),
    (V1_, put("failover.1.text", "x" * 3201), "/failover/1/text", "length"),
    (V1_, put("text", ["Hi"]), "/text", "type"),
    (V1_, drop("text"), "/text", "required"),
    (MESSAGE, drop("message.content.text"), "/message/content/text", "required"),
    (MESSAGE, drop("message.content"), "/message/content", "required"),
    (MESSAGE, put("message", "Hi"), "/message", "type"),
    # the rest of a message
    (V1_, put("ttl", 29), "/ttl", "range"),
    (V1_, put("ttl", 259_201), "/ttl", "range"),
    (V1_, put("ttl", "60"), "/ttl", "range"),
    (V1_, put("failover.0.ttl", 60), "/failover/0/ttl", "unsupported"),
    (V1_, put("viber_service", {"ttl": 5}), "/viber_service/ttl", "range"),
    (V1_, put("viber_service", {"ttl": 60.5}), "/viber_service/ttl", "range"),
    (V1_, put("viber_service", "promotion"), "/viber_service", "type"),
    (
        FLOW,
        put("workflow.0.message.viber_service_msg", {"ttl": 1}),
        "/workflow/0/message/viber_service_msg/ttl",
        "range",
    ),
    (MESSAGE, put("ttl", 0), "/ttl", "range"),
    (FLOW, put("workflow.0.ttl", 29), "/workflow/0/ttl", "range"),
    (V1_, put("client_ref", "r" * 101), "/client_ref", "length"),
    (V1_, put("client_ref", 17), "/client_ref", "type"),
    (MESSAGE, put("client_ref", "r" * 41), "/client_ref", "length"),
    (V1_, put("webhook_url", "ftp://shop.example/"), "/webhook_url", "url"),
    (V1_, put("webhook_url", "https://"), "/webhook_url", "url"),
    (V1_, put("webhook_url", "https://shop.example/a b"), "/webhook_url", "url"),
    (V1_, put("webhook_url", "https://shop.example:port/"), "/webhook_url", "url"),
    (V1_, put("webhook_url", "https://[::1/"), "/webhook_url", "url"),
    (V1_, put("webhook_url", "https://shop.example/\n"), "/webhook_url", "url"),
    (V1_, put("webhook_url", "https://shop.example/" + "x" * 2000), "/webhook_url", "length"),
    (V1_, put("webhook_version", "v2"), "/webhook_version", "enum"),
    # beside `workflow`, for all its items
    (FLOW, put("client_ref", "r" * 41), "/client_ref", "length"),
    (FLOW, put("client_ref", 17), "/client_ref", "type"),
    (FLOW, put("webhook_url", "ftp://shop.example/"), "/webhook_url", "url"),
    (FLOW, put("webhook_url", None), "/webhook_url", "type"),
    (FLOW, put("webhook_version", "v2"), "/webhook_version", "enum"),
    (StartType.WORKFLOW_BETA, put("client_ref", "r" * 41), "/client_ref", "length"),
    (StartType.WORKFLOW_BETA, put("webhook_url", "https://"), "/webhook_url", "url"),
]


_OF_A_STEP = {"client_ref", "webhook_url", "webhook_version", *OWN_WORDS}


@pytest.mark.parametrize("inside", ["to", "from", "message", "message.content"])
@pytest.mark.parametrize("word", sorted(_OF_A_STEP))
def test_no_word_of_a_step_or_request_hides_inside_the_addresses_or_the_message(word: str, inside: str) -> None:
    pointer = f"/{inside.replace('.', '/')}/{word}"
    for start_type, at in ((MESSAGE, ""), (FLOW, "workflow.0."), (StartType.WORKFLOW_BETA, "workflow.1.")):
        body = copy.deepcopy(BODIES[start_type])
        put(f"{at}{inside}.{word}", "r")(body)
        where = f"/{at[:-1].replace('.', '/')}{pointer}" if at else pointer

        assert [(where, "misplaced")] == faults_of(start_type, body)


def test_an_item_of_a_chain_may_have_its_own_reference_and_address_for_webhooks() -> None:
    body = copy.deepcopy(V1_CHAIN)
    body["failover"][0] |= {"client_ref": "r-2", "webhook_url": "https://shop.example/", "webhook_version": "v0.1"}

    assert [] == faults_of(V1_, body)


@pytest.mark.parametrize(
    ("start_type", "change", "pointer", "code"),
    REFUSED,
    ids=[f"{index:03d} {pointer} {code}" for index, (_, _, pointer, code) in enumerate(REFUSED)],
)
def test_a_bad_member_is_named_and_nothing_else(start_type: StartType, change: Change, pointer: str, code: str) -> None:
    body = copy.deepcopy(BODIES[start_type])
    assert faults_of(start_type, body) == []

    change(body)

    assert [(pointer, code)] == faults_of(start_type, body)


TAKEN: list[tuple[StartType, Change]] = [
    (V1_, put("expiry_time", "15")),
    (V1_, put("expiry_time", 86_400)),
    (V1_, put("failover.1.expiry_time", 60)),
    (V1_, put("failover.1.condition_status", "read")),
    (V1_, put("webhook_url", "http://127.0.0.1:8082/hooks?x=1#y")),
    (V1_, put("webhook_url", "HTTPS://user:pw@shop.example:8443")),
    (V1_, put("client_ref", "r" * 100)),
    (V1_, put("client_ref", None)),
    (V1_, put("valid_for", 15)),
    (V1_, put("engine", "local")),
    (FLOW, put("engine", "provider")),
    (MESSAGE, put("engine", "provider")),
    (V1_, put("text", "🔑" * 1000)),
    (V1_, run_by_the_provider),
    (V1_, put("unknown", {"deep": [1, None, 2.5]})),
    (MESSAGE, put("client_ref", "r" * 40)),
    (MESSAGE, put("to.number", 447700900000)),
    (MESSAGE, put("failover", "ignored")),
    (MESSAGE, put("webhook_url", "https://shop.example/")),
    (FLOW, put("workflow.1.failover", {"expiry_time": "never"})),
    (FLOW, put("workflow.1.failover", None)),
    (FLOW, put("workflow.0.failover.condition_status", "read")),
    (FLOW, drop("workflow.0.failover.condition_status")),
    (FLOW, put("workflow", [V0_1])),
    (FLOW, put("align_ttl", False)),
    (FLOW, put("person", "customer-4711")),
    (FLOW, put("client_ref", "r" * 40)),
    (FLOW, put("webhook_url", "https://shop.example/")),
    (StartType.WORKFLOW_BETA, put("webhook_version", "v1")),
]


@pytest.mark.parametrize(("start_type", "change"), TAKEN, ids=[str(index) for index in range(len(TAKEN))])
def test_what_is_allowed_or_ignored_is_no_fault(start_type: StartType, change: Change) -> None:
    body = copy.deepcopy(BODIES[start_type])
    change(body)

    assert faults_of(start_type, body) == []


def test_sms_may_wait_for_read_though_it_will_never_come() -> None:
    body = copy.deepcopy(V1_CHAIN)
    body["failover"][0] = {**V1, "expiry_time": 60, "condition_status": "read"}

    assert read_start(V1_, json.dumps(body).encode()).steps[1].condition == "read"


@pytest.mark.parametrize("start_type", StartType)
@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"7", b'"x"', b"{", b"\xff\xfe", b'{"a": NaN}'])
def test_what_is_no_object_is_one_fault_of_the_whole(start_type: StartType, raw: bytes) -> None:
    assert [""] == [pointer for pointer, _ in faults_of(start_type, raw)]


def test_all_faults_of_a_body_are_told_at_once_and_by_name() -> None:
    body = copy.deepcopy(V1_CHAIN)
    body |= {"valid_for": 1, "engine": "remote", "client_ref": 5, "to": "+44", "text": ""}
    body["failover"][0] |= {"channel": "fax", "webhook_version": "v3"}
    body["failover"][1] |= {"message_type": "fax", "ttl": 0}
    del body["failover"][1]["to"]

    with pytest.raises(WireError) as raised:
        read_start(V1_, json.dumps(body).encode())

    names = {fault.name for fault in raised.value.faults}
    assert {
        "valid_for",
        "engine",
        "client_ref",
        "to",
        "text",
        "failover[0].channel",
        "failover[0].webhook_version",
        "failover[1].message_type",
        "failover[1].ttl",
        "failover[1].to",
    } == names


REASONS: dict[str, tuple[Body, str]] = {
    "a fraction": ({**V1, "valid_for": 20.0}, "must be a whole number"),
    "a text for a number": ({**V1, "valid_for": "20"}, "must be a whole number of seconds, 15 to 604800"),
    "too short a window": (
        {**V1_CHAIN, "expiry_time": 14},
        "must be a whole number of seconds, 15 to 86400, as a number or a string of digits",
    ),
    "no item": ({**V1, "failover": []}, "must have at least 1 item"),
}


@pytest.mark.parametrize(("body", "reason"), REASONS.values(), ids=REASONS.keys())
def test_a_reason_is_said_in_words_of_people(body: Body, reason: str) -> None:
    with pytest.raises(WireError) as raised:
        read_start(V1_, json.dumps(body).encode())

    assert [reason] == [fault.reason for fault in raised.value.faults]


def test_an_unknown_channel_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        WireError, match="unknown: 'fax'; one of sms, mms, rcs, whatsapp, viber_service, messenger, email"
    ):
        read_start(V1_, json.dumps({**V1, "channel": "fax"}).encode())


def test_a_nested_body_is_answered_in_the_names_of_its_generation() -> None:
    body = {
        "from": {"type": "viber_service_msg", "id": "16273"},
        "to": {"type": "viber_service_msg", "number": "447700900000"},
        "message": {"content": {"type": "img", "img": {"url": "https://a.example/a.jpg"}}},
    }

    with pytest.raises(WireError, match="is unknown: 'img'; viber_service_msg has text, image, template"):
        read_start(StartType.MESSAGE_V0_1, json.dumps(body).encode())


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800"])
def test_what_no_store_can_keep_is_refused(text: str) -> None:
    raw = json.dumps({**V1, "text": "X"}).replace("X", text).encode()

    assert [("/text", "text")] == faults_of(V1_, raw)


def test_a_body_over_the_limit_is_refused_unread() -> None:
    assert [("", "too_large")] == faults_of(V1_, b" " * (BODY_MAXIMUM + 1))


def test_a_huge_bad_body_gets_a_short_answer() -> None:
    raw = json.dumps({"template": "failover", "workflow": [5] * 50_000}).encode()

    assert FAULTS_MAXIMUM >= len(faults_of(FLOW, raw))


def test_reasons_do_not_echo_what_was_sent() -> None:
    with pytest.raises(WireError) as raised:
        read_start(V1_, json.dumps({**V1, "channel": "secret" * 1000, "client_ref": ["secret"] * 1000}).encode())

    assert [fault.name for fault in raised.value.faults if len(fault.reason) > 200] == []
