"""A dispatcher as a process: what it does with bad settings, with SIGTERM while calls are in flight, with no store."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker import UNPACKED_DIR
from tests.support.deployment import Deployment, new_mark, start_deployment, viber_then_sms
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]


def test_wrong_settings_are_told_all_at_once_and_the_process_does_not_start() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CASCADE_")}
    ended = subprocess.run(
        [sys.executable, "-m", "services.dispatcher"],
        cwd=ROOT,
        env={**environment, "CASCADE_SLOTS": "many", "CASCADE_LOG_LEVEL": "loud"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert 2 == ended.returncode
    for name in ("CASCADE_BROKER_URL", "CASCADE_SLOTS", "CASCADE_LOG_LEVEL"):
        assert name in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_store_without_a_schema_is_one_clear_sentence(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CASCADE_")}
    settings = {"CASCADE_BROKER_URL": "amqp://nobody@127.0.0.1:1", "CASCADE_STATE_DIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-m", "services.dispatcher"],
        cwd=ROOT,
        env={**environment, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert 2 == ended.returncode
    assert "Traceback" not in ended.stderr


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    running = start_deployment(tmp_path_factory.mktemp("engine"), unpacked_dir=UNPACKED_DIR)
    yield running
    running.stop()


@pytest.mark.xdist_group("deployment")
def test_a_dispatcher_that_is_told_to_end_finishes_its_calls_and_hands_the_rest_over(deployment: Deployment) -> None:
    # Given: calls that take 3 s, so that both dispatchers have some in flight
    recipients = [f"4477009100{number:02d}" for number in range(40)]
    marks = {recipient: new_mark() for recipient in recipients}
    for recipient in recipients:
        answer = {"answer": 202, "delay": 3, "receipts": [{"status": "delivered", "after": 0.2}]}
        deployment.script(recipient, {"viber_service": [answer]})
    sent = [deployment.send(viber_then_sms(recipient, mark=marks[recipient])) for recipient in recipients]
    wait_until(lambda: any(row.calls_in_flight > 0 for row in deployment.store.dispatchers()), 20)

    # When
    began = time.monotonic()
    deployment.stop_member("dispatcher-1")
    took_s = time.monotonic() - began

    # Then
    assert took_s < 25.0
    ends = [deployment.wait_final(workflow_id)["outcome"] for workflow_id in sent]
    assert {"delivered"} == set(ends)
    assert all(1 == len(deployment.received(mark)) for mark in marks.values())
    reasons = [entry.get("reason") for each in sent for entry in deployment.timeline(each)]
    assert "unsure" not in reasons  # no call was lost
    log = (deployment.home.log_dir / "dispatcher-1.log").read_text(encoding="utf-8")
    assert '"event":"dispatcher.stopped"' in log


@pytest.mark.xdist_group("deployment")
def test_a_dispatcher_killed_while_it_hands_a_workflow_over_hands_it_over_once(deployment: Deployment) -> None:
    # Given: the provider takes its time with the answer, so that the call is in flight
    to, mark = "447700910199", new_mark()
    arrives = [{"status": "submitted", "after": 5}, {"status": "delivered", "after": 6}]
    deployment.script(to, {"failover": [{"delay": 10}], "rcs": [{"receipts": arrives}]})
    sms = {"channel": "sms", "message_type": "text", "text": mark, "to": to, "from": "447700900001"}
    chain = {**sms, "channel": "rcs", "from": "Acme", "engine": "provider", "failover": [sms]}
    workflow_id = deployment.send(chain)
    wait_until(lambda: deployment.received(mark), 60)

    # When
    for number in deployment.dispatcher_numbers():
        deployment.kill(f"dispatcher-{number}")
    deployment.start_dispatcher(2)

    # Then: receipts find it by our reference, although its answer was heard by nobody
    workflow = deployment.wait_final(workflow_id)
    assert ("delivered", ["delivered", None]) == (workflow["outcome"], [step["status"] for step in workflow["steps"]])
    assert ["rcs"] == [row["channel"] for row in deployment.received(mark)]
    calls = deployment.session.get(f"{deployment.sandbox}/sandbox/calls", params={"to": to}, timeout=30).json()
    assert ["/v1/messages"] == [call["path"] for call in calls]
    assert 1 == sum(entry["what"] == "claimed" for entry in deployment.timeline(workflow_id))
