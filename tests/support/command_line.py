"""`cascade` as a person types it: a process of its own, in a state folder and on ports of its own."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy.ports import free_port
from deploy.processes import Process
from services.cli.main import main
from tests.support.broker import UNPACKED_DIR

MEMBERS = ("dispatcher-1", "dispatcher-2", "ingress", "rabbitmq", "sandbox")
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    error: str

    def fine(self) -> str:
        """What it printed; an AssertionError where it failed."""
        assert (0, "") == (self.code, self.error), f"{self.out}{self.error}"
        return self.out

    def refusal(self) -> str:
        """The one sentence of a failure, which is not a traceback."""
        assert 0 != self.code, self.out
        assert "Traceback" not in self.error
        return self.error.strip()


@dataclass(slots=True, kw_only=True)
class CommandLine:
    """Runs `cascade` on one state folder."""

    state_dir: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, **environment: str) -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "services.cli.main", *arguments],
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return Said(code=done.returncode, out=done.stdout, error=done.stderr)

    def start(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        """Start a verb and go on meanwhile."""
        return subprocess.Popen(
            [sys.executable, "-m", "services.cli.main", *arguments],
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments).fine())

    @property
    def demo(self) -> dict[str, Any]:
        return dict(json.loads((self.state_dir / "demo.json").read_text(encoding="utf-8")))

    def pids(self) -> dict[str, int]:
        """Return the pids of what runs, by the pid files."""
        found = {path.stem: int(path.read_text(encoding="utf-8")) for path in self.state_dir.glob("run/*.pid")}
        return {name: pid for name, pid in found.items() if Process.running(pid) is not None}

    def process(self, name: str) -> Process:
        process = Process.running(self.pids()[name])
        assert process is not None
        return process

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CASCADE_")}
        return {**kept, "CASCADE_STATE_DIR": str(self.state_dir), **self.environment, **more}


class CommandLineInside(CommandLine):
    """The same within the test's own process, twenty times faster: for verbs that start nothing."""

    def __call__(self, *arguments: str, **environment: str) -> Said:
        before, argv = dict(os.environ), sys.argv
        out, error = io.StringIO(), io.StringIO()
        try:
            os.environ.clear()
            os.environ.update(self._environment(environment))
            sys.argv = ["cascade", *arguments]
            with redirect_stdout(out), redirect_stderr(error), pytest.raises(SystemExit) as ended:
                main()
        finally:
            sys.argv = argv
            os.environ.clear()
            os.environ.update(before)
        code = ended.value.code
        assert isinstance(code, int)
        return Said(code=code, out=out.getvalue(), error=error.getvalue())


def command_line(folder: Path) -> CommandLine:
    """Return a command line whose `up` uses free ports and what was unpacked before."""
    UNPACKED_DIR.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "debian").symlink_to(UNPACKED_DIR)
    ports = {"CASCADE_INGRESS_PORT": str(free_port()), "CASCADE_SANDBOX_PORT": str(free_port())}
    return CommandLine(state_dir=folder, environment=ports)


def processes_naming(text: str) -> list[str]:
    """Return the beginning of the command line of all processes that name `text` there or in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            said = (process / "cmdline").read_bytes() + b" " + (process / "environ").read_bytes()
        except OSError:
            continue
        if text.encode() in said and int(process.name) != os.getpid():
            found.append(said.replace(b"\0", b" ")[:200].decode(errors="replace"))
    return found
