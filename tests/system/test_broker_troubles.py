"""Five hundred workflows in flight while the broker misbehaves: nothing is lost, nothing is sent twice."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from kombu import Connection

from deploy.rabbitmq_node import Node, find_node
from shared.model import State, What, Workflow
from shared.queue.apply import declare
from shared.queue.topology import step_queue
from tests.support.deployment import Deployment, new_mark, viber_then_sms
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.xdist_group("system-broker"), pytest.mark.timeout(400)]
WORKFLOWS = 500


def node_of(deployment: Deployment) -> Node:
    node = find_node(deployment.home.state_dir)
    assert node is not None
    return node


def restart_the_broker(deployment: Deployment) -> None:
    node = node_of(deployment)
    node.kill()
    node.start_again()


def close_all_connections(deployment: Deployment) -> None:
    node_of(deployment).ctl("close_all_connections", "a test")


def delete_a_queue_and_declare_it_again(deployment: Deployment) -> None:
    with Connection(deployment.urls.setup) as connection, connection.channel() as channel:
        channel.queue_delete(step_queue("viber_service", goes_on=False))
    declare(deployment.urls.setup)


def end_a_dispatcher(deployment: Deployment) -> None:
    deployment.stop_member("dispatcher-1")
    deployment.start_dispatcher(1)


TROUBLES: dict[str, Callable[[Deployment], None]] = {
    "restart": restart_the_broker,
    "closed connections": close_all_connections,
    "deleted queue": delete_a_queue_and_declare_it_again,
    "SIGTERM": end_a_dispatcher,
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_nothing_is_lost_or_sent_twice(trouble: str, deployment: Deployment) -> None:
    # Given: slow calls, so that messages are in the queue, in hand, and out when it happens.
    slow = {"viber_service": [{"delay": 0.3, "receipts": [{"status": "delivered", "after": 0.6}]}]}
    deployment.script("447700900600", slow)

    def send(_number: int) -> tuple[str, str]:
        """Send until it is accepted; each try has a mark of its own, since a 503 may have been stored all the same."""
        for _ in range(200):
            mark = new_mark()
            try:
                return mark, deployment.send(viber_then_sms("447700900600", mark=mark, window=120))
            except (AssertionError, requests.ConnectionError):
                time.sleep(0.3)
        raise AssertionError("never accepted")

    # When
    with ThreadPoolExecutor(8) as pool:
        sending = [pool.submit(send, number) for number in range(WORKFLOWS)]
        wait_until(lambda: sum(future.done() for future in sending) > WORKFLOWS // 3, 60)
        TROUBLES[trouble](deployment)
    sent = [future.result() for future in sending]

    # Then
    stored = [final(deployment, workflow_id) for _, workflow_id in sent]
    received = Counter(row["body"]["text"] for row in deployment.received(to="447700900600"))
    calls = {mark: received[f"hello {mark}"] for mark, _ in sent}
    resends = {mark: resends_of(deployment, workflow_id) for mark, workflow_id in sent}
    assert {"delivered": WORKFLOWS} == Counter(str(workflow.outcome) for workflow in stored)
    assert [] == [mark for mark, count in calls.items() if count == 0]
    assert {} == {mark: count for mark, count in calls.items() if count > 1 + resends[mark]}


def final(deployment: Deployment, workflow_id: str) -> Workflow:
    def look() -> Workflow:
        found = deployment.store.find(workflow_id)
        assert found is not None
        assert found.workflow.state is State.FINAL
        return found.workflow

    return wait_until(look, 240, every_s=0.2)


def resends_of(deployment: Deployment, workflow_id: str) -> int:
    return sum(entry.what is What.RESEND for entry in deployment.store.timeline(workflow_id))
