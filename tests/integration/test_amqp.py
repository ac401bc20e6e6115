"""The dispatcher's consumers and relay against a real broker and a bad network.

The numbers P1 to P13 in comments are the traps of pika and AMQP that each test would fall into without the recipe.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import pytest

from deploy.rabbitmq_node import Node
from services.dispatcher.amqp import Amqp
from services.dispatcher.ports import CallAnswer, CallTicket
from shared.errors import ConfigError
from shared.model import Message
from shared.outcomes import Stale
from shared.queue.apply import declare
from shared.queue.publisher import Publisher
from shared.queue.topology import COMMANDS, DEAD, INTAKE, QUEUES, RECEIPTS
from tests.support.broker import fresh_vhost
from tests.support.certificates import self_signed
from tests.support.engine_ends import Ends, ends_of, row
from tests.support.fault_proxy import FaultProxy
from tests.support.queues import Queues, apply_topology, plain_channel, read_all, ready, set_policy, start_of
from tests.support.waiting import wait_until

SMS = "cascade.send.sms"


@pytest.fixture(scope="module")
def applied(broker: Node) -> Iterator[Queues]:
    with fresh_vhost(broker) as vhost:
        yield apply_topology(vhost)


@pytest.fixture
def queues(applied: Queues) -> Iterator[Queues]:
    """The module's virtual host, as it was applied: a test may spoil it."""
    yield applied
    declare(applied.setup)
    with plain_channel(applied.admin) as channel:
        for queue in QUEUES:
            channel.queue_purge(queue.name)


@pytest.fixture
def ends(queues: Queues) -> Iterator[Ends]:
    with ends_of(queues.dispatcher) as ends:
        yield ends


@pytest.fixture
def proxy(queues: Queues) -> Iterator[FaultProxy]:
    assert queues.vhost.node is not None
    with FaultProxy(queues.vhost.node.amqp_port) as proxy:
        yield proxy


def through(proxy: FaultProxy, queues: Queues) -> str:
    assert queues.vhost.node is not None
    return queues.dispatcher.replace(f":{queues.vhost.node.amqp_port}/", f":{proxy.port}/")


def publish_starts(queues: Queues, count: int, *, first: int = 0) -> None:
    publisher = Publisher(queues.ingress)
    for number in range(first, first + count):
        publisher.publish(start_of(f"start-{number}"))
    publisher.close()


def tokens(ends: Ends) -> list[int]:
    return [delivery.token for delivery in ends.deliveries]


# Consuming.


def test_a_delivery_tells_all_that_the_message_said(queues: Queues, ends: Ends) -> None:
    publisher = Publisher(queues.ingress)
    publisher.publish(
        start_of(
            "id-1",
            body=b"raw \xff bytes",
            headers={"x-cascade-tenant": "acme"},
            user_id="cascade-ingress",
            correlation_id="c",
            reply_to="acme.x",
        )
    )
    publisher.close()
    ends.amqp.consume({INTAKE: 5})
    ends.until(lambda: ends.deliveries)

    [delivery] = ends.deliveries
    assert (INTAKE, "cascade.sends", "workflow.v0_1", "workflow.v0_1", "id-1") == (
        delivery.queue,
        delivery.exchange,
        delivery.routing_key,
        delivery.type,
        delivery.message_id,
    )
    assert ("cascade-ingress", "acme.x", "c", "application/json", "utf-8") == (
        delivery.user_id,
        delivery.reply_to,
        delivery.correlation_id,
        delivery.content_type,
        delivery.content_encoding,
    )
    assert (b"raw \xff bytes", "acme", False) == (
        delivery.body,
        delivery.headers["x-cascade-tenant"],
        delivery.redelivered,
    )
    assert 0 <= monotonic() - delivery.received_at < 15


