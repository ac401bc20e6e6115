"""Five hundred workflows under way, and the broker, or the way to it, fails: nothing is lost, repeats are explained.

A repeat must be one that the broker flags as redelivered, or that was published again because nobody confirmed it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic

import pytest

from deploy.rabbitmq_node import Node
from shared.errors import BrokerUnavailable
from shared.queue.apply import declare
from shared.queue.publisher import Publisher
from shared.queue.topology import INTAKE
from tests.support.broker import fresh_vhost
from tests.support.echo import STEP_QUEUE, Callers, EchoDispatcher, EchoStore, when
from tests.support.engine_ends import ends_of, row
from tests.support.fault_proxy import FaultProxy
from tests.support.queues import Queues, apply_topology, plain_channel, ready, start_of
from tests.support.waiting import wait_until

COUNT = 500

pytestmark = pytest.mark.xdist_group("own broker of the fault tests")


@pytest.fixture
def queues(own_broker: Node) -> Iterator[Queues]:
    with fresh_vhost(own_broker) as vhost:
        yield apply_topology(vhost)


class Run:
    """Callers and dispatchers at work until every accepted start is done."""

    def __init__(self, queues: Queues, *, dispatcher_url: str = "", ingress_url: str = "") -> None:
        self.store = EchoStore()
        self.url = dispatcher_url or queues.dispatcher
        self.dispatchers = [EchoDispatcher(self.url, self.store)]
        self.callers = Callers(ingress_url or queues.ingress, self.store, count=COUNT)

    def add_dispatcher(self) -> None:
        self.dispatchers.append(EchoDispatcher(self.url, self.store, name=f"echo-{len(self.dispatchers) + 1}"))
        self.dispatchers[-1].start()

    def with_fault(self, fault: Callable[[], None], *, after: int = 100) -> None:
        """Start, let the fault happen once so many are done, and wait for the end."""
        self.dispatchers[0].start()
        self.callers.start()
        try:
            wait_until(when(self.store, after), 60.0)
            fault()
            self.callers.join(120.0)
            wait_until(lambda: self.callers.accepted <= self.store.done, 60.0)
        finally:
            self.callers.stop()
            for dispatcher in self.dispatchers:
                dispatcher.stop()

    def assert_whole(self, *, cut: bool = True) -> None:
        """`cut`: connections broke. Then the publisher, inside one call, sends a start again under its id."""
        assert COUNT == len(self.callers.accepted)
        assert set() == self.callers.accepted - self.store.done
        assert [] == [each for each in self.store.unexplained if not (cut and each.startswith(INTAKE))]


def test_nothing_happens_and_nothing_is_repeated(queues: Queues) -> None:
    run = Run(queues)

    run.with_fault(lambda: None)

    run.assert_whole(cut=False)
    assert {1} == set(run.store.starts.values()) == set(run.store.steps.values())
    assert 0 == run.callers.refused
    assert 0 == ready(queues.dispatcher, INTAKE) + ready(queues.dispatcher, STEP_QUEUE)


def test_a_broker_killed_with_kill_9_loses_nothing(queues: Queues, own_broker: Node) -> None:
    run = Run(queues)

    def kill() -> None:
        own_broker.kill()
        own_broker.start_again()

    run.with_fault(kill)

    run.assert_whole()


def test_a_broker_whose_application_is_stopped_and_started_loses_nothing(queues: Queues, own_broker: Node) -> None:
    run = Run(queues)

    def restart() -> None:
        own_broker.ctl("stop_app")
        own_broker.ctl("start_app")

    run.with_fault(restart)

    run.assert_whole()


def test_connections_closed_again_and_again_lose_nothing(queues: Queues) -> None:
    run = Run(queues)

    def close() -> None:
        for done in (100, 200, 300):
            wait_until(when(run.store, done), 60.0)
            queues.vhost.ctl("close_all_connections", "chaos")

    run.with_fault(close)

    run.assert_whole()


def test_a_queue_deleted_and_declared_again_loses_nothing_that_the_store_knows(queues: Queues) -> None:
    run = Run(queues)

    def delete() -> None:
        with plain_channel(queues.admin) as channel:
            channel.queue_delete(STEP_QUEUE)
        # Rows that find no queue fail, and stay in the outbox.
        wait_until(lambda: run.store.outbox, 30.0)
        declare(queues.setup)

    run.with_fault(delete)

    run.assert_whole(cut=False)


def test_a_dispatcher_that_ends_in_good_order_hands_over_without_a_repeat(queues: Queues) -> None:
    run = Run(queues)

    def hand_over() -> None:
        run.add_dispatcher()
        run.dispatchers[0].stop()

    run.with_fault(hand_over)

    run.assert_whole(cut=False)
    assert 0 == run.dispatchers[1].lost_tokens
    assert run.dispatchers[1].handled > 0


def test_a_network_that_resets_and_swallows_loses_nothing(queues: Queues, own_broker: Node) -> None:
    with FaultProxy(own_broker.amqp_port) as proxy:
        behind = f":{proxy.port}/"
        direct = f":{own_broker.amqp_port}/"
        run = Run(
            queues,
            dispatcher_url=queues.dispatcher.replace(direct, behind),
            ingress_url=queues.ingress.replace(direct, behind),
        )

        def misbehave() -> None:
            proxy.reset()
            wait_until(when(run.store, 200), 60.0)
            proxy.swallow()
            wait_until(lambda: run.callers.refused >= 2, 30.0)
            proxy.heal()
            wait_until(when(run.store, 300), 60.0)
            proxy.refuse()
            wait_until(lambda: not run.dispatchers[0].amqp.connected, 30.0)
            proxy.heal()

        run.with_fault(misbehave)

    run.assert_whole()
    assert run.callers.slowest_s < 6.0


# Alarms: the broker is short of memory, and takes no publishes.


@pytest.fixture
def alarm(own_broker: Node) -> Iterator[Callable[[], None]]:
    yield lambda: _raise_alarm(own_broker)
    own_broker.ctl("set_vm_memory_high_watermark", "0.4")


def _raise_alarm(node: Node) -> None:
    node.ctl("set_vm_memory_high_watermark", "0")


def test_an_alarm_is_answered_at_once_and_over_when_it_is_over(
    queues: Queues, own_broker: Node, alarm: Callable[[], None]
) -> None:
    publisher = Publisher(queues.ingress)
    publisher.publish(start_of("before"))
    alarm()
    took = [_refused_after(publisher) for _ in range(5)]

    # K8: the first may have to find out, the others know; without that each would take the whole deadline of 4 s.
    assert took[0] < 3.0
    assert max(took[1:]) < 1.0
    assert not publisher.healthy()
    another = Publisher(queues.ingress)
    assert _refused_after(another) < 1.0
    another.close()

    own_broker.ctl("set_vm_memory_high_watermark", "0.4")
    wait_until(publisher.healthy, 5.0)
    publisher.publish(start_of("after"))
    publisher.close()


def _refused_after(publisher: Publisher) -> float:
    begun = monotonic()
    with pytest.raises(BrokerUnavailable):
        publisher.publish(start_of("during"))
    return monotonic() - begun


def test_an_alarm_stops_the_relay_and_neither_consuming_nor_acks_nor_the_end(
    queues: Queues, alarm: Callable[[], None]
) -> None:
    publisher = Publisher(queues.ingress)
    for number in range(10):
        publisher.publish(start_of(str(number)))
    publisher.close()
    with ends_of(queues.dispatcher) as ends:
        ends.amqp.consume({INTAKE: 5})
        ends.until(lambda: len(ends.deliveries) == 5)
        alarm()
        ends.amqp.publish([row(1)])
        ends.until(lambda: not ends.amqp.connected)

        ends.amqp.ack([delivery.token for delivery in ends.deliveries])
        ends.until(lambda: len(ends.deliveries) == 10)
        ends.until(lambda: ends.failed == [1], deadline_s=8.0)
        begun = monotonic()
        ends.amqp.close(drain_s=0.5)

        assert monotonic() - begun < 4.0  # P5: pika alone would wait for ever


def test_an_alarm_with_workflows_under_way_loses_nothing(
    queues: Queues, own_broker: Node, alarm: Callable[[], None]
) -> None:
    run = Run(queues)

    def pass_through_an_alarm() -> None:
        alarm()
        wait_until(lambda: run.callers.refused >= 20, 30.0)
        own_broker.ctl("set_vm_memory_high_watermark", "0.4")

    run.with_fault(pass_through_an_alarm)

    run.assert_whole(cut=False)
