"""Where a deployment lives on this machine: its state folder, ports, passwords and store."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.private_file import write_private
from shared.errors import ConfigError

STATE_VARIABLE = "CASCADE_STATE_DIR"
PORT_VARIABLES = {"ingress": "CASCADE_INGRESS_PORT", "sandbox": "CASCADE_SANDBOX_PORT"}
DEFAULT_PORTS = {"ingress": 8080, "sandbox": 8082}


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One deployment: everything it keeps is under `state_dir`."""

    state_dir: Path
    ports: Mapping[str, int]
    unpacked_dir: Path | None = None
    """Where unpacked Debian packages may lie; None: inside the state folder."""

    @classmethod
    def from_environment(cls) -> Home:
        """Return the home the environment names. Raises ConfigError naming a variable that is wrong.

        What was started with a port of its own choice is found there without the variable, too.
        """
        state_dir = Path(given(STATE_VARIABLE) or project_root() / ".state").absolute()
        ports = {
            service: _given_port(variable) or remembered_port(state_dir, service) or DEFAULT_PORTS[service]
            for service, variable in PORT_VARIABLES.items()
        }
        return cls(state_dir=state_dir, ports=ports)

    @property
    def store_url(self) -> str:
        """CASCADE_STORE_URL, else the SQLite file of the state folder."""
        return given("CASCADE_STORE_URL") or f"sqlite:///{self.state_dir / 'cascade.db'}"

    @property
    def demo_file(self) -> Path:
        """The demo's credentials."""
        return self.state_dir / "demo.json"

    @property
    def log_dir(self) -> Path:
        """One log for each process."""
        return self.state_dir / "log"

    def url(self, service: str) -> str:
        """Return where a service of this home answers HTTP."""
        return f"http://127.0.0.1:{self.ports[service]}"

    def passwords(self, names: tuple[str, ...]) -> dict[str, str]:
        """Return the broker passwords of these users, made once and kept in a file of the owner's alone."""
        path = self.state_dir / "passwords.json"
        known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        missing = [name for name in names if name not in known]
        if missing:
            known.update({name: secrets.token_urlsafe(24) for name in missing})
            write_private(path, json.dumps(known, indent=2))
        return {name: known[name] for name in names}

    def demo(self) -> dict[str, Any]:
        """Return the demo's credentials. Raises ConfigError where there are none."""
        if not self.demo_file.exists():
            raise ConfigError(f"There are no demo credentials in {shown(self.demo_file)}: run `make up` first.")
        demo: dict[str, Any] = json.loads(self.demo_file.read_text(encoding="utf-8"))
        return demo


def project_root() -> Path:
    """Return the folder of the checkout this command belongs to."""
    return Path(__file__).resolve().parents[2]


def shown(path: Path) -> str:
    """Return a path as people read it: relative where it lies below the current folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def given(variable: str) -> str | None:
    """Return the value of a variable, or what the file holds that its `_FILE` twin names; None where neither is set.

    The services read theirs the same way (`shared.settings`). Raises ConfigError where the file can't be read.
    """
    file = os.environ.get(f"{variable}_FILE")
    if not file:
        return os.environ.get(variable, "").strip() or None
    try:
        return Path(file).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{variable}_FILE: {file} can't be read ({type(error).__name__})") from error


def port_file(state_dir: Path, service: str) -> Path:
    """Return where the port of a service is written from its start to `down`, also through its death."""
    return state_dir / "run" / f"{service}.port"


def remembered_port(state_dir: Path, service: str) -> int | None:
    """Return the port that a service has had since `up`; None after `down`."""
    try:
        return int(port_file(state_dir, service).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _given_port(variable: str) -> int | None:
    text = os.environ.get(variable, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise ConfigError(f"{variable}: must be a port from 1 to 65535, got {text!r}")
    return int(text)
