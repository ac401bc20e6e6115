"""Do something as an ordinary user where the tests run as root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherUser:
    name: str

    def give(self, folder: Path) -> None:
        """Make the user the owner of a folder and all that is in it."""
        who = pwd.getpwnam(self.name)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, who.pw_uid, who.pw_gid, follow_symlinks=False)

    def run(self, command: Sequence[str], *, cwd: Path) -> str:
        """Return what `command` prints; an error of it is an AssertionError with all it said."""
        done = subprocess.run(
            self.command(command),
            cwd=cwd,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(cwd)},
            capture_output=True,
            text=True,
            timeout=170,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def command(self, command: Sequence[str]) -> list[str]:
        who = pwd.getpwnam(self.name)
        return ["setpriv", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups", "--", *command]


ORDINARY_USER = OtherUser(name="nobody")


def python_for_everybody() -> str:
    """Return a Python 3.11 or newer that an ordinary user may run too; the test is skipped where there is none."""
    for python in ("/usr/bin/python3", "/usr/local/bin/python3"):
        script = "import sys; sys.exit(sys.version_info < (3, 11))"
        if (
            Path(python).exists()
            and subprocess.run(ORDINARY_USER.command([python, "-c", script]), check=False).returncode == 0
        ):
            return python
    pytest.skip("no Python here that an ordinary user may run")