def test_a_message_of_nobody_in_particular_has_no_properties(queues: Queues, ends: Ends) -> None:
    with plain_channel(queues.admin) as channel:
        channel.basic_publish("cascade.sends", "x", b"")
    ends.amqp.consume({INTAKE: 5})
    ends.until(lambda: ends.deliveries)

    [delivery] = ends.deliveries
    assert [None] * 5 == [
        delivery.type,
        delivery.message_id,
        delivery.user_id,
        delivery.content_type,
        delivery.content_encoding,
    ]


def test_no_more_is_in_hand_than_the_prefetch_and_an_ack_makes_room(queues: Queues, ends: Ends) -> None:
    publish_starts(queues, 10)
    ends.amqp.consume({INTAKE: 3})  # P7
    ends.until(lambda: len(ends.deliveries) == 3)
    ends.during(0.5)
    assert 3 == len(ends.deliveries)

    ends.amqp.ack([ends.deliveries[1].token])

    ends.until(lambda: len(ends.deliveries) == 4)


def test_a_prefetch_without_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Amqp("amqp://127.0.0.1/x", name="test").consume({INTAKE: 0})


def test_a_prefetch_can_be_changed_while_messages_are_in_hand(queues: Queues, ends: Ends) -> None:
    publish_starts(queues, 10)
    ends.amqp.consume({INTAKE: 2})
    ends.until(lambda: len(ends.deliveries) == 2)

    ends.amqp.consume({INTAKE: 5})

    ends.until(lambda: len(ends.deliveries) == 7)
    ends.amqp.ack(tokens(ends))
    ends.until(lambda: len(ends.deliveries) == 10)
    ends.amqp.ack(tokens(ends))
    assert {1} == set(ends.ids().values())


def test_acks_in_any_order_and_twice_leave_nothing_behind(queues: Queues, ends: Ends) -> None:
    publish_starts(queues, 20)
    ends.amqp.consume({INTAKE: 20})
    ends.until(lambda: len(ends.deliveries) == 20)
    held = tokens(ends)

    for token in (held[7], held[3], *held[:3], *held[10:], *held[4:7], *held[8:10], *held):
        ends.amqp.ack([token])
    ends.amqp.ack([10**9])

    ends.amqp.consume({})
    ends.during(0.3)
    assert ends.amqp.connected
    assert set() == ends.lost
    ends.amqp.close(drain_s=1.0)
    assert 0 == ready(queues.dispatcher, INTAKE)


def test_a_cancelled_queue_keeps_what_is_in_hand_and_sends_nothing_back(queues: Queues, ends: Ends) -> None:
    publish_starts(queues, 300)
    ends.amqp.consume({INTAKE: 200})
    ends.until(lambda: ends.deliveries)

    ends.amqp.consume({})  # while the rest of the 200 is on its way

    ends.during(0.5)
    taken = len(ends.deliveries)
    assert 300 == taken + ready(queues.dispatcher, INTAKE)
    ends.amqp.ack(tokens(ends))
    ends.amqp.consume({INTAKE: 500})
    ends.until(lambda: len(ends.deliveries) == 300)
    assert {1} == set(ends.ids().values())
    assert [] == [each for each in ends.deliveries if each.redelivered or each.headers.get("x-delivery-count")]


def test_cancelling_and_consuming_in_quick_turns_hands_out_no_message_twice(queues: Queues, ends: Ends) -> None:
    publish_starts(queues, 100)
    for turn in range(30):
        ends.amqp.consume({} if turn % 2 else {INTAKE: 7})
        ends.during(0.01)
        ends.amqp.ack(tokens(ends))
    ends.amqp.consume({INTAKE: 50})

    def all_acked() -> bool:
        ends.amqp.ack(tokens(ends))
        return len(ends.deliveries) >= 100

    ends.until(all_acked)

    # What is on its way when the cancel arrives, the broker itself takes back, and counts that: not more can be asked.
    assert {1} == set(ends.ids().values())
    assert 100 == len(ends.deliveries)


