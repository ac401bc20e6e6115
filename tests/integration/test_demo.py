"""`cascade dev` as a person runs it: the whole of it, and what is left behind when it is stopped in the middle."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.processes import Process
from services.cli.down import stop_home
from services.cli.home import Home
from tests.support.broker import UNPACKED_DIR
from tests.support.waiting import wait_until

MEMBERS = {"dispatcher-1", "dispatcher-2", "ingress", "rabbitmq", "sandbox"}


class Demo:
    """A demo that runs in a state folder of its own; its output goes to a file."""

    def __init__(self, folder: Path) -> None:
        self.state_dir = folder / "demo"
        self._folder = folder
        self._output = folder / "output.txt"
        # What was unpacked before serves here too.
        UNPACKED_DIR.mkdir(parents=True, exist_ok=True)
        (folder / "debian").symlink_to(UNPACKED_DIR)

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CASCADE_")}
        # Neither of these may lead it away from what is its own.
        elsewhere = {
            "CASCADE_STORE_URL": "sqlite:////nowhere/x.db",
            "CASCADE_BROKER_URL": "amqp://nobody@127.0.0.1:1/x",
        }
        with self._output.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "services.cli.main", "dev", *arguments],
                env={**kept, **elsewhere, "CASCADE_STATE_DIR": str(self._folder)},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self._output.read_text(encoding="utf-8") if self._output.exists() else ""

    def processes(self) -> dict[str, Process]:
        """Return what runs now, by the pid files."""
        found = {}
        for path in (self.state_dir / "run").glob("*.pid"):
            text = path.read_text(encoding="utf-8").strip()
            process = Process.running(int(text)) if text else None
            if process is not None:
                found[path.stem] = process
        return found


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    made = Demo(tmp_path)
    yield made
    stop_home(Home(state_dir=made.state_dir, ports={}))


@pytest.mark.xdist_group("demo")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_a_demo_that_is_stopped_in_the_middle_leaves_nothing_running(demo: Demo, number: signal.Signals) -> None:
    running = demo.start("--workflows", "48")
    wait_until(lambda: "[m-" in demo.output, 100)
    processes = demo.processes()
    assert MEMBERS == set(processes)

    running.send_signal(number)

    assert 1 == running.wait(60), demo.output
    assert [] == [name for name, process in processes.items() if process.alive()]
    # A dispatcher that the demo itself has just killed is not among them.
    assert re.search(r"stopped ingress, (dispatcher-[12], )*sandbox, rabbitmq", demo.output), demo.output
    assert "lost" not in demo.output


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.xdist_group("demo")
def test_the_demo_kills_a_dispatcher_amid_its_calls_and_loses_and_repeats_nothing(demo: Demo) -> None:
    for _ in range(2):  # twice in a row: the second begins with an empty folder
        finished = demo.start("--workflows", "60")

        assert 0 == finished.wait(280), demo.output
        assert "lost 0, sent twice 0" == demo.output.splitlines()[-1]
        killed = re.search(r"kill -9 of dispatcher-[12] \(pid \d+\) with (\d+) calls in flight", demo.output)
        assert killed is not None
        assert int(killed[1]) > 0
        assert {} == demo.processes()


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.xdist_group("demo")
def test_a_demo_that_stays_keeps_running_until_the_next_one(demo: Demo) -> None:
    assert 0 == demo.start("--stay", "--workflows", "48").wait(280), demo.output
    stayed = demo.processes()
    assert MEMBERS == set(stayed)

    following = demo.start("--workflows", "48")
    wait_until(lambda: "ok  broker" in demo.output, 100)

    assert [] == [name for name, process in stayed.items() if process.alive()]
    following.send_signal(signal.SIGINT)
    following.wait(60)
