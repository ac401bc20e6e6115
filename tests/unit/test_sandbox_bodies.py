"""The sandbox checks the bodies of messages as strictly as the provider's documents allow."""

from typing import Any

import pytest

from services.sandbox.bodies import faults_of, problem_for

GOOD: dict[str, dict[str, Any]] = {
    "sms": {"channel": "sms", "message_type": "text", "to": "447700900123", "from": "447700900001", "text": "Hello"},
    "viber_service": {
        "channel": "viber_service",
        "message_type": "text",
        "to": "447700900123",
        "from": "16273",
        "text": "Hello",
    },
    "messenger": {"channel": "messenger", "message_type": "text", "to": "psid-17", "from": "page-1", "text": "Hello"},
}
GONE = object()


def body(channel: str, changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**GOOD[channel], **changes}.items() if value is not GONE}


@pytest.mark.parametrize(
    ("channel", "changes"),
    [
        pytest.param("sms", {}, id="sms"),
        pytest.param("viber_service", {}, id="viber"),
        pytest.param("messenger", {}, id="messenger"),
        pytest.param("sms", {"from": "Acme Bank"}, id="a sender with a name"),
        pytest.param("sms", {"text": "x" * 3200, "ttl": 604_800}, id="the longest sms"),
        pytest.param("sms", {"ttl": 1, "trusted_recipient": True, "sms": {"encoding_type": "unicode"}}, id="options"),
        pytest.param("sms", {"client_ref": "r" * 100, "webhook_version": "v1"}, id="a long reference"),
        pytest.param("sms", {"webhook_url": "http://127.0.0.1:8080/hooks"}, id="a webhook of its own"),
        pytest.param("sms", {"to": "1234567"}, id="the shortest number"),
        pytest.param("sms", {"to": "123456789012345"}, id="the longest number"),
        pytest.param("viber_service", {"text": "ж" * 1000, "viber_service": {"ttl": 30}}, id="viber's shortest ttl"),
        pytest.param("viber_service", {"viber_service": {"ttl": 259_200, "category": "promotion"}}, id="its longest"),
        pytest.param("messenger", {"to": "x" * 50, "text": "x" * 640}, id="messenger's longest"),
        pytest.param("messenger", {"messenger": {"category": "message_tag", "tag": "EVENT"}}, id="a tagged message"),
    ],
)
def test_a_good_body_has_no_faults(channel: str, changes: dict[str, Any]) -> None:
    assert faults_of(body(channel, changes)) == []


@pytest.mark.parametrize(
    ("channel", "changes", "names", "number"),
    [
        pytest.param("sms", {"to": GONE}, ["to"], 1430, id="no recipient"),
        pytest.param("sms", {"to": "+447700900123"}, ["to"], 1430, id="a plus"),
        pytest.param("sms", {"to": "0447700900123"}, ["to"], 1430, id="a zero first"),
        pytest.param("sms", {"to": "123456"}, ["to"], 1430, id="too short"),
        pytest.param("sms", {"to": "1234567890123456"}, ["to"], 1430, id="too long"),
        pytest.param("sms", {"to": "447700900123\n"}, ["to"], 1430, id="a line's end behind it"),
        pytest.param("sms", {"to": "٤٤٧٧٠٠٩٠٠١٢٣"}, ["to"], 1430, id="digits of another alphabet"),
        pytest.param("sms", {"to": 447700900123}, ["to"], 1430, id="a number that is no string"),
        pytest.param("sms", {"from": ""}, ["from"], 1420, id="no sender"),
        pytest.param("sms", {"channel": "fax"}, ["channel"], 1400, id="an unknown channel"),
        pytest.param("sms", {"channel": GONE}, ["channel"], 1400, id="no channel"),
        pytest.param("sms", {"message_type": "image"}, ["message_type"], 1440, id="a type the channel has not"),
        pytest.param("sms", {"text": GONE}, ["text"], 1150, id="no text"),
        pytest.param("sms", {"text": ""}, ["text"], 1150, id="an empty text"),
        pytest.param("sms", {"text": "x" * 3201}, ["text"], 1150, id="a text that is too long"),
        pytest.param("sms", {"ttl": 0}, ["ttl"], 1150, id="a ttl below"),
        pytest.param("sms", {"ttl": 604_801}, ["ttl"], 1150, id="a ttl above"),
        pytest.param("sms", {"ttl": True}, ["ttl"], 1150, id="a ttl that is true"),
        pytest.param("sms", {"ttl": "600"}, ["ttl"], 1150, id="a ttl in words"),
        pytest.param("sms", {"sms": {"encoding_type": "gsm"}}, ["sms.encoding_type"], 1410, id="an unknown encoding"),
        pytest.param("sms", {"client_ref": "r" * 101}, ["client_ref"], 1450, id="a reference that is too long"),
        pytest.param("sms", {"webhook_url": "ftp://host/x"}, ["webhook_url"], 1150, id="a webhook by ftp"),
        pytest.param("sms", {"expiry_time": 600}, ["expiry_time"], 1150, id="a field of somebody else's"),
        pytest.param("sms", {"failover": []}, ["failover"], 1150, id="a failover to be run by the provider"),
        pytest.param("viber_service", {"ttl": 600}, ["ttl"], 1150, id="viber's ttl in the wrong place"),
        pytest.param(
            "viber_service", {"viber_service": {"ttl": 29}}, ["viber_service.ttl"], 1410, id="viber's ttl below"
        ),
        pytest.param(
            "viber_service", {"viber_service": {"ttl": 259_201}}, ["viber_service.ttl"], 1410, id="viber's ttl above"
        ),
        pytest.param("viber_service", {"viber_service": {"tll": 60}}, ["viber_service.tll"], 1410, id="a typing error"),
        pytest.param("viber_service", {"text": "x" * 1001}, ["text"], 1150, id="viber's text too long"),
        pytest.param("viber_service", {"from": "x" * 51}, ["from"], 1420, id="viber's sender too long"),
        pytest.param("messenger", {"to": "x" * 51}, ["to"], 1430, id="messenger's id too long"),
        pytest.param("messenger", {"text": "x" * 641}, ["text"], 1150, id="messenger's text too long"),
        pytest.param(
            "messenger", {"messenger": {"category": "message_tag"}}, ["messenger.tag"], 1410, id="a tag forgotten"
        ),
        pytest.param("sms", {"to": "x", "text": "", "ttl": 0}, ["to", "text", "ttl"], 1150, id="all of them are named"),
    ],
)
def test_each_fault_is_named_and_numbered(channel: str, changes: dict[str, Any], names: list[str], number: int) -> None:
    faults = faults_of(body(channel, changes))
    members = problem_for(faults).members("0" * 32)

    assert sorted(names) == sorted(fault.name for fault in faults)
    assert str(members["type"]).endswith(f"/messages#{number}")
    assert {"type", "title", "detail", "instance", "invalid_parameters"} == set(members)


def test_an_empty_body_misses_what_every_message_needs() -> None:
    assert ["channel", "message_type", "to", "from"] == [fault.name for fault in faults_of({})]


def test_a_lenient_sandbox_lets_unknown_fields_pass_and_nothing_else() -> None:
    faults = faults_of(body("sms", {"colour": "red", "to": "x"}), strict=False)

    assert ["to"] == [fault.name for fault in faults]
