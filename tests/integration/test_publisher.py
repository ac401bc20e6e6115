"""The publisher against a real broker and a bad network: confirmed, or an error by the deadline, never in between.

The numbers K1 to K14 in comments are the traps of kombu and py-amqp that each test would fall into without the recipe.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest
from structlog.testing import capture_logs

from deploy.ports import free_port
from deploy.rabbitmq_node import Node
from shared.errors import BrokerUnavailable, Unroutable, WireError
from shared.queue.apply import declare
from shared.queue.envelope import TENANT
from shared.queue.link import Link
from shared.queue.publisher import Publisher
from shared.queue.topology import INTAKE, QueueDepth
from tests.support.broker import Vhost, fresh_vhost
from tests.support.certificates import self_signed
from tests.support.fault_proxy import FaultProxy
from tests.support.queues import PASSWORD, Queues, apply_topology, plain_channel, read_all, ready, set_policy, start_of
from tests.support.waiting import wait_until


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
        channel.queue_purge(INTAKE)


@pytest.fixture
def publisher(queues: Queues) -> Iterator[Publisher]:
    publisher = Publisher(queues.ingress)
    yield publisher
    publisher.close()


@pytest.fixture
def proxy(queues: Queues) -> Iterator[FaultProxy]:
    assert queues.vhost.node is not None
    with FaultProxy(queues.vhost.node.amqp_port) as proxy:
        yield proxy


def through(proxy: FaultProxy, queues: Queues) -> str:
    assert queues.vhost.node is not None
    return queues.ingress.replace(f":{queues.vhost.node.amqp_port}/", f":{proxy.port}/")


def seconds_of(publisher: Publisher, message_id: str = "m") -> float:
    """Return how long a publish takes that must fail with BrokerUnavailable."""
    begun = monotonic()
    with pytest.raises(BrokerUnavailable):
        publisher.publish(start_of(message_id))
    return monotonic() - begun


def ids_in(queues: Queues) -> list[str]:
    return [properties.message_id for _, properties, _ in read_all(queues.dispatcher, INTAKE)]


def test_a_confirmed_message_lies_in_its_queue_with_all_that_was_said_of_it(
    queues: Queues, publisher: Publisher
) -> None:
    publisher.publish(  # K1
        start_of(
            "id-1",
            body=b'{"a": "\xc3\xa9"}',
            headers={TENANT: "acme"},
            user_id="cascade-ingress",
            correlation_id="c-1",
            reply_to="acme.answers",
        )
    )

    [(method, properties, body)] = read_all(queues.dispatcher, INTAKE)
    assert b'{"a": "\xc3\xa9"}' == body
    assert ("cascade.sends", "workflow.v0_1") == (method.exchange, method.routing_key)
    assert ("workflow.v0_1", "id-1", "c-1", "acme.answers", "cascade-ingress") == (
        properties.type,
        properties.message_id,
        properties.correlation_id,
        properties.reply_to,
        properties.user_id,
    )
    assert ("application/json", "utf-8", 2, "acme") == (
        properties.content_type,
        properties.content_encoding,
        properties.delivery_mode,
        properties.headers[TENANT],
    )
    assert abs(properties.timestamp - datetime.now(UTC).timestamp()) < 60


def test_without_a_confirm_the_deadline_ends_it_and_nothing_is_called_published(
    queues: Queues, proxy: FaultProxy
) -> None:
    publisher = Publisher(through(proxy, queues), deadline_s=1.0)
    publisher.publish(start_of("first"))
    proxy.swallow()

    took = seconds_of(publisher, "swallowed")  # K2

    assert 0.8 < took < 3.0  # it would be for ever


def test_a_late_confirm_never_counts_for_the_next_message(queues: Queues, proxy: FaultProxy) -> None:
    # K3: the confirm of A arrives while B, which has no queue, waits for its own.
    publisher = Publisher(through(proxy, queues), deadline_s=1.0)
    publisher.publish(start_of("warm"))
    proxy.swallow(answers_only=True)
    seconds_of(publisher, "A")
    proxy.heal()

    with pytest.raises(Unroutable):
        publisher.publish(start_of("B", exchange="cascade.receipts", routing_key="nowhere"))

    assert ["warm", "A"] == ids_in(queues)
    publisher.close()


def test_a_link_that_raised_is_never_used_again(queues: Queues, proxy: FaultProxy) -> None:
    link = Link(through(proxy, queues), ends=monotonic() + 2.0)
    proxy.swallow(answers_only=True)
    with pytest.raises(BrokerUnavailable):
        link.publish(start_of("A"), ends=monotonic() + 0.5)
    proxy.heal()

    with pytest.raises(BrokerUnavailable):
        link.publish(start_of("B"), ends=monotonic() + 2.0)

    assert "B" not in ids_in(queues)


def test_what_has_no_queue_is_unroutable_and_the_next_publish_is_clean(queues: Queues, publisher: Publisher) -> None:
    with pytest.raises(Unroutable):  # K4
        publisher.publish(start_of("lost", exchange="cascade.receipts", routing_key="nowhere"))

    publisher.publish(start_of("fine"))

    assert ["fine"] == ids_in(queues)


def test_what_has_no_exchange_is_unroutable_and_the_next_publish_is_clean(queues: Queues, publisher: Publisher) -> None:
    with plain_channel(queues.admin) as channel:
        channel.exchange_delete("cascade.commands")
    with pytest.raises(Unroutable):
        publisher.publish(start_of("lost", exchange="cascade.commands"))

    publisher.publish(start_of("fine"))

    assert ["fine"] == ids_in(queues)


def test_what_nobody_has_to_hear_may_have_no_queue(queues: Queues, publisher: Publisher) -> None:
    publisher.publish(start_of("quiet", exchange="cascade.receipts", routing_key="nowhere", mandatory=False))


def test_what_the_broker_refuses_by_rights_is_an_error_and_the_next_publish_is_clean(
    queues: Queues, publisher: Publisher
) -> None:
    with pytest.raises(BrokerUnavailable, match="ACCESS_REFUSED"):
        publisher.publish(start_of("stolen", exchange="cascade.steps"))
    with pytest.raises(BrokerUnavailable, match="user_id"):
        publisher.publish(start_of("forged", user_id="somebody-else"))

    publisher.publish(start_of("fine"))

    assert ["fine"] == ids_in(queues)


def test_an_idle_connection_is_replaced_before_it_is_trusted(queues: Queues, proxy: FaultProxy) -> None:
    publisher = Publisher(through(proxy, queues), idle_s=0.0)  # K5

    for number in range(3):
        publisher.publish(start_of(str(number)))

    assert 3 == proxy.accepted
    publisher.close()


def test_a_connection_in_use_is_kept(queues: Queues, proxy: FaultProxy) -> None:
    publisher = Publisher(through(proxy, queues))

    for number in range(3):
        publisher.publish(start_of(str(number)))

    assert 1 == proxy.accepted
    publisher.close()


def test_a_connection_that_was_reset_while_idle_costs_one_retry_and_no_error(queues: Queues, proxy: FaultProxy) -> None:
    publisher = Publisher(through(proxy, queues))
    publisher.publish(start_of("before"))
    proxy.reset()

    publisher.publish(start_of("after"))

    assert ["before", "after"] == ids_in(queues)
    publisher.close()


def test_connections_closed_by_the_operator_cost_one_retry_and_no_error(queues: Queues, publisher: Publisher) -> None:
    publisher.publish(start_of("before"))
    queues.vhost.ctl("close_all_connections", "maintenance")

    publisher.publish(start_of("after"))

    assert ["before", "after"] == ids_in(queues)


def test_a_broker_that_is_away_is_told_at_once_and_not_tried_for_ever() -> None:
    publisher = Publisher(f"amqp://a:b@127.0.0.1:{free_port()}/x")

    assert seconds_of(publisher) < 3.0  # K6: less than the deadline of 4 s


def test_a_link_that_refuses_and_comes_back_is_used_again(queues: Queues, proxy: FaultProxy) -> None:
    publisher = Publisher(through(proxy, queues))
    publisher.publish(start_of("before"))
    proxy.refuse()
    assert seconds_of(publisher, "during") < 3.0
    proxy.heal()

    publisher.publish(start_of("after"))

    assert ["before", "after"] == ids_in(queues)
    publisher.close()


def test_connecting_into_a_black_hole_ends_before_the_deadline(queues: Queues, proxy: FaultProxy) -> None:
    proxy.swallow()

    assert seconds_of(Publisher(through(proxy, queues), deadline_s=1.0)) < 3.0


def test_a_full_queue_is_an_error_at_once_and_no_storm(queues: Queues, publisher: Publisher, proxy: FaultProxy) -> None:
    set_policy(queues.vhost, "full", r"^cascade\.intake$", {"max-length": 1, "overflow": "reject-publish"})
    watched = Publisher(through(proxy, queues))

    def refused() -> bool:
        try:
            watched.publish(start_of("m"))
        except BrokerUnavailable as error:
            return "queue full" in str(error)
        return False

    wait_until(refused)  # quorum queues take some more than their length before they refuse
    opened = proxy.accepted
    begun = monotonic()
    with pytest.raises(BrokerUnavailable, match="queue full"):  # K7
        watched.publish(start_of("m"))

    assert monotonic() - begun < 1.0
    assert proxy.accepted - opened <= 1
    queues.vhost.ctl("clear_policy", "full")
    wait_until(lambda: _publishes(publisher))


def _publishes(publisher: Publisher) -> bool:
    try:
        publisher.publish(start_of("again"))
    except BrokerUnavailable:
        return False
    return True


def test_a_child_of_a_fork_has_a_connection_of_its_own_and_leaves_its_parents_alone(
    queues: Queues, proxy: FaultProxy
) -> None:
    publisher = Publisher(through(proxy, queues))
    publisher.publish(start_of("parent before"))
    child = os.fork()  # K10
    if child == 0:
        status = 1
        try:
            publisher.publish(start_of("child"))
            publisher.close()
            status = 0
        finally:
            os._exit(status)

    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    publisher.publish(start_of("parent after"))

    assert ["child", "parent after", "parent before"] == sorted(ids_in(queues))
    assert 2 == proxy.accepted
    publisher.close()


def test_threads_publish_side_by_side_and_each_confirm_is_its_own(queues: Queues) -> None:
    publisher = Publisher(queues.ingress)  # K11, K12
    failures: list[BaseException] = []

    def publish_many(name: str) -> None:
        try:
            for number in range(50):
                publisher.publish(start_of(f"{name}-{number}"))
        except BrokerUnavailable as error:
            failures.append(error)
        finally:
            publisher.close()

    threads = [threading.Thread(target=publish_many, args=(f"t{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == failures
    assert {f"t{name}-{number}" for name in range(8) for number in range(50)} == set(ids_in(queues))


def test_what_is_too_long_is_refused_before_the_broker_hears_of_it() -> None:
    nobody = Publisher(f"amqp://a:b@127.0.0.1:{free_port()}/x")

    for message in (  # K13
        start_of("m" * 300),
        start_of("m", headers={"a": "x" * 200_000}),
        start_of("m", body=b"x" * (256 * 1024 + 1)),
    ):
        with pytest.raises(WireError):
            nobody.publish(message)


def test_the_largest_message_that_is_allowed_passes(queues: Queues, publisher: Publisher) -> None:
    publisher.publish(start_of("m" * 64, body=b"x" * 256 * 1024, headers={"a": "x" * 4000}))

    assert ["m" * 64] == ids_in(queues)


def test_neither_errors_nor_logs_name_the_password(queues: Queues, proxy: FaultProxy) -> None:
    wrong = queues.ingress.replace(PASSWORD, "a-wrong-secret")
    proxy.refuse()
    seen: list[str] = []
    with capture_logs() as logs:  # K14
        for url in (wrong, through(proxy, queues)):
            with pytest.raises(BrokerUnavailable) as caught:
                Publisher(url).publish(start_of("m"))
            seen.extend((str(caught.value), repr(caught.value)))

    shown = " ".join([*seen, repr(logs)])
    assert "secret" not in shown
    assert "ACCESS_REFUSED" in shown


@pytest.mark.parametrize("count", [1, 7, 8, 60, 400, 520, 600, 700, 4096])
def test_a_connection_cut_anywhere_is_an_error_or_a_success_and_the_next_is_clean(
    queues: Queues, proxy: FaultProxy, count: int
) -> None:
    publisher = Publisher(through(proxy, queues))
    proxy.cut_after(count)
    try:
        publisher.publish(start_of("cut"))
        expected = {"cut", "after"}
    except BrokerUnavailable:
        expected = {"after"}
    proxy.heal()

    publisher.publish(start_of("after"))

    assert expected <= set(ids_in(queues)) <= {"cut", "after"}
    publisher.close()


def test_a_slow_link_is_waited_for(queues: Queues, proxy: FaultProxy) -> None:
    proxy.delay(0.05)
    publisher = Publisher(through(proxy, queues))

    publisher.publish(start_of("slow"))

    assert ["slow"] == ids_in(queues)
    publisher.close()


def test_several_nodes_are_tried_until_one_answers(queues: Queues) -> None:
    dead = f"amqp://a:b@127.0.0.1:{free_port()}/x"
    publisher = Publisher(f"{dead};{queues.ingress};{dead}")

    publisher.publish(start_of("m"))

    assert ["m"] == ids_in(queues)
    publisher.close()


def test_the_depth_of_a_queue_is_its_ready_messages_and_its_consumers(queues: Queues, publisher: Publisher) -> None:
    publisher.publish(start_of("m"))

    assert QueueDepth(messages=1, consumers=0) == publisher.depth(INTAKE)
    with plain_channel(queues.dispatcher) as channel:
        channel.basic_qos(prefetch_count=1)
        channel.basic_consume(INTAKE, lambda *_: None)
        wait_until(lambda: publisher.depth(INTAKE) == QueueDepth(messages=0, consumers=1))


def test_the_depth_of_a_queue_that_is_missing_is_an_error_and_the_next_publish_is_clean(publisher: Publisher) -> None:
    with pytest.raises(Unroutable):
        publisher.depth("cascade.nothing")

    publisher.publish(start_of("fine"))


def test_readiness_follows_the_broker(queues: Queues, proxy: FaultProxy) -> None:
    publisher = Publisher(through(proxy, queues), deadline_s=1.0)
    assert publisher.healthy()
    proxy.refuse()
    assert not publisher.healthy()
    proxy.heal()
    assert publisher.healthy()
    proxy.swallow()

    begun = monotonic()

    assert not publisher.healthy()
    assert monotonic() - begun < 1.5
    publisher.close()


def test_readiness_is_false_where_the_topology_is_missing(vhost: Vhost) -> None:
    publisher = Publisher(vhost.url)

    assert not publisher.healthy()
    publisher.close()


def test_tls_is_spoken_with_a_certificate_that_is_known_and_names_the_host(queues: Queues, tmp_path: Path) -> None:
    assert queues.vhost.node is not None
    known, other = self_signed(tmp_path / "known", "127.0.0.1"), self_signed(tmp_path / "other", "127.0.0.2")
    for certificate, ca_file, works in (
        (known, known.file, True),
        (known, None, False),  # of nobody we know
        (other, other.file, False),  # known, but another host's
    ):
        with FaultProxy(queues.vhost.node.amqp_port, tls=certificate.server_context()) as proxy:
            url = through(proxy, queues).replace("amqp://", "amqps://")
            publisher = Publisher(url, ca_file=None if ca_file is None else str(ca_file))
            if works:
                publisher.publish(start_of("m"))
                publisher.close()
            else:
                with pytest.raises(BrokerUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
                    publisher.publish(start_of("m"))

    assert ["m"] == ids_in(queues)


def test_nothing_of_a_closed_publisher_stays_at_the_broker(queues: Queues) -> None:
    publisher = Publisher(queues.ingress)
    publisher.publish(start_of("m"))
    publisher.close()

    assert 1 == ready(queues.dispatcher, INTAKE)
    assert queues.vhost.node is not None
    node = queues.vhost.node
    wait_until(lambda: queues.vhost.name not in node.ctl("list_connections", "vhost"))
