"""Two dispatchers, each killed several times: every workflow ends once, nothing is sent twice, both do their share."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.deployment import Deployment, new_mark, viber_then_sms
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.xdist_group("system-kills"), pytest.mark.timeout(420)]
WORKFLOWS = 2_000
KILLS_EACH = 4
KINDS = ("100", "200", "300", "400", "001", "002", "000", "008")
"""Recipients by their last digits: delivered, refused, undeliverable, read, repeated receipts."""


def test_two_thousand_workflows_and_kill_minus_nine(deployment: Deployment) -> None:
    # Given
    marks = [f"{new_mark()}{number:05d}" for number in range(WORKFLOWS)]
    bodies = [viber_then_sms(f"447700900{KINDS[n % len(KINDS)]}", mark=mark) for n, mark in enumerate(marks)]
    stop_killing = threading.Event()
    kills: Counter[str] = Counter()

    def kill_in_turn() -> None:
        for turn in range(2 * KILLS_EACH):
            if stop_killing.wait(2.5):
                return
            number = 1 + turn % 2
            deployment.kill(f"dispatcher-{number}")
            kills[f"dispatcher-{number}"] += 1
            deployment.start_dispatcher(number)

    # When
    killer = threading.Thread(target=kill_in_turn)
    killer.start()
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(deployment.send, bodies))
    killer.join()
    stop_killing.set()
    wait_until(lambda: deployment.store.snapshot().by_state.get("final", 0) >= WORKFLOWS, 180, every_s=0.5)

    # Then
    assert {"dispatcher-1": KILLS_EACH, "dispatcher-2": KILLS_EACH} == dict(kills)
    received = Counter((row["body"]["text"], row["channel"]) for row in deployment.received())
    resent = Counter[tuple[str, str]]()
    finished: Counter[str] = Counter()
    reached: list[str] = []
    for workflow_id, mark in zip(sent, marks, strict=True):
        stored = deployment.store.find(workflow_id)
        assert stored is not None
        entries = deployment.store.timeline(workflow_id)
        ends = [entry for entry in entries if entry.what == "final"]
        assert 1 == len(ends), f"{workflow_id} ended {len(ends)} times"
        finished[str(ends[0].facts["dispatcher"])] += 1
        for entry in entries:
            if entry.what == "resend":
                resent[f"hello {mark}", str(entry.facts["channel"])] += 1
        for step in stored.workflow.steps:
            if step.reached:
                reached.append(mark)
                assert received[f"hello {mark}", step.message.channel] >= 1, "delivered by us, unknown to the provider"
    twice = {key: count for key, count in received.items() if count > 1 + resent[key]}
    assert {} == twice
    assert set(marks) == set(reached)
    assert min(finished["dispatcher-1"], finished["dispatcher-2"]) >= 0.3 * WORKFLOWS, finished