def test_a_slow_engine_starves_no_heartbeat(queues: Queues) -> None:
    publish_starts(queues, 1)
    with ends_of(queues.dispatcher, heartbeat_s=1) as ends:  # P1: the broker gives up after some 2 s of silence
        ends.amqp.consume({INTAKE: 1})
        ends.until(lambda: ends.deliveries)
        sleep(5.0)  # a commit that takes its time

        ends.amqp.ack(tokens(ends))

        ends.during(0.3)
        assert set() == ends.lost
        assert ends.amqp.connected


def test_any_thread_may_ack_publish_and_answer(queues: Queues, ends: Ends) -> None:
    publish_starts(queues, 200)
    ends.amqp.consume({INTAKE: 200})
    ends.until(lambda: len(ends.deliveries) == 200)
    held = tokens(ends)

    def work(number: int) -> None:  # P2
        for token in held[number::8]:
            ends.amqp.ack([token])
            ends.amqp.publish([row(token)])
            ends.amqp.wake()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    ends.until(lambda: len(ends.confirmed) == 200)
    assert set(held) == set(ends.confirmed)
    wait_until(lambda: ready(queues.dispatcher, SMS) == 200)


def test_an_answer_of_a_sender_wakes_the_engine(queues: Queues, ends: Ends) -> None:
    ticket = CallTicket(
        workflow_id="w",
        step=1,
        attempt=1,
        reference="r",
        account="default",
        message=Message(channel="sms", recipient="447700900001", sender="Cascade", kind="text"),
        ttl=None,
        claimed_at=0.0,
        claimed_monotonic=0.0,
    )
    answer = CallAnswer(ticket=ticket, outcome=Stale(), ended_monotonic=1.0)
    timer = threading.Timer(0.2, ends.amqp.deliver_answer, [answer])
    begun = monotonic()
    timer.start()

    ends.amqp.wait(begun + 10.0)

    assert monotonic() - begun < 5.0
    assert (answer,) == ends.amqp.take().answers
    timer.join()


def test_waiting_ends_at_its_time_and_at_a_wake_up(queues: Queues, ends: Ends) -> None:
    ends.collect()
    begun = monotonic()
    ends.amqp.wait(begun + 0.3)
    assert 0.25 < monotonic() - begun < 2.0

    ends.amqp.wake()
    begun = monotonic()
    ends.amqp.wait(begun + 10.0)

    assert monotonic() - begun < 5.0


def test_a_queue_that_is_deleted_and_declared_again_is_consumed_again(queues: Queues, ends: Ends) -> None:
    publish_starts(queues, 2)
    ends.amqp.consume({INTAKE: 5})
    ends.until(lambda: len(ends.deliveries) == 2)
    with plain_channel(queues.admin) as channel:
        channel.queue_delete(INTAKE)  # P3
    ends.during(1.0)
    ends.amqp.ack(tokens(ends))

    declare(queues.setup)
    publish_starts(queues, 1, first=2)

    ends.until(lambda: len(ends.deliveries) == 3, deadline_s=5.0)
    assert set() == ends.lost  # what was in hand stayed good, and could be acked
    assert ends.amqp.connected


def test_a_queue_deleted_and_declared_again_at_once_leaves_no_consumer_behind(queues: Queues) -> None:
    with ends_of(queues.dispatcher, renew_idle_s=1.0) as ends:
        ends.amqp.consume({SMS: 5})
        ends.amqp.publish([row(number) for number in range(1, 101)])
        ends.until(lambda: len(ends.deliveries) == 5 and len(ends.confirmed) == 100)
        with plain_channel(queues.admin) as channel:
            channel.queue_delete(SMS)
        declare(queues.setup)
        ends.amqp.ack(tokens(ends))
        ends.amqp.publish([row(number) for number in range(201, 203)])

        # RabbitMQ 3.10 tells the consumer nothing of this, and drops on the way what it sends it.
        ends.until(lambda: {"row-201", "row-202"} <= set(ends.ids()), deadline_s=30.0)


