"""A client that re-sends by itself, and an ingress that dies between the broker's confirm and its answer."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from shared.ids import split_message_uuid
from shared.store.opening import open_store
from tests.support.broker import Vhost
from tests.support.fault_proxy import FaultProxy
from tests.support.ingress import ROOT, Ingress, new_store, start_ingress
from tests.support.ingress_callers import MadeUpCaller
from tests.support.queues import Queues, apply_topology, ready
from tests.support.waiting import wait_until

ACME = MadeUpCaller(tenant="acme")
V1 = {"channel": "sms", "message_type": "text", "to": "447700900000", "from": "Acme", "text": "Your code is 4711"}
AGAIN = 10


def kill_minus_nine(ingress: Ingress) -> None:
    """End a master and its workers as a power cut would."""
    said = [json.loads(line) for line in ingress.log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    workers = {each["worker"] for each in said if each["event"] == "ingress.started"}
    assert workers
    for pid in (ingress.pid, *workers):
        os.kill(pid, signal.SIGKILL)
    ingress.process.wait(30)


@pytest.fixture
def started() -> Iterator[ExitStack]:
    """What is to be ended after the test."""
    with ExitStack() as stack:
        yield stack


def dispatched(queues: Queues, store_url: str, folder: Path) -> dict[str, int]:
    """Let a dispatcher read all that is in the queue; return how many workflows it made of it, by state."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CASCADE_")}
    chosen = {"BROKER_URL": queues.dispatcher, "STORE_URL": store_url, "STATE_DIR": str(folder)}
    with (folder / "dispatcher.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.dispatcher"],
            cwd=ROOT,
            env={**inherited, **{f"CASCADE_{name}": value for name, value in chosen.items()}},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    store = open_store(store_url)
    try:
        wait_until(lambda: ready(queues.admin, "cascade.intake") == 0 and bool(store.snapshot().by_state), 60.0)
        process.terminate()  # it ends what it has in hand, or hands it back
        assert 0 == process.wait(60)
        assert 0 == ready(queues.admin, "cascade.intake")
        return dict(store.snapshot().by_state)
    finally:
        process.kill()
        process.wait(30)
        store.close()


def test_ten_re_sends_past_a_killed_process_are_one_workflow(vhost: Vhost, tmp_path: Path, started: ExitStack) -> None:
    # Given
    queues, store_url = apply_topology(vhost), new_store(tmp_path, ACME)
    running = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        ingress = start_ingress(
            tmp_path / name, broker_url=queues.ingress, store_url=store_url, CASCADE_INGRESS_WORKERS="1"
        )
        started.callback(ingress.process.wait, 30)
        started.callback(ingress.process.kill)
        ingress.wait_until_ready()
        running.append(ingress)
    first, second = running
    between = started.enter_context(FaultProxy(int(first.url.rpartition(":")[2])))
    request = {
        "data": json.dumps(V1),
        "headers": {
            "Authorization": ACME.bearer(now=time.time()),
            "Content-Type": "application/json",
            "User-Agent": "vonage-python-sdk/4.9.1 python/3.11.7",
        },
    }

    # When
    between.swallow(answers_only=True)
    with pytest.raises(requests.ReadTimeout):
        requests.post(f"http://127.0.0.1:{between.port}/v1/messages", timeout=(5, 1), **request)  # type: ignore[arg-type]
    wait_until(lambda: ready(queues.admin, "cascade.intake") == 1, 30.0)
    kill_minus_nine(first)
    answers = [
        requests.post(f"{second.url}/v1/messages", timeout=30, **request)  # type: ignore[arg-type]
        for _ in range(AGAIN)
    ]

    # Then
    assert {202} == {answer.status_code for answer in answers}
    (message_uuid,) = {answer.json()["message_uuid"] for answer in answers}
    assert 1 + AGAIN == ready(queues.admin, "cascade.intake")
    assert 1 == sum(dispatched(queues, store_url, tmp_path).values())
    assert 0 == ready(queues.admin, "cascade.dead")
    shown = second.get(f"/v1/messages/{message_uuid}", authorization=ACME.bearer(now=time.time())).json()
    assert (split_message_uuid(message_uuid)[0], 1) == (shown["workflow_id"], shown["step"])
