"""A private RabbitMQ node: own ports, cookie and data, on 127.0.0.1 only, no epmd; lives on when we end.

    node = start_node(Path(".state"), probe=confirm_a_publish)   # the running one if there is one
    node.url                                                     # amqp://user:password@127.0.0.1:port/%2F
    node.ctl("list_queues", "name")                              # rabbitmqctl, half a second a call
    stop_node(Path(".state"))

Its folder is `<state>/rabbitmq`, its log `<state>/log/rabbitmq.log`, its pid file `<state>/run/rabbitmq.pid`. Ports,
name and password are remembered in `node.json` there, so the node comes back as it was. A broker that is already there
(CASCADE_BROKER_URL, architecture 5) is the caller's matter: then no node is started.
"""

import os
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.debian import locked
from deploy.ports import is_free
from deploy.processes import PidFile, Process, spawn
from deploy.rabbitmq_folder import Identity, NodeFolder
from deploy.rabbitmq_software import NodeError, Software, find_software

Probe = Callable[[str], bool]
"""Given the node's URL, tells whether it truly serves. May raise nothing."""

_STOP_S = 30.0
_CTL_S = 60.0
_BETWEEN_PROBES_S = 0.1


@dataclass(slots=True, kw_only=True)
class Node:
    """A node that was started, by us or by an earlier run."""

    folder: NodeFolder
    software: Software
    identity: Identity
    process: Process

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def amqp_port(self) -> int:
        return self.identity.amqp_port

    @property
    def url(self) -> str:
        """The administrator's URL, on the virtual host "/"."""
        return self.vhost_url("%2F")

    def vhost_url(self, vhost: str) -> str:
        """The administrator's URL on another virtual host, named as URLs spell it."""
        who = f"{self.identity.user}:{self.identity.password}"
        return f"amqp://{who}@127.0.0.1:{self.identity.amqp_port}/{vhost}"

    def alive(self) -> bool:
        return self.process.alive()

    def ctl(self, *arguments: str, timeout_s: float = _CTL_S) -> str:
        """Run rabbitmqctl on this node and return what it prints. Raises NodeError when it fails."""
        return run_ctl(self.folder, self.software, self.identity, *arguments, timeout_s=timeout_s)

    def kill(self) -> None:
        """End it as a power cut would; its folder stays as it was at that moment."""
        self.process.kill()

    def start_again(self, *, probe: Probe | None = None, deadline_s: float = 90.0) -> None:
        """Start it on the same folder and ports after `kill` or `stop`, and wait until it serves."""
        if not self.alive():
            self.process = _spawn(self.folder, self.software, self.identity)
        _wait_until_ready(self, probe, time.monotonic() + deadline_s)

    def stop(self) -> None:
        """Stop it in good order; by force after half a minute. Its folder stays."""
        self.process.stop(_STOP_S)
        _forget(self.folder)


def start_node(
    state_dir: Path, *, unpacked_dir: Path | None = None, probe: Probe | None = None, deadline_s: float = 90.0
) -> Node:
    """Return the state folder's node, started if it does not run, once it completes an AMQP handshake and the probe.

    `unpacked_dir` holds Debian's packages where none are installed; None is `<state>/debian`. Time for the first
    download is not counted in `deadline_s`. Raises NodeError with the end of the node's log.
    """
    state_dir = state_dir.absolute()
    software = find_software(unpacked_dir or state_dir / "debian")
    folder = NodeFolder(state_dir)
    folder.make()
    with locked(folder.path / "lock"):
        ends = time.monotonic() + deadline_s
        running = PidFile(state_dir, "rabbitmq").read()
        identity = folder.read_identity() if running else None
        if running is None or identity is None:
            identity = _identity(folder)
            running = _spawn(folder, software, identity)
        node = Node(folder=folder, software=software, identity=identity, process=running)
        _wait_until_ready(node, probe, ends)
        return node


def find_node(state_dir: Path, *, unpacked_dir: Path | None = None) -> Node | None:
    """Return the state folder's node if it runs; `unpacked_dir` as it was started with. Starts nothing."""
    folder = NodeFolder(state_dir.absolute())
    process, identity = PidFile(folder.state_dir, "rabbitmq").read(), folder.read_identity()
    if process is None or identity is None:
        return None
    software = find_software(unpacked_dir or folder.state_dir / "debian")
    return Node(folder=folder, software=software, identity=identity, process=process)


def stop_node(state_dir: Path) -> bool:
    """Stop the state folder's node, and only that; True when one ran."""
    folder = NodeFolder(state_dir.absolute())
    process = PidFile(folder.state_dir, "rabbitmq").read()
    if process is not None:
        process.stop(_STOP_S)
    _forget(folder)
    return process is not None


def _forget(folder: NodeFolder) -> None:
    PidFile(folder.state_dir, "rabbitmq").remove()
    folder.remove_alias()


def _identity(folder: NodeFolder) -> Identity:
    """Return the remembered identity, with other ports where somebody else took them meanwhile."""
    identity = folder.read_identity() or Identity.new()
    if not all(is_free(port) for port in identity.ports):
        identity = identity.on_other_ports()
    folder.write(identity)
    return identity


def _spawn(folder: NodeFolder, software: Software, identity: Identity) -> Process:
    process = spawn(
        [f"{folder.scripts(software)}/rabbitmq-server"],
        folder=folder.path,
        environment=folder.environment(software, identity),
        log=folder.log,
    )
    PidFile(folder.state_dir, "rabbitmq").write(process)
    return process


def _wait_until_ready(node: Node, probe: Probe | None, ends: float) -> None:
    while not (_shakes_hands(node.amqp_port) and (probe is None or probe(node.url))):
        ended = not node.alive()
        if ended or time.monotonic() >= ends:
            what = "ended while starting" if ended else "was not ready in time"
            node.stop()
            raise NodeError(
                f"The private RabbitMQ node {what}; the end of {node.folder.log}:\n{node.folder.log_tail()}"
            )
        time.sleep(_BETWEEN_PROBES_S)


def _shakes_hands(port: int) -> bool:
    """Tell whether the other side opens AMQP 0-9-1: the port alone opens before the broker is done."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2.0) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"  # a method frame, connection.start
    except OSError:
        return False


def run_ctl(folder: NodeFolder, software: Software, identity: Identity, *arguments: str, timeout_s: float) -> str:
    """Run rabbitmqctl for the node of `folder`. Raises NodeError with what it said."""
    command = [f"{folder.scripts(software)}/rabbitmqctl", "--quiet", *arguments]
    environment = folder.environment(software, identity)
    try:
        done = subprocess.run(
            command,
            cwd=os.sep,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NodeError(f"rabbitmqctl {arguments[0]} took longer than {timeout_s:.0f} s") from error
    if done.returncode:
        raise NodeError(f"rabbitmqctl {arguments[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
