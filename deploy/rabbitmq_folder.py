"""The folder of a private RabbitMQ node: its settings, its identity, and a name that RabbitMQ's scripts can bear.

Those scripts break on spaces in paths. For a state folder with such a path a link is made in the system's folder for
temporary files, in a folder of ours that nobody else may enter, and goes when the node is stopped.
"""

import hashlib
import json
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from deploy.ports import free_port
from deploy.private_file import write_private
from deploy.rabbitmq_software import NodeError, Software

_BEARABLE = re.compile(r"[A-Za-z0-9_./+-]+")
_LOG_TAIL = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What must be the same when the node comes back: its data is filed under its name."""

    name: str
    amqp_port: int
    distribution_port: int
    epmd_port: int
    """Where an epmd would be if anything started one. Nothing does, and no stranger's is asked."""
    user: str
    password: str

    @classmethod
    def new(cls) -> "Identity":
        blank = cls(
            name=f"cascade-{secrets.token_hex(4)}@localhost",
            amqp_port=0,
            distribution_port=0,
            epmd_port=0,
            user="cascade-admin",
            password=secrets.token_urlsafe(24),
        )
        return blank.on_other_ports()

    @property
    def ports(self) -> tuple[int, int, int]:
        return (self.amqp_port, self.distribution_port, self.epmd_port)

    def on_other_ports(self) -> "Identity":
        chosen: list[int] = []
        while len(chosen) < 3:
            if (port := free_port()) not in chosen:
                chosen.append(port)
        return replace(self, amqp_port=chosen[0], distribution_port=chosen[1], epmd_port=chosen[2])


class NodeFolder:
    """`<state>/rabbitmq` and what belongs to it elsewhere in the state folder."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.path = state_dir / "rabbitmq"
        self.log = state_dir / "log" / "rabbitmq.log"
        self._identity = self.path / "node.json"

    def make(self) -> None:
        (self.path / "home").mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)

    def read_identity(self) -> Identity | None:
        try:
            return Identity(**json.loads(self._identity.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write(self, identity: Identity) -> None:
        """Write what the node reads when it starts. The folder is the owner's alone, and so is each file."""
        write_private(self._identity, json.dumps(asdict(identity), indent=2) + "\n")
        write_private(self.path / "rabbitmq.conf", _CONFIGURATION.format(**asdict(identity)))
        write_private(self.path / "enabled_plugins", "[].\n")
        cookie = self.path / "home" / ".erlang.cookie"
        if not cookie.exists():
            write_private(cookie, secrets.token_hex(20))
            cookie.chmod(0o400)

    def scripts(self, software: Software) -> str:
        return f"{self._software_root(software)}/{software.scripts}"

    def environment(self, software: Software, identity: Identity) -> dict[str, str]:
        """Return the whole environment of server and rabbitmqctl: nothing of the caller's leaks in."""
        here = self._bearable(self.path, "node")
        root = self._software_root(software)
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ", "TMPDIR") if name in os.environ}
        path = kept.get("PATH", os.defpath)
        if software.erlang:
            path = f"{root}/{software.erlang}/bin:{path}"
            kept["CASCADE_ERLANG"] = f"{root}/{software.erlang}"
        no_epmd = f"-erl_epmd_port {identity.distribution_port}"
        # Distributed from its first moment on, the node skips RabbitMQ's own preparations, which ask an epmd.
        distributed = f"-sname {identity.name} {no_epmd} -kernel inet_dist_use_interface {{127,0,0,1}}"
        return {
            **kept,
            **_linked(software.environment, software.root, root),
            "PATH": path,
            "HOME": f"{here}/home",
            "LC_ALL": "C.UTF-8",
            "ERL_EPMD_PORT": str(identity.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            # RabbitMQ starts a short-lived Erlang for no other purpose than that one's starting an epmd.
            "ERL_AFLAGS": "-start_epmd false",
            "ERL_CRASH_DUMP_SECONDS": "0",
            "RABBITMQ_SCRIPTS_DIR": f"{root}/{software.scripts}",
            "RABBITMQ_NODENAME": identity.name,
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": f"{here}/rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{here}/none.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{here}/enabled_plugins",
            "RABBITMQ_MNESIA_BASE": f"{here}/data",
            "RABBITMQ_LOG_BASE": f"{here}/log",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": f"{here}/pid",
            # The script then becomes the node itself instead of waiting beside it, so the pid is the node's.
            "RABBITMQ_ALLOW_INPUT": "1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-noinput {distributed}",
            "RABBITMQ_CTL_ERL_ARGS": f"{no_epmd} -dist_listen false",
        }

    def log_tail(self) -> str:
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return "(no log)"
        return "\n".join(lines[-_LOG_TAIL:])

    def remove_alias(self) -> None:
        alias = self._alias()
        for link in ("node", "software"):
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                (alias / link).unlink()
        with suppress(OSError):
            alias.rmdir()

    def _software_root(self, software: Software) -> str:
        return "" if software.root == Path("/") else self._bearable(software.root, "software")

    def _bearable(self, path: Path, link: str) -> str:
        """Return `path`, or a linked name of it where its own has letters that RabbitMQ's scripts trip over."""
        if _BEARABLE.fullmatch(str(path)):
            return str(path)
        alias = self._alias()
        with suppress(FileExistsError):
            alias.mkdir(mode=0o700)
        owned = alias.lstat()
        if owned.st_uid != os.geteuid() or not alias.is_dir() or alias.is_symlink():
            raise NodeError(
                f"{alias} belongs to somebody else.\nRemove it, or set CASCADE_STATE_DIR to a path without spaces."
            )
        name = alias / link
        if not name.is_symlink() or name.readlink() != path:
            name.unlink(missing_ok=True)
            name.symlink_to(path)
        return str(name)

    def _alias(self) -> Path:
        told_apart = hashlib.sha256(f"{os.geteuid()} {self.path}".encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"cascade-{told_apart}"


def _linked(environment: Mapping[str, str], root: Path, linked: str) -> dict[str, str]:
    return {name: value.replace(str(root), linked) for name, value in environment.items()}


_CONFIGURATION = """\
# Made by the launcher at each start. Everything listens on 127.0.0.1.
listeners.tcp.local = 127.0.0.1:{amqp_port}
default_user = {user}
default_pass = {password}
default_user_tags.administrator = true
default_permissions.configure = .*
default_permissions.read = .*
default_permissions.write = .*
log.console = true
log.console.level = info
"""
