"""`cascade ingress|dispatcher|sandbox`: the services by themselves, each with a broker user of its own."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from deploy.ports import free_port
from shared.queue.apply import grant
from shared.queue.topology_users import INGRESS
from tests.support.broker import Vhost
from tests.support.command_line import CommandLine
from tests.support.queues import PASSWORD, apply_topology, ready
from tests.support.waiting import wait_until

FRONT = replace(INGRESS, name="front")


@contextmanager
def running(line: CommandLine, verb: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run a service until the end of the block; it ends in good order."""
    process = line.start(verb, **environment)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=40)
        assert 0 == process.returncode, said
    finally:
        process.kill()
        process.wait()


def answers(port: int, path: str) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}{path}", timeout=2).ok
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize("named", [True, False], ids=["named", "not named"])
def test_a_dispatcher_believes_the_ingress_user_that_it_is_told(tmp_path: Path, vhost: Vhost, named: bool) -> None:
    if vhost.node is None:
        pytest.skip("needs a broker on which users can be made")
    # Given
    queues = apply_topology(vhost)
    grant(vhost.node.ctl, vhost.name, {FRONT.name: PASSWORD}, [FRONT])
    port, line = free_port(), CommandLine(state_dir=tmp_path / "state")
    line.environment["CASCADE_INGRESS_PORT"] = str(port)
    line("db", "upgrade").fine()
    key = tmp_path / "acme.key"
    caller = line("app", "create", "--tenant", "acme", "--key-file", str(key)).fine().split()[1]
    credentials = ("--application", caller, "--key", str(key))
    told = {"CASCADE_INGRESS_USER": FRONT.name} if named else {}

    with ExitStack() as services:
        services.enter_context(running(line, "ingress", CASCADE_BROKER_URL=queues.url_of(FRONT)))
        services.enter_context(running(line, "dispatcher", CASCADE_BROKER_URL=queues.dispatcher, **told))
        wait_until(lambda: answers(port, "/readyz"), 40)

        # When
        sent = line("send", "--to", "447700900000", "--text", "Hello", "--no-wait", *credentials).fine().split()[1]

        # Then
        if named:
            wait_until(lambda: "The request was accepted" in line("show", sent, *credentials).fine(), 40)
        else:
            wait_until(lambda: ready(queues.admin, "cascade.dead") == 1, 40)


def test_the_sandbox_runs_by_itself(tmp_path: Path) -> None:
    port, line = free_port(), CommandLine(state_dir=tmp_path / "state")

    with running(line, "sandbox", CASCADE_SANDBOX_PORT=str(port)):
        wait_until(lambda: answers(port, "/healthz"), 40)


@pytest.mark.parametrize("verb", ["ingress", "dispatcher"])
def test_a_service_without_a_broker_names_the_variable(tmp_path: Path, verb: str) -> None:
    said = CommandLine(state_dir=tmp_path / "state")(verb)

    assert 0 != said.code
    assert "CASCADE_BROKER_URL" in said.out + said.error
    assert "Traceback" not in said.out + said.error
