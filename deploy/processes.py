"""Start background processes, find them again by their pid files, and stop exactly those.

A pid alone may have gone to a stranger since. So beside `run/<name>.pid`, which holds the bare number for people and
scripts, `run/<name>.since` holds when that process was started, as the kernel counts it; both must fit.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_BETWEEN_LOOKS_S = 0.05
# posix_spawn has no working folder and no umask of its own; what the log and the data folders get is the owner's alone.
_IN_FOLDER = 'umask 077 && cd "$1" && shift && exec "$@"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process that is known by more than its number."""

    pid: int
    since: str
    """When it was started, in a form that only equality is asked of; differs for another process with the same pid."""

    @classmethod
    def running(cls, pid: int) -> "Process | None":
        """Return the process that has this pid now; None when there is none."""
        since = _since(pid)
        return None if since is None else cls(pid=pid, since=since)

    def alive(self) -> bool:
        """Tell whether it still runs; a zombie of ours is reaped and does not."""
        with suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        return _since(self.pid) == self.since

    def send(self, number: int) -> None:
        """Send a signal, but never to another process that got the same pid."""
        if self.alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def stop(self, patience_s: float, how: int = signal.SIGTERM) -> bool:
        """Ask it to end and wait; after `patience_s` end it by force. True when it ended by itself."""
        self.send(how)
        if wait_until(lambda: not self.alive(), patience_s):
            return True
        self.kill()
        return False

    def kill(self) -> None:
        """End it at once, as a power cut would, and wait until it is gone."""
        self.send(signal.SIGKILL)
        wait_until(lambda: not self.alive(), 10.0)


def spawn(command: Sequence[str], *, folder: Path, environment: Mapping[str, str], log: Path) -> Process:
    """Start `command` in a session of its own, with nothing to read and its words appended to `log`.

    It outlives us. Raises OSError when there is no shell; a command that cannot be run ends at once with 126 or 127.
    """
    arguments = ["/bin/sh", "-c", _IN_FOLDER, "sh", str(folder.absolute()), *command]
    log.parent.mkdir(parents=True, exist_ok=True)
    appending = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), appending, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    pid = os.posix_spawn("/bin/sh", arguments, dict(environment), file_actions=files, setsid=True)
    return Process(pid=pid, since=_since(pid) or "")


class PidFile:
    """The pid file of one process under the state folder's `run/`."""

    def __init__(self, state_dir: Path, name: str) -> None:
        self.path = state_dir / "run" / f"{name}.pid"
        self._since = self.path.with_suffix(".since")

    def write(self, process: Process) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._since.write_text(f"{process.since}\n", encoding="utf-8")
        self.path.write_text(f"{process.pid}\n", encoding="utf-8")

    def read(self) -> Process | None:
        """Return the process when it runs and is the one that was written, else None."""
        try:
            pid = int(self.path.read_text(encoding="utf-8"))
            since = self._since.read_text(encoding="utf-8").strip()
        except (FileNotFoundError, ValueError):
            return None
        process = Process(pid=pid, since=since)
        return process if process.alive() else None

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self._since.unlink(missing_ok=True)


def wait_until(true: Callable[[], bool], patience_s: float) -> bool:
    """Look until `true()` holds or `patience_s` is over; tell whether it came to hold."""
    ends = time.monotonic() + patience_s
    while not true():
        if time.monotonic() >= ends:
            return False
        time.sleep(_BETWEEN_LOOKS_S)
    return True


def _since(pid: int) -> str | None:
    """Return the process's start in clock ticks since boot; None when it is gone or a zombie.

    A killed process of many threads looks like a zombie while its other threads still hold its ports and files:
    only the last one left is.
    """
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        threads = len(os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208 - counted, not walked
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may hold spaces and parentheses itself; what follows it does not.
    fields = status.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} and threads <= 1 else fields[19]
