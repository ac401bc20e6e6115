"""`cascade up` and `cascade down`: what is dead is started, what lives is left alone, and nothing stays behind."""

from __future__ import annotations

import json
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.ports import free_port, is_free
from tests.support.broker import Vhost
from tests.support.command_line import MEMBERS, CommandLine, command_line, processes_naming
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("up-down")
ROOT = Path(__file__).resolve().parents[2]
SEND = ("send", "--to", "447700900000", "--text", "Hello", "--json")


@pytest.fixture(scope="module")
def cascade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    line = command_line(tmp_path_factory.mktemp("up") / "state")
    line("up").fine()
    yield line
    line("down").fine()


def delivered(line: CommandLine) -> str:
    """Send something, see it delivered, return its id."""
    end = line.json(*SEND)
    assert "delivered" == end["outcome"]
    return str(end["workflow_id"])


def test_each_process_has_a_pid_file_and_a_log(cascade: CommandLine) -> None:
    assert sorted(MEMBERS) == sorted(cascade.pids())
    assert sorted(f"{name}.log" for name in MEMBERS) == sorted(
        path.name for path in cascade.state_dir.glob("log/*.log") if path.stat().st_size
    )


def test_the_credentials_are_complete_and_for_the_owner_alone(cascade: CommandLine) -> None:
    demo = cascade.demo
    key = ROOT / demo["private_key_file"]

    assert {"application_id", "private_key_file", "api_key", "api_secret", "signature_secret"} <= set(demo)
    assert not Path(demo["private_key_file"]).is_absolute()
    assert "-----BEGIN PRIVATE KEY-----" in key.read_text(encoding="utf-8")
    secret = [key, *(cascade.state_dir / name for name in ("demo.json", "demo-secrets.json", "passwords.json"))]
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in secret}


def test_up_again_leaves_what_runs_alone(cascade: CommandLine) -> None:
    before = cascade.pids()

    said = cascade("up").fine()

    assert before == cascade.pids()
    assert 4 == said.count("runs already")


@pytest.mark.parametrize("name", MEMBERS)
def test_up_starts_what_was_killed_and_nothing_else(cascade: CommandLine, name: str) -> None:
    before, process = cascade.pids(), cascade.process(name)
    process.send(signal.SIGKILL)
    wait_until(lambda: not process.alive(), 10)

    cascade("up").fine()

    after = cascade.pids()
    assert sorted(MEMBERS) == sorted(after)
    assert {name} == {each for each, pid in after.items() if pid != before[each]}
    delivered(cascade)


def test_two_at_once_start_nothing_twice(cascade: CommandLine) -> None:
    process = cascade.process("dispatcher-1")
    process.send(signal.SIGKILL)
    wait_until(lambda: not process.alive(), 10)

    both = [cascade.start("up"), cascade.start("up")]
    said = [each.communicate(timeout=100)[0] for each in both]

    assert [0, 0] == [each.returncode for each in both], said
    running = [each for each in processes_naming(str(cascade.state_dir)) if "-m services.dispatcher" in each]
    assert 2 == len(running)


def test_another_port_amid_a_run_is_refused(cascade: CommandLine) -> None:
    before = cascade.pids()

    said = cascade("up", CASCADE_INGRESS_PORT=str(free_port()))

    assert said.refusal().startswith("cascade: CASCADE_INGRESS_PORT: it was ")
    assert before == cascade.pids()


def test_the_ports_of_what_runs_are_found_without_the_variables(cascade: CommandLine) -> None:
    elsewhere = CommandLine(state_dir=cascade.state_dir)

    delivered(elsewhere)

    assert 4 == elsewhere("up").fine().count("runs already")


def test_down_leaves_nothing_behind_and_up_finds_everything_as_it_was(cascade: CommandLine) -> None:
    # Given
    sent, demo, node = delivered(cascade), cascade.demo, cascade.state_dir / "rabbitmq" / "node.json"
    identity = json.loads(node.read_text(encoding="utf-8"))
    ports = [int(cascade.environment[name]) for name in cascade.environment]
    ports += [identity[name] for name in ("amqp_port", "distribution_port", "epmd_port")]

    # When
    said = cascade("down").fine()

    # Then
    assert "stopped ingress, dispatcher-1, dispatcher-2, sandbox, rabbitmq" == said.strip()
    assert [] == processes_naming(str(cascade.state_dir))
    assert [] == [port for port in ports if not is_free(port)]
    assert [] == list(cascade.state_dir.glob("run/*.pid"))
    assert "nothing was running" == cascade("down").fine().strip()

    # When
    cascade("up").fine()

    # Then
    assert identity == json.loads(node.read_text(encoding="utf-8"))
    assert demo == cascade.demo
    assert "delivered" == cascade.json("show", sent, "--json")["outcome"]
    delivered(cascade)


@pytest.mark.parametrize("variable", ["CASCADE_INGRESS_PORT", "CASCADE_SANDBOX_PORT"])
def test_a_taken_port_is_one_sentence_and_nothing_is_started(tmp_path: Path, variable: str) -> None:
    cascade = command_line(tmp_path / "state")
    with socket.create_server(("127.0.0.1", int(cascade.environment[variable]))):
        said = cascade("up")

    assert 1 == said.code
    assert 1 == len(said.refusal().splitlines())
    assert said.refusal().startswith(f"cascade: {variable}: port {cascade.environment[variable]} on 127.0.0.1 is taken")
    assert {} == cascade.pids()
    assert [] == processes_naming(str(cascade.state_dir))


@pytest.mark.parametrize(
    ("ports", "words"),
    [
        ({"CASCADE_INGRESS_PORT": "http"}, "CASCADE_INGRESS_PORT: must be a port"),
        ({"CASCADE_SANDBOX_PORT": "70000"}, "CASCADE_SANDBOX_PORT: must be a port"),
        ({"CASCADE_INGRESS_PORT": "21000", "CASCADE_SANDBOX_PORT": "21000"}, "must be two different ports"),
    ],
    ids=["no number", "too high", "the same"],
)
def test_a_port_that_can_not_be_is_refused(tmp_path: Path, ports: dict[str, str], words: str) -> None:
    said = command_line(tmp_path / "state")("up", **ports)

    assert words in said.refusal()
    assert 1 == said.code


def test_somebody_elses_broker_serves_with_one_user_for_all(tmp_path: Path, vhost: Vhost) -> None:
    cascade = command_line(tmp_path / "state")
    url = tmp_path / "broker-url"
    url.write_text(f"{vhost.url}\n", encoding="utf-8")
    cascade.environment["CASCADE_BROKER_URL_FILE"] = str(url)
    try:
        said = cascade("up").fine()
        assert "the one that CASCADE_BROKER_URL names" in said
        assert {"ingress", "sandbox", "dispatcher-1", "dispatcher-2"} == set(cascade.pids())

        delivered(cascade)
        assert "!!" not in cascade("doctor").fine()
        assert f"-p {vhost.name}" in cascade("publisher", "add", "billing", "--tenant", "demo").fine()
    finally:
        stopped = cascade("down").fine()

    assert "rabbitmq" not in stopped
    assert vhost.node is None or vhost.node.alive()
    assert [] == processes_naming(str(cascade.state_dir))
