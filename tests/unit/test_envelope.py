"""What a message may look like: caps on properties and headers, and what is never passed on."""

import pytest

from shared.errors import ConfigError, WireError
from shared.queue.address import nodes, shown, user_of, vhost_of
from shared.queue.envelope import check_outbound, headers_size, own_headers

FINE: dict[str, object] = {
    "exchange": "cascade.sends",
    "routing_key": "workflow.v0_1",
    "type": "workflow.v0_1",
    "message_id": "m" * 64,
    "headers": {"x-cascade-tenant": "acme"},
}

TOO_LONG: dict[str, tuple[str, object]] = {
    "message id": ("message_id", "m" * 65),
    "message id in bytes": ("message_id", "é" * 33),
    "correlation id": ("correlation_id", "c" * 256),
    "user id": ("user_id", "u" * 65),
    "type": ("type", "t" * 65),
    "routing key": ("routing_key", "k" * 256),
    "exchange": ("exchange", "e" * 256),
    "reply address": ("reply_to", "r" * 256),
    "headers": ("headers", {"a": "x" * 4096}),
    "nested headers": ("headers", {"a": [{"b": "x" * 4096}]}),
    "many headers": ("headers", {f"header-{number}": number for number in range(400)}),
    "a header's name": ("headers", {"n" * 256: 1}),
    "half a surrogate pair": ("message_id", "\ud800"),
    "half a surrogate pair in a header": ("headers", {"a": "\ud800"}),
}


def test_a_message_within_the_limits_passes() -> None:
    check_outbound(**FINE)  # type: ignore[arg-type]  # a table of cases has one type for all its values


@pytest.mark.parametrize(("name", "value"), TOO_LONG.values(), ids=TOO_LONG.keys())
def test_what_would_end_the_connection_is_refused_before_it_is_sent(name: str, value: object) -> None:
    with pytest.raises(WireError):
        check_outbound(**(FINE | {name: value}))  # type: ignore[arg-type]  # as above


def test_all_faults_are_told_together() -> None:
    with pytest.raises(WireError) as caught:
        check_outbound(**(FINE | {"message_id": "m" * 65, "type": "t" * 65}))  # type: ignore[arg-type]  # as above

    assert ["type", "message_id"] == [fault.name for fault in caught.value.faults]


def test_headers_are_measured_as_amqp_writes_them() -> None:
    # name: length byte and text; value: type byte, 4 bytes of length, text
    assert 1 + 3 + 1 + 4 + 5 == headers_size({"abc": "hello"})


def test_what_the_broker_acts_upon_is_never_passed_on() -> None:
    headers = {
        "x-death": [{"count": 1}],
        "x-first-death-queue": "q",
        "x-last-death-reason": "rejected",
        "x-delivery-count": 3,
        "x-opt-anything": 1,
        "CC": ["elsewhere"],
        "BCC": ["elsewhere"],
        "x-cascade-tenant": "acme",
    }

    assert {"x-cascade-tenant": "acme"} == own_headers(headers)


def test_an_address_shows_neither_user_nor_password() -> None:
    assert "amqp://broker:5672/cascade" == shown("amqp://me:secret@broker:5672/cascade")


def test_a_cluster_is_named_by_several_addresses() -> None:
    assert ("amqp://u:p@a/c", "amqps://u:p@b/c") == nodes("amqp://u:p@a/c; amqps://u:p@b/c")
    assert "u@x" == user_of("amqp://u%40x:p@a/c")
    assert ["c", "/", "/"] == [vhost_of(f"amqp://a{path}") for path in ("/c", "/%2F", "")]


@pytest.mark.parametrize("url", ["", ";", "http://u:secret@broker", "broker:5672", "redis://secret@x"])
def test_an_address_that_is_none_is_refused_without_telling_the_password(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        nodes(url)

    assert "secret" not in str(caught.value)
