"""Dispatchers away, a channel paused: what is accepted is kept, found, and judged rightly afterwards."""

from __future__ import annotations

import time

import pytest

from shared.model import Stop, StopKind
from tests.support.deployment import Deployment, channels_of, new_mark, viber_then_sms
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("system-outages")
PAUSE = Stop(kind=StopKind.PAUSE, channel="viber_service", reason="paused by a test", since=0.0, by="operator:test")


def test_all_dispatchers_down_the_ingress_takes_on_and_windows_are_judged_after_receipts(
    deployment: Deployment,
) -> None:
    # Given: two that wait in their window; of one the receipt will come while nobody reads.
    delivered, silent, later = new_mark(), new_mark(), new_mark()
    after_all_is_down = {"viber_service": [{"receipts": [{"status": "delivered", "after": 8}]}]}
    deployment.script("447700900301", after_all_is_down)
    first = deployment.send(viber_then_sms("447700900301", mark=delivered))
    second = deployment.send(viber_then_sms("447700900003", mark=silent))
    for workflow_id in (first, second):
        deployment.wait_state(workflow_id, "waiting")

    # When: all dispatchers go away until both windows are over.
    numbers = deployment.dispatcher_numbers()
    for number in numbers:
        deployment.kill(f"dispatcher-{number}")
    third = deployment.send(viber_then_sms("447700900302", mark=later))
    accepted = deployment.workflow(third)
    time.sleep(18)  # the windows are over by any clock
    for number in numbers:
        deployment.start_dispatcher(number)

    # Then: the receipt that was there first counts, the silent one goes on, the new one is delivered.
    assert "accepted" == accepted["state"]
    ends = [deployment.wait_final(workflow_id) for workflow_id in (first, second, third)]
    assert [([1], True), ([2], True), ([1], True)] == [(end["reached"], end["condition_met"]) for end in ends]
    assert ["viber_service"] == channels_of(deployment.received(delivered))
    assert ["viber_service", "sms"] == channels_of(deployment.received(silent))
    assert ["viber_service"] == channels_of(deployment.received(later))


def test_a_paused_channel_hides_nothing_and_dead_letters_nothing(deployment: Deployment) -> None:
    # Given
    dead_before = deployment.dead_letters()
    deployment.store.put_stop(PAUSE)
    wait_until(lambda: deployment.store.controls().stops, 5)
    time.sleep(1.5)  # every dispatcher reads its controls at least once a second

    # When: some wait, one is cancelled, one expires.
    marks = [new_mark() for _ in range(60)]
    waiting = [deployment.send(viber_then_sms("447700900303", mark=mark)) for mark in marks]
    cancelled = deployment.send(viber_then_sms("447700900303", mark="cancelled-one"))
    expiring = deployment.send(viber_then_sms("447700900303", mark="expiring-one", valid_for=15))
    found = deployment.wait_state(cancelled, "held")
    answer = deployment.call("DELETE", f"/v1/workflows/{cancelled}")
    started = time.monotonic()
    expired = deployment.wait_final(expiring, deadline_s=25)
    took_s = time.monotonic() - started

    # Then
    assert 202 == answer.status_code
    assert "viber_service" == found["steps"][0]["channel"]
    assert "cancelled" == deployment.wait_final(cancelled)["outcome"]
    assert "expired" == expired["outcome"]
    assert took_s < 20
    assert {"held"} == {deployment.workflow(workflow_id)["state"] for workflow_id in waiting[:5]}
    assert [] == deployment.received("-one")

    # When
    deployment.store.lift_stop(PAUSE.key)

    # Then
    for workflow_id, mark in zip(waiting, marks, strict=True):
        assert "delivered" == deployment.wait_final(workflow_id)["outcome"]
        assert ["viber_service"] == channels_of(deployment.received(mark))
    assert dead_before == deployment.dead_letters()


def test_a_channel_passed_over_goes_to_the_next_step(deployment: Deployment) -> None:
    skip = Stop(kind=StopKind.SKIP, channel="viber_service", reason="skipped by a test", since=0.0)
    deployment.store.put_stop(skip)
    time.sleep(1.5)  # every dispatcher reads its controls at least once a second
    mark = new_mark()

    end = deployment.wait_final(deployment.send(viber_then_sms("447700900304", mark=mark)), deadline_s=90)
    deployment.store.lift_stop(skip.key)
    time.sleep(1.5)  # the next test must not meet it

    assert ["sms"] == channels_of(deployment.received(mark))
    assert [2] == end["reached"]


def test_a_broker_killed_and_started_again_loses_nothing_that_was_accepted(deployment: Deployment) -> None:
    from deploy.rabbitmq_node import find_node

    marks = [new_mark() for _ in range(40)]
    sent = [deployment.send(viber_then_sms("447700900305", mark=mark)) for mark in marks]
    node = find_node(deployment.home.state_dir)
    assert node is not None

    node.kill()
    refused = deployment.call("POST", "/v0.1/dispatch", viber_then_sms("447700900305", mark="nowhere"))
    node.start_again()

    assert (503, True) == (refused.status_code, "Retry-After" in refused.headers)
    for workflow_id, mark in zip(sent, marks, strict=True):
        assert "delivered" == deployment.wait_final(workflow_id, deadline_s=60)["outcome"]
        assert ["viber_service"] == channels_of(deployment.received(mark))