def test_an_idle_consumer_that_is_made_anew_misses_nothing(queues: Queues) -> None:
    with ends_of(queues.dispatcher, renew_idle_s=0.0) as ends:
        ends.amqp.consume({INTAKE: 5})
        for turn in range(5):
            publish_starts(queues, 20, first=20 * turn)
            for _ in range(10):
                ends.during(0.1)
                ends.amqp.ack(tokens(ends))
        ends.until(lambda: len(ends.ids()) == 100)

        assert set() == ends.lost
        assert {1} == set(ends.ids().values())


def test_a_missing_queue_is_waited_for_and_harms_no_other(queues: Queues, ends: Ends) -> None:
    with plain_channel(queues.admin) as channel:
        channel.queue_delete(RECEIPTS)
    publish_starts(queues, 1)

    ends.amqp.consume({RECEIPTS: 5, INTAKE: 5, COMMANDS: 5})  # P9

    ends.until(lambda: len(ends.deliveries) == 1)
    ends.during(1.0)
    declare(queues.setup)
    publisher = Publisher(queues.ingress)
    publisher.publish(start_of("r", exchange="cascade.receipts", routing_key="receipt"))
    publisher.close()
    ends.until(lambda: len(ends.deliveries) == 2, deadline_s=5.0)
    assert set() == ends.lost


def test_a_channel_that_the_broker_closed_is_noticed_and_the_others_go_on(queues: Queues, ends: Ends) -> None:
    publish_starts(queues, 2)
    publisher = Publisher(queues.ingress)
    publisher.publish(start_of("r", exchange="cascade.receipts", routing_key="receipt"))
    publisher.close()
    ends.amqp.consume({INTAKE: 1, RECEIPTS: 1})
    ends.until(lambda: len(ends.deliveries) == 2)
    intake = next(each for each in ends.deliveries if each.queue == INTAKE)

    def ack_what_was_never_delivered() -> None:  # P12: the broker closes this channel with 406, and only it
        consumers = ends.amqp._consumers
        channel = consumers._current[INTAKE]._channel
        assert channel is not None
        channel.basic_ack(4711)

    ends.amqp._request(ack_what_was_never_delivered)

    ends.until(lambda: ends.lost)
    assert {intake.token} == ends.lost
    ends.until(lambda: len(ends.deliveries) == 3)
    assert ends.deliveries[-1].redelivered
    assert ends.amqp.connected


def test_a_token_of_a_lost_connection_is_nothing(queues: Queues, ends: Ends) -> None:
    publish_starts(queues, 3)
    ends.amqp.consume({INTAKE: 3})
    ends.until(lambda: len(ends.deliveries) == 3)
    stale = tokens(ends)
    queues.vhost.ctl("close_all_connections", "maintenance")
    ends.until(lambda: ends.lost)
    assert set(stale) == ends.lost
    ends.until(lambda: len(ends.deliveries) == 6, deadline_s=20.0)

    ends.amqp.ack(stale)  # P6: under the old numbers this would end the new channel, or ack the wrong messages

    ends.during(0.5)
    assert set(stale) == ends.lost
    assert 6 == len(ends.deliveries)
    ends.amqp.ack(tokens(ends)[3:])
    assert len(set(tokens(ends))) == 6
    ends.amqp.close(drain_s=1.0)
    assert 0 == ready(queues.dispatcher, INTAKE)


def test_a_delivery_that_nobody_took_yet_is_gone_with_its_connection(queues: Queues, ends: Ends) -> None:
    publish_starts(queues, 3)
    ends.amqp.consume({INTAKE: 3})
    wait_until(lambda: ready(queues.dispatcher, INTAKE) == 0)
    wait_until(lambda: len(ends.amqp._mailbox._deliveries) == 3)
    queues.vhost.ctl("close_all_connections", "maintenance")

    ends.until(lambda: len(ends.deliveries) == 3, deadline_s=20.0)

    assert set() == ends.lost
    assert {True} == {delivery.redelivered for delivery in ends.deliveries}


def test_closing_sends_the_acks_that_were_asked_for(queues: Queues, ends: Ends) -> None:
    publish_starts(queues, 50)
    ends.amqp.consume({INTAKE: 50})
    ends.until(lambda: len(ends.deliveries) == 50)
    ends.amqp.ack(tokens(ends)[:49])

    ends.amqp.close(drain_s=1.0)  # P10

    assert 1 == ready(queues.dispatcher, INTAKE)
    assert not ends.amqp.connected


