"""The topology on a real broker: it is applied, compared, and its rights hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pika
import pika.exceptions
import pytest

from deploy.ports import free_port
from shared.errors import BrokerUnavailable, ConfigError
from shared.queue.apply import check, declare, grant
from shared.queue.definitions import definitions_file
from shared.queue.probe import prove, serves
from shared.queue.topology import INTAKE, QUEUES, RECEIPTS
from tests.support.broker import Vhost
from tests.support.queues import Queues, apply_topology, plain_channel, read_all, ready, set_policy
from tests.support.waiting import wait_until


@pytest.fixture
def queues(vhost: Vhost) -> Queues:
    if vhost.node is None:
        pytest.skip("needs a broker on which users can be made")
    return apply_topology(vhost)


def differences(queues: Queues) -> list[str]:
    assert queues.vhost.node is not None
    return check(queues.setup, queues.vhost.node.ctl, vhost=queues.vhost.name)


def test_what_was_applied_differs_in_nothing_and_may_be_applied_again(queues: Queues) -> None:
    assert [] == differences(queues)

    declare(queues.setup)

    assert [] == differences(queues)


def test_a_check_names_what_is_missing_and_makes_nothing(vhost: Vhost) -> None:
    found = check(vhost.url)

    assert "exchange cascade.sends is missing" in found
    assert "queue cascade.next.viber_service is missing" in found
    assert found == check(vhost.url)


def test_a_check_names_what_was_changed_by_hand(queues: Queues) -> None:
    with plain_channel(queues.admin) as channel:
        channel.exchange_delete("cascade.answers")
        channel.exchange_declare("cascade.answers", "fanout", durable=True)
        channel.queue_delete("cascade.inbound")
        channel.queue_declare("cascade.inbound", durable=True)
        channel.queue_unbind("cascade.send.sms", "cascade.steps", "send.sms")
        channel.queue_bind("cascade.receipts", "cascade.sends", "#")
    set_policy(queues.vhost, "catch-all", ".*next.*", {"max-length": 7})

    found = differences(queues)

    for expected in (
        "exchange cascade.answers is made differently",
        "queue cascade.inbound is made differently",
        "queue cascade.send.sms is not bound to cascade.steps with key 'send.sms'",
        "queue cascade.inbound is not bound to cascade.receipts with key 'inbound'",
        "queue cascade.receipts is bound to cascade.sends with key '#', which is not ours",
        "queue cascade.next.sms obeys policy 'catch-all' instead of ours",
    ):
        assert any(line.startswith(expected) for line in found), (expected, found)


def test_applying_over_something_that_is_made_differently_says_so(vhost: Vhost) -> None:
    with plain_channel(vhost.url) as channel:
        channel.queue_declare(INTAKE, durable=True)

    with pytest.raises(ConfigError, match=r"cascade\.intake"):
        declare(vhost.url)


def test_the_shipped_definitions_make_the_whole_topology(vhost: Vhost, tmp_path: Path) -> None:
    if vhost.node is None:
        pytest.skip("needs rabbitmqctl")
    file = tmp_path / "definitions.json"
    file.write_text(definitions_file(vhost.name))

    vhost.node.ctl("import_definitions", str(file))

    assert [] == check(vhost.url, vhost.node.ctl, vhost=vhost.name)


def test_a_password_is_set_only_where_one_is_given(queues: Queues) -> None:
    assert queues.vhost.node is not None

    grant(queues.vhost.node.ctl, queues.vhost.name, {})

    with plain_channel(queues.ingress) as channel:
        assert channel.is_open


def test_a_probe_is_a_confirmed_publish_and_leaves_nothing(queues: Queues) -> None:
    prove(queues.setup)

    assert "cascade.probe" not in queues.vhost.ctl("list_queues", "name")


def test_a_probe_of_a_closed_port_fails_at_once() -> None:
    assert not serves(f"amqp://a:b@127.0.0.1:{free_port()}/x")


def test_a_probe_without_the_right_to_publish_fails(queues: Queues) -> None:
    with pytest.raises(BrokerUnavailable):
        prove(queues.ingress)


def test_the_fifteen_queues_of_the_channels_get_the_step_under_their_key(queues: Queues) -> None:
    with plain_channel(queues.dispatcher) as channel:
        channel.confirm_delivery()
        for queue in QUEUES:
            if queue.name.startswith(("cascade.send.", "cascade.next.")):
                channel.basic_publish("cascade.steps", queue.name.removeprefix("cascade."), b"{}", mandatory=True)

    counts = {queue.name: ready(queues.dispatcher, queue.name) for queue in QUEUES}
    assert {name for name, count in counts.items() if count == 1} == {
        queue.name for queue in QUEUES if queue.name.startswith(("cascade.send.", "cascade.next."))
    }


# What a user may not do. Each action runs on a channel of its own, and the broker must close it with 403.

Action = Callable[[Any], object]


def publish(exchange: str, key: str = "x", **properties: Any) -> Action:
    def action(channel: Any) -> None:
        channel.confirm_delivery()
        channel.basic_publish(exchange, key, b"{}", pika.BasicProperties(**properties), mandatory=False)

    return action


def bind(queue: str, exchange: str, key: str) -> Action:
    def action(channel: Any) -> None:
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, exchange, key)

    return action


def bind_through_an_exchange(channel: Any) -> None:
    channel.exchange_declare("acme.x", "topic", durable=True)
    channel.exchange_bind("acme.x", "cascade.events", "#")


REFUSED_TO_PUBLISHERS: dict[str, Action] = {
    "publish a step": publish("cascade.steps", "send.sms"),
    "publish a receipt": publish("cascade.receipts", "receipt"),
    "publish a command": publish("cascade.commands", "command"),
    "publish an event": publish("cascade.events", "acme.workflow.final"),
    "publish an answer": publish("cascade.answers", "acme.x"),
    "publish a dead letter": publish("cascade.dead"),
    "publish past the exchanges": publish("", "cascade.receipts"),
    "read the intake": lambda channel: channel.basic_get("cascade.intake"),
    "read the dead letters": lambda channel: channel.basic_get("cascade.dead"),
    "empty a queue of ours": lambda channel: channel.queue_purge("cascade.intake"),
    "delete a queue of ours": lambda channel: channel.queue_delete("cascade.intake"),
    "make a queue under another name": lambda channel: channel.queue_declare("other.queue"),
    "make a queue under ours": lambda channel: channel.queue_declare("cascade.mine"),
    "bind everybody's events": bind("acme.events", "cascade.events", "#"),
    "bind another tenant's events": bind("acme.events", "cascade.events", "other-corp.#"),
    "bind another's answers": bind("acme.answers", "cascade.answers", "other.#"),
    "bind the starts of all": bind("acme.sends", "cascade.sends", "#"),
    "bind everybody's events through an exchange": bind_through_an_exchange,
    "dead-letter into the steps": lambda channel: channel.queue_declare(
        "acme.trap", durable=True, arguments={"x-dead-letter-exchange": "cascade.steps"}
    ),
    "let an exchange overflow into the receipts": lambda channel: channel.exchange_declare(
        "acme.y", "topic", arguments={"alternate-exchange": "cascade.receipts"}
    ),
}


@pytest.fixture
def acme(queues: Queues) -> str:
    return queues.add_publisher("acme", tenant="acme-corp")


def answer_to(url: str, action: Action) -> int:
    """Return the code with which the broker closes the channel; 0 where it allows the action."""
    with plain_channel(url) as channel:
        try:
            action(channel)
        except pika.exceptions.ChannelClosedByBroker as refused:
            return int(refused.reply_code)
        return 0


def test_another_system_can_do_none_of_what_is_not_its_business(acme: str) -> None:
    assert dict.fromkeys(REFUSED_TO_PUBLISHERS, 403) == {
        name: answer_to(acme, action) for name, action in REFUSED_TO_PUBLISHERS.items()
    }


def test_another_system_publishes_starts_and_reads_its_own_answers_and_events(queues: Queues, acme: str) -> None:
    with plain_channel(acme) as channel:
        bind("acme.mine", "cascade.answers", "acme.#")(channel)
        bind("acme.mine", "cascade.events", "acme-corp.#")(channel)
        channel.confirm_delivery()
        channel.basic_publish(
            "cascade.sends", "message.v1", b"{}", pika.BasicProperties(user_id="acme", message_id="1"), mandatory=True
        )
    with plain_channel(queues.dispatcher) as channel:
        channel.confirm_delivery()
        channel.basic_publish("cascade.answers", "acme.results", b"answer", mandatory=True)
        channel.basic_publish("cascade.events", "acme-corp.workflow.final", b"event", mandatory=True)

    assert [("acme", b"{}")] == [
        (properties.user_id, body) for _, properties, body in read_all(queues.dispatcher, INTAKE)
    ]
    assert {b"answer", b"event"} == {body for _, _, body in read_all(acme, "acme.mine")}


def test_a_forged_user_is_refused(acme: str) -> None:
    with plain_channel(acme) as channel, pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
        publish("cascade.sends", "message.v1", user_id="cascade-ingress")(channel)

    assert 406 == refused.value.reply_code


def test_a_cc_header_reaches_no_queue_but_the_intake(queues: Queues, acme: str) -> None:
    hostile = {"CC": ["receipt", "send.sms", "cascade.receipts"], "BCC": ["command", "cascade.commands"]}

    with plain_channel(acme) as channel:
        publish("cascade.sends", "message.v1", headers=hostile)(channel)

    assert {INTAKE: 1} == {
        queue.name: count for queue in QUEUES if (count := ready(queues.dispatcher, queue.name)) != 0
    }


def test_the_services_themselves_are_held_to_their_part(queues: Queues) -> None:
    assert 403 == answer_to(queues.ingress, lambda channel: channel.basic_get(INTAKE))
    assert 403 == answer_to(queues.ingress, publish("cascade.steps", "send.sms"))
    assert 403 == answer_to(queues.ingress, publish("cascade.events", "acme.workflow.final"))
    assert 403 == answer_to(queues.console, publish("cascade.sends"))
    assert 403 == answer_to(queues.console, lambda channel: channel.basic_get("cascade.dead"))
    assert 403 == answer_to(queues.dispatcher, publish("", INTAKE))
    assert 403 == answer_to(queues.dispatcher, publish("cascade.sends"))
    assert 403 == answer_to(queues.dispatcher, publish("cascade.receipts", "receipt"))
    assert 403 == answer_to(queues.dispatcher, lambda channel: channel.queue_delete(INTAKE))


def test_the_depth_of_a_queue_may_be_asked_without_the_right_to_read_it(queues: Queues) -> None:
    assert 0 == ready(queues.ingress, RECEIPTS)


def test_what_is_rejected_ends_in_the_dead_letters_with_the_brokers_reason(queues: Queues) -> None:
    with plain_channel(queues.ingress) as channel:
        publish("cascade.sends", "workflow.v0_1", message_id="bad")(channel)
    with plain_channel(queues.dispatcher) as channel:
        method, _, _ = channel.basic_get(INTAKE)
        channel.basic_reject(method.delivery_tag, requeue=False)

    [(_, properties, _)] = wait_until(lambda: read_all(queues.dispatcher, "cascade.dead"))
    assert ("bad", "rejected") == (properties.message_id, properties.headers["x-first-death-reason"])


def test_what_comes_back_more_than_twenty_times_ends_in_the_dead_letters(queues: Queues) -> None:
    with plain_channel(queues.ingress) as channel:
        publish("cascade.sends", "workflow.v0_1", message_id="poison")(channel)
    deliveries = 0
    with plain_channel(queues.dispatcher) as channel:
        for method, _, _ in channel.consume(INTAKE, inactivity_timeout=2.0):
            if method is None:
                break
            deliveries += 1
            channel.basic_nack(method.delivery_tag, requeue=True)

    assert 21 == deliveries
    [(_, properties, _)] = read_all(queues.dispatcher, "cascade.dead")
    assert "delivery_limit" == properties.headers["x-first-death-reason"]


def test_a_definitions_file_is_json_with_the_sections_that_rabbitmq_reads() -> None:
    sections = json.loads(definitions_file())

    assert {"vhosts", "exchanges", "queues", "bindings", "policies"} == set(sections)
