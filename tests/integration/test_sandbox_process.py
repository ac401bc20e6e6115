"""The sandbox as a process: how it starts, ends, refuses to start, and how much it bears."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from tests.support.sandbox import ROOT, make_account, start_sandbox
from tests.support.waiting import wait_until
from tests.support.webhook_sink import webhook_sink


def test_a_taken_port_is_one_clear_error_that_names_the_variable(tmp_path: Path) -> None:
    sandbox = start_sandbox(tmp_path)
    port = sandbox.url.rpartition(":")[2]
    try:
        second = subprocess.run(
            [sys.executable, "-m", "services.sandbox"],
            cwd=ROOT,
            env={**os.environ, "CASCADE_SANDBOX_PORT": port},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    finally:
        sandbox.stop()

    assert second.returncode == 2
    assert f"CASCADE_SANDBOX_PORT: port {port} on 127.0.0.1" in second.stderr
    assert "Traceback" not in second.stderr


def test_sigterm_ends_it_at_once_though_a_call_hangs(tmp_path: Path) -> None:
    sandbox, account = start_sandbox(tmp_path), make_account()
    with webhook_sink() as sink, ThreadPoolExecutor(1) as pool:
        sandbox.register(account, status_url=sink.url, inbound_url=sink.url)
        sandbox.script("447700900801", {"*": [{"hang": True}]})
        hanging = pool.submit(sandbox.send, account, channel="sms", to="447700900801")
        wait_until(sandbox.messages)
        begun = time.monotonic()
        code = sandbox.stop()

        assert 0 == code
        assert time.monotonic() - begun < 5
        assert isinstance(hanging.exception(10), requests.ConnectionError)
    assert '"event": "sandbox.started"' in sandbox.log.read_text()


def test_it_ends_with_its_worker_because_a_new_one_would_remember_nothing(tmp_path: Path) -> None:
    sandbox = start_sandbox(tmp_path)
    children = Path(f"/proc/{sandbox.pid}/task/{sandbox.pid}/children").read_text().split()

    os.kill(int(children[0]), signal.SIGKILL)

    assert sandbox.process.wait(15) is not None


def test_hundreds_of_receipts_wait_while_hundreds_of_calls_a_second_are_taken(tmp_path: Path) -> None:
    count = 600
    sandbox, account = start_sandbox(tmp_path), make_account()
    with webhook_sink() as sink, ThreadPoolExecutor(8) as pool:
        sandbox.register(account, status_url=sink.url, inbound_url=sink.url)
        headers = {"Authorization": f"Bearer {account.token()}"}
        session = requests.Session()

        def send(number: int) -> int:
            body = {
                "channel": "viber_service",
                "message_type": "text",
                "to": "447700900000",
                "from": "Acme",
                "text": f"Message {number}",
                "client_ref": f"load.{number}.1",
            }
            return session.post(f"{sandbox.url}/v1/messages", json=body, headers=headers, timeout=30).status_code

        answers = list(pool.map(send, range(count)))
        wait_until(lambda: len(sink.arrivals) >= 3 * count, deadline_s=60)
        session.close()
        statuses = sorted((str(arrival.body["client_ref"]), str(arrival.body["status"])) for arrival in sink.arrivals)
    received = sandbox.messages()
    sandbox.stop()

    assert [202] * count == answers
    assert sorted(f"load.{number}.1" for number in range(count)) == sorted(str(one["client_ref"]) for one in received)
    assert 3 * count == len(statuses) == len(set(statuses))