def test_closing_waits_for_the_confirms(queues: Queues, ends: Ends) -> None:
    ends.amqp.publish([row(number) for number in range(1, 2001)])

    ends.amqp.close(drain_s=10.0)

    ends.collect()
    assert [] == ends.failed
    assert 2000 == len(ends.confirmed) == ready(queues.dispatcher, SMS)


def test_closing_without_a_broker_takes_no_longer_than_it_may(queues: Queues, proxy: FaultProxy) -> None:
    with ends_of(through(proxy, queues)) as ends:
        proxy.swallow()
        ends.amqp.publish([row(1)])
        begun = monotonic()

        ends.amqp.close(drain_s=0.5)

        assert monotonic() - begun < 4.0
        ends.collect()
        assert [1] == ends.failed


def test_an_operator_sees_who_is_connected(queues: Queues, ends: Ends) -> None:
    names = queues.vhost.node.ctl("list_connections", "client_properties") if queues.vhost.node else ""

    assert "test consumes" in names
    assert "test publishes" in names


def test_a_broker_that_is_away_is_tried_until_it_is_there(queues: Queues, proxy: FaultProxy) -> None:
    publish_starts(queues, 1)
    proxy.refuse()
    with ends_of(through(proxy, queues), connected=False) as ends:  # P8
        ends.amqp.consume({INTAKE: 1})
        wait_until(lambda: proxy.accepted >= 4)
        assert not ends.amqp.connected

        proxy.heal()

        ends.until(lambda: ends.deliveries, deadline_s=20.0)


def test_a_consuming_connection_in_a_black_hole_is_given_up(queues: Queues, proxy: FaultProxy) -> None:
    publish_starts(queues, 1)
    with ends_of(through(proxy, queues)) as ends:
        ends.amqp.consume({INTAKE: 1})
        ends.until(lambda: ends.deliveries)
        proxy.swallow()

        ends.until(lambda: ends.lost, deadline_s=25.0)
        proxy.heal()

        ends.until(lambda: len(ends.deliveries) == 2, deadline_s=30.0)


def test_a_broker_that_falls_silent_before_its_first_answer_is_given_up(queues: Queues, proxy: FaultProxy) -> None:
    publish_starts(queues, 1)
    with ends_of(through(proxy, queues)) as ends:
        proxy.swallow()
        ends.amqp.consume({INTAKE: 1})

        ends.until(lambda: not ends.amqp.connected, deadline_s=25.0)  # heartbeats alone would take up to 30 s
        proxy.heal()

        ends.until(lambda: ends.deliveries, deadline_s=30.0)


def test_tls_is_spoken_with_a_certificate_that_is_known_and_names_the_host(queues: Queues, tmp_path: Path) -> None:
    assert queues.vhost.node is not None
    known, other = self_signed(tmp_path / "known", "127.0.0.1"), self_signed(tmp_path / "other", "127.0.0.2")
    for certificate, ca_file, works in (
        (known, str(known.file), True),
        (known, None, False),  # of nobody we know
        (other, str(other.file), False),  # known, but another host's
    ):
        with FaultProxy(queues.vhost.node.amqp_port, tls=certificate.server_context()) as proxy:
            amqp = Amqp(through(proxy, queues).replace("amqp://", "amqps://"), name="test", ca_file=ca_file)
            amqp.start()
            wait_until(lambda: amqp.connected if works else proxy.accepted >= 3, 20.0)  # noqa: B023  at once
            assert works == amqp.connected
            amqp.close(drain_s=0.5)


def test_an_address_that_is_none_is_refused_before_anything_starts() -> None:
    with pytest.raises(ConfigError):
        Amqp("http://127.0.0.1", name="test")


