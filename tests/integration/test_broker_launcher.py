"""The launcher of a private RabbitMQ node: it truly serves, comes back as it was, and leaves nothing behind."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Connection, Exchange, Producer, Queue

from deploy.ports import is_free
from deploy.processes import PidFile, Process
from deploy.rabbitmq_node import Node, find_node, start_node, stop_node
from deploy.rabbitmq_software import NodeError, find_software
from shared.queue.probe import serves
from tests.support.broker import ROOT, UNPACKED_DIR, start_broker
from tests.support.ordinary_user import ORDINARY_USER, python_for_everybody
from tests.support.session import session_dir, stop_everything
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("broker-launcher")

QUEUE = Queue("kept", exchange=Exchange(""), durable=True, queue_arguments={"x-queue-type": "quorum"})


def publish_confirmed(url: str, count: int) -> None:
    with Connection(url, transport_options={"confirm_publish": True}) as connection, connection.channel() as channel:
        QUEUE(channel).queue_declare()
        for number in range(count):
            Producer(channel).publish({"number": number}, routing_key="kept", delivery_mode=2, timeout=10)


def read_numbers(url: str, count: int) -> list[int]:
    """Take messages out until `count` were had. What a declare tells of a queue that just recovered may be 0."""
    taken: list[int] = []
    with Connection(url) as connection, connection.channel() as channel:

        def enough() -> bool:
            while (message := QUEUE(channel).get(no_ack=True)) is not None:
                taken.append(message.payload["number"])
            return len(taken) >= count

        wait_until(enough, 15.0)
    return taken


def registered_queues(node: Node) -> bytes:
    """What the node would know of its quorum queues if it were killed now."""
    return b"".join(path.read_bytes() for path in (node.folder.path / "data").rglob("names.dets"))


def processes_naming(text: str) -> list[str]:
    """Command lines, and environments, of all processes that name `text`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            said = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if text.encode() in said and int(process.name) != os.getpid():
            found.append(said.replace(b"\0", b" ")[:200].decode(errors="replace"))
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="launcher-", dir=session_dir()))
    yield made
    stop_everything(made)
    shutil.rmtree(made, ignore_errors=True)


def test_the_node_serves_on_a_quorum_queue(broker: Node) -> None:
    assert serves(broker.url)


def test_a_broker_that_is_not_there_confirms_nothing() -> None:
    assert not serves("amqp://guest:guest@127.0.0.1:1/%2F", deadline_s=1.0)


def test_a_stranger_is_not_let_in(broker: Node) -> None:
    assert not serves(f"amqp://guest:guest@127.0.0.1:{broker.amqp_port}/%2F")


def test_a_node_whose_application_is_stopped_does_not_serve(own_broker: Node) -> None:
    own_broker.ctl("stop_app")
    stopped = serves(own_broker.url)
    own_broker.ctl("start_app")

    assert (False, True) == (stopped, serves(own_broker.url))


def test_a_second_start_finds_the_running_node(own_broker: Node) -> None:
    again = start_broker(own_broker.folder.state_dir)

    assert (own_broker.pid, own_broker.url) == (again.pid, again.url)


def test_confirmed_messages_outlive_a_kill(own_broker: Node) -> None:
    publish_confirmed(own_broker.url, 100)
    url, pid = own_broker.url, own_broker.pid
    # A quorum queue itself is on the disk up to half a second after its declare was answered (seen on 3.10): a node
    # that is killed within that time forgets the queue, and with it what was confirmed.
    wait_until(lambda: b"kept" in registered_queues(own_broker), 5.0)

    own_broker.kill()
    assert find_node(own_broker.folder.state_dir) is None
    own_broker.start_again(probe=serves)

    assert url == own_broker.url
    assert pid != own_broker.pid
    assert list(range(100)) == read_numbers(url, 100)


def test_everything_listens_on_the_loopback_and_there_is_no_epmd(own_broker: Node) -> None:
    identity = own_broker.identity
    sockets = [Path(f"/proc/net/{kind}").read_text(encoding="utf-8").splitlines() for kind in ("tcp", "tcp6")]
    # Local addresses in the kernel's hexadecimal spelling; state 0A is listening.
    local = {line.split()[1] for lines in sockets for line in lines if line.split()[3:4] == ["0A"]}
    ours = {each for each in local for port in identity.ports if each.endswith(f":{port:04X}")}

    assert ours == {f"0100007F:{port:04X}" for port in (identity.amqp_port, identity.distribution_port)}
    assert is_free(identity.epmd_port)


