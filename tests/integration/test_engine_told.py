"""What an engine tells operators: metrics that count once and log lines that quote nobody."""

from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs
from structlog.typing import EventDict

from shared.model import Problem, Stop, StopKind
from shared.outcomes import Refused
from tests.support.engine_bench import EPOCH, Bench

SECRET = "meet me at the old mill"
BAD_STARTS = {
    "a value of the wrong kind": b'{"channel":"sms","message_type":"text","to":"4477","from":"Shop","text":["%s"]}',
    "an unknown channel": b'{"channel":"%s","message_type":"text","to":"447700900001","from":"Shop","text":"hi"}',
    "an unknown type": b'{"channel":"sms","message_type":"%s","to":"447700900001","from":"Shop","text":"hi"}',
    "broken off": b'{"channel":"sms","text":"%s',
}


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    structlog.reset_defaults()
    with capture_logs() as entries:
        yield entries


@pytest.mark.parametrize("body", BAD_STARTS.values(), ids=BAD_STARTS.keys())
def test_what_a_bad_start_says_is_never_logged(body: bytes, logged: list[EventDict]) -> None:
    bench = Bench()
    bench.put(body % SECRET.encode(), user="shop", message_id="order-1")
    bench.turn()

    assert ["invalid"] == [entry["reason"] for entry in logged if entry["event"] == "start.refused"]
    assert all(entry["faults"] for entry in logged if entry["event"] == "start.refused")
    assert SECRET not in str(logged)


@pytest.mark.parametrize("queue", ["cascade.receipts", "cascade.inbound"])
def test_what_an_unreadable_webhook_says_is_never_logged(queue: str, logged: list[EventDict]) -> None:
    bench = Bench()
    raw = b'{"message_uuid":["%s"],"status":"%s","channel":"%s","text":"%s"}'.replace(b"%s", SECRET.encode())
    if queue == "cascade.receipts":
        bench.webhook(raw)
    else:
        bench.inbound(raw)
    bench.turn()

    assert [queue] == [entry["queue"] for entry in logged if entry["event"] == "delivery.dead_lettered"]
    assert SECRET not in str(logged)


def test_a_start_of_the_ingress_is_counted_there_and_one_of_the_queue_here() -> None:
    bench = Bench()
    bench.start("sms")
    bench.start("sms", user="shop", message_id="order-1")
    bench.start("sms", user="shop", message_id="order-1")
    bench.turn()

    assert 1.0 == bench.measured("cascade_messages_accepted_total", source="queue", api="message.v1")
    assert bench.measured("cascade_messages_accepted_total", source="http", api="message.v1") is None


def test_a_refused_sender_is_counted_by_channel_and_account_since_the_fallback_hides_it(
    logged: list[EventDict],
) -> None:
    bench = Bench()
    bench.start("viber_service", "sms")
    bench.start("viber_service", "sms")
    bench.turn()
    bench.answer(Refused(problem=Problem(code="1120", title="Illegal sender"), refused_sender=True))
    bench.answer(Refused(problem=Problem(code="1020", title="Invalid params")))

    labels = {"channel": "viber_service", "account": "default"}
    assert 1.0 == bench.measured("cascade_senders_refused_total", **labels)
    assert [("warning", "viber_service", "default")] == [
        (entry["log_level"], entry["channel"], entry["account"])
        for entry in logged
        if entry["event"] == "sender.refused"
    ]


def test_a_circuit_is_open_until_the_last_stop_of_its_channel_ends() -> None:
    bench = Bench()
    account = Stop(kind=StopKind.FAULT, account="default", reason="made up", since=EPOCH)
    channel = Stop(kind=StopKind.PAUSE, channel="sms", reason="made up", since=EPOCH)

    def circuits() -> tuple[float | None, float | None]:
        bench.pass_time(1.0)
        sms, mms = (bench.measured("cascade_circuit_open", channel=name) for name in ("sms", "mms"))
        return sms, mms

    bench.store.put_stop(channel)
    one = circuits()
    bench.store.put_stop(account)
    both = circuits()
    bench.store.lift_stop(channel.key)
    whole_account = circuits()
    bench.store.lift_stop(account.key)
    none = circuits()

    assert ((1.0, 0.0), (1.0, 1.0), (1.0, 1.0), (0.0, 0.0)) == (one, both, whole_account, none)