def test_whatever_goes_wrong_on_the_thread_it_connects_anew(queues: Queues, ends: Ends) -> None:
    publish_starts(queues, 1)
    ends.amqp.consume({INTAKE: 1})
    ends.until(lambda: ends.deliveries)

    def break_down() -> None:
        raise RuntimeError("something nobody thought of")

    ends.amqp._request(break_down)

    ends.until(lambda: ends.lost and ends.amqp.connected)


# Depths.


def test_depths_are_known_after_a_moment_and_unknown_where_there_is_no_queue(queues: Queues, ends: Ends) -> None:
    assert ends.amqp.depth(INTAKE) is None
    assert ends.amqp.depth("cascade.nothing") is None
    publish_starts(queues, 3)

    wait_until(lambda: ends.amqp.depth(INTAKE) == 3)

    assert ends.amqp.depth("cascade.nothing") is None
    publish_starts(queues, 2, first=3)
    wait_until(lambda: ends.amqp.depth(INTAKE) == 5)
    assert ends.amqp.connected


# The relay.


def test_rows_are_confirmed_and_lie_in_their_queue_with_their_properties(queues: Queues, ends: Ends) -> None:
    hostile = {"x-cascade-workflow-id": "w", "x-death": [{"count": 1}], "CC": ["next.sms"]}
    ends.amqp.publish([replace(row(7), headers=hostile, correlation_id="c-7")])
    ends.until(lambda: ends.confirmed)

    [(method, properties, body)] = read_all(queues.dispatcher, SMS)
    assert [7] == ends.confirmed
    assert ("cascade.steps", "send.sms", b"{}") == (method.exchange, method.routing_key, body)
    assert ("step.1", "row-7", "c-7", "cascade-dispatcher", "application/json", 2) == (
        properties.type,
        properties.message_id,
        properties.correlation_id,
        properties.user_id,
        properties.content_type,
        properties.delivery_mode,
    )
    assert "w" == properties.headers["x-cascade-workflow-id"]
    assert not {"x-death", "CC"} & set(properties.headers)
    assert 0 == ready(queues.dispatcher, "cascade.next.sms")


def test_thousands_of_rows_at_once_are_each_confirmed_once(queues: Queues, ends: Ends) -> None:
    rows = [row(number) for number in range(1, 6001)]
    ends.amqp.publish(rows)

    ends.until(lambda: len(ends.confirmed) == 6000, deadline_s=30.0)

    assert sorted(ends.confirmed) == [each.row_id for each in rows]


def test_a_mandatory_row_without_a_queue_fails_and_another_is_confirmed(queues: Queues, ends: Ends) -> None:
    ends.amqp.publish(
        [
            row(1),
            row(2, routing_key="send.nobody"),
            row(3, exchange="cascade.events", routing_key="acme.workflow.final", mandatory=False),
            row(4),
        ]
    )
    ends.until(lambda: len(ends.confirmed) + len(ends.failed) == 4)

    assert [1, 3, 4] == sorted(ends.confirmed)
    assert [2] == ends.failed


def test_of_two_rows_with_one_message_id_only_the_one_without_a_queue_fails(queues: Queues, ends: Ends) -> None:
    ends.amqp.publish([row(5), replace(row(6, routing_key="send.nobody"), message_id="row-5"), row(7)])
    ends.until(lambda: len(ends.confirmed) + len(ends.failed) == 3)

    assert ([5, 7], [6]) == (sorted(ends.confirmed), ends.failed)


def test_a_row_that_the_broker_takes_offence_at_does_not_hold_up_the_others(queues: Queues, ends: Ends) -> None:
    with plain_channel(queues.admin) as channel:
        channel.exchange_delete("cascade.answers")
    waiting = {number: row(number) for number in range(1, 101)}
    waiting[50] = row(50, exchange="cascade.answers")  # 404: the broker closes the channel, with all that is under way
    waiting[70] = row(70, exchange="cascade.sends")  # 403: the same
    for _ in range(100):
        ends.failed.clear()
        ends.amqp.publish(list(waiting.values()))
        ends.until(lambda: waiting.keys() <= {*ends.confirmed, *ends.failed})
        for number in ends.confirmed:
            waiting.pop(number, None)
        if len(waiting) == 2:
            break

    assert {50, 70} == set(waiting)
    assert 98 == len(ends.confirmed)