def test_rabbitmqctl_tells_what_went_wrong(own_broker: Node) -> None:
    with pytest.raises(NodeError, match="no_such_vhost"):
        own_broker.ctl("delete_vhost", "no_such_vhost")


def test_secrets_are_for_the_owner_alone(own_broker: Node) -> None:
    path = own_broker.folder.path
    private = [path, path / "node.json", path / "rabbitmq.conf", path / "home" / ".erlang.cookie"]

    assert [oct(each.stat().st_mode & 0o077) for each in private] == ["0o0"] * 4
    assert own_broker.identity.password not in " ".join(processes_naming(str(own_broker.folder.state_dir)))


def test_a_path_with_spaces_is_borne_and_nothing_is_left_after_the_stop(folder: Path) -> None:
    state_dir = folder / "a folder, with  spaces"
    node = start_broker(state_dir)
    publish_confirmed(node.url, 3)
    seen = [str(state_dir), node.folder.environment(node.software, node.identity)["HOME"]]
    assert all(processes_naming(each) for each in seen[1:])

    assert stop_node(state_dir)

    wait_until(lambda: not [found for each in seen for found in processes_naming(each)], 5.0)
    assert [each for each in node.identity.ports if not is_free(each)] == []
    assert not Path(seen[1]).parent.exists()
    assert not PidFile(state_dir, "rabbitmq").path.exists()
    assert not stop_node(state_dir)

    node = start_broker(state_dir)
    assert [0, 1, 2] == read_numbers(node.url, 3)


def test_a_port_that_was_taken_meanwhile_is_changed(folder: Path) -> None:
    node = start_broker(folder)
    node.stop()
    taken = node.identity.amqp_port

    with socket.create_server(("127.0.0.1", taken)):
        again = start_broker(folder)

    assert taken != again.amqp_port
    assert node.identity.name == again.identity.name


def test_a_node_that_cannot_start_shows_its_log(folder: Path) -> None:
    (folder / "rabbitmq").mkdir(parents=True)
    (folder / "rabbitmq" / "data").write_text("a file where a folder must be", encoding="utf-8")

    with pytest.raises(NodeError, match=r"rabbitmq\.log"):
        start_broker(folder)

    assert find_node(folder) is None


def test_a_recycled_pid_is_never_ended(folder: Path) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    known = Process.running(stranger.pid)
    assert known is not None
    PidFile(folder, "rabbitmq").write(Process(pid=stranger.pid, since="1"))

    assert not stop_node(folder)
    assert known.alive()

    stranger.kill()
    stranger.wait()


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can become another user; this run is an ordinary user's already"
)
def test_an_ordinary_user_unpacks_and_runs_a_node_twice() -> None:
    python = python_for_everybody()
    find_software(UNPACKED_DIR)
    home = Path(tempfile.mkdtemp(prefix="cascade-ordinary-"))
    try:
        shutil.copytree(ROOT / "deploy", home / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
        if (UNPACKED_DIR / "archives").exists():  # what root downloaded need not be downloaded again
            shutil.copytree(UNPACKED_DIR / "archives", home / "state" / "debian" / "archives")
        ORDINARY_USER.give(home)
        script = (
            "import sys; from pathlib import Path; from deploy.rabbitmq_node import start_node, stop_node\n"
            "for turn in (1, 2):\n"
            "    node = start_node(Path('state')); print(node.ctl('list_users').split()); print(node.url)\n"
            "    assert stop_node(Path('state'))"
        )
        said = ORDINARY_USER.run([python, "-c", script], cwd=home)
        first, second = said.splitlines()[1::2]

        assert first == second
        assert said.count("cascade-admin', '[administrator]") == 2
        assert processes_naming(str(home)) == []
    finally:
        shutil.rmtree(home)


def test_the_node_starts_without_a_probe(folder: Path) -> None:
    node = start_node(folder, unpacked_dir=UNPACKED_DIR)

    assert serves(node.url)