def test_a_row_that_is_too_long_fails_alone(queues: Queues, ends: Ends) -> None:
    ends.amqp.publish(  # P13
        [
            row(1),
            replace(row(2), message_id="m" * 300),
            replace(row(3), headers={"a": "x" * 200_000}),
            replace(row(4), routing_key="k" * 256),
            row(5),
        ]
    )
    ends.until(lambda: len(ends.confirmed) + len(ends.failed) == 5)

    assert ([1, 5], [2, 3, 4]) == (sorted(ends.confirmed), sorted(ends.failed))
    assert ends.amqp.connected


def test_large_rows_are_confirmed_too(queues: Queues, ends: Ends) -> None:
    ends.amqp.publish([replace(row(number), body=b"x" * 1_000_000) for number in range(1, 31)])

    ends.until(lambda: len(ends.confirmed) == 30, deadline_s=30.0)


def test_a_full_queue_fails_the_row_and_others_go_on(queues: Queues, ends: Ends) -> None:
    set_policy(queues.vhost, "full", r"^cascade\.send\.sms$", {"max-length": 1, "overflow": "reject-publish"})
    number = 0
    while not ends.failed:
        number += 1
        ends.amqp.publish([row(number)])
        ends.until(lambda: len(ends.confirmed) + len(ends.failed) == number)  # noqa: B023  called before it changes

    ends.amqp.publish([row(10_000, routing_key="next.sms")])

    ends.until(lambda: 10_000 in ends.confirmed)
    queues.vhost.ctl("clear_policy", "full")


def test_a_row_under_way_is_not_published_twice(queues: Queues, proxy: FaultProxy) -> None:
    with ends_of(through(proxy, queues)) as ends:
        proxy.swallow(answers_only=True)
        for _ in range(3):
            ends.amqp.publish([row(1)])
        proxy.heal()
        ends.until(lambda: ends.confirmed)
        ends.during(0.3)

        assert [1] == ends.confirmed
        assert 1 == ready(queues.dispatcher, SMS)


def test_a_confirm_that_does_not_come_fails_the_rows_and_the_connection_is_not_used_again(
    queues: Queues, proxy: FaultProxy
) -> None:
    with ends_of(through(proxy, queues)) as ends:
        ends.amqp.publish([row(1)])
        ends.until(lambda: ends.confirmed)
        proxy.swallow(answers_only=True)
        begun = monotonic()
        ends.amqp.publish([row(2), row(3)])  # P4: pika alone waits for 22 s

        ends.until(lambda: len(ends.failed) == 2, deadline_s=8.0)

        assert 4.5 < monotonic() - begun < 7.0
        proxy.heal()  # now the late confirms come
        ends.until(lambda: ends.amqp.connected, deadline_s=20.0)
        ends.amqp.publish([row(4, routing_key="send.nobody"), row(5)])
        ends.until(lambda: 5 in ends.confirmed and 4 in ends.failed)
        assert [1, 5] == sorted(ends.confirmed)


def test_rows_that_could_not_leave_in_time_fail(queues: Queues, proxy: FaultProxy) -> None:
    proxy.refuse()
    with ends_of(through(proxy, queues), connected=False) as ends:
        ends.amqp.publish([row(1)])

        ends.until(lambda: ends.failed, deadline_s=8.0)


def test_dead_letters_leave_by_the_relay(queues: Queues, ends: Ends) -> None:
    dead = replace(
        row(1, exchange=DEAD, routing_key=""), type="workflow.v0_1", headers={"x-cascade-dead-reason": "json"}
    )
    ends.amqp.publish([dead])
    ends.until(lambda: ends.confirmed)

    [(_, properties, _)] = read_all(queues.dispatcher, DEAD)
    assert ("workflow.v0_1", "json") == (properties.type, properties.headers["x-cascade-dead-reason"])
