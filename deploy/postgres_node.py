"""A PostgreSQL server of one's own, for tests: a free port on 127.0.0.1, a random password, no socket file.

    server = start_postgres(folder)
    server.url      # postgresql+psycopg://cascade:...@127.0.0.1:port/postgres, with all rights
    server.stop()

PostgreSQL refuses to run as root: then it runs as another user that exists already, and its data goes to the system's
folder for temporary files where that user may not enter `folder`. What it confirms is on the disk (fsync stays on).
"""

import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.debian import locked
from deploy.ports import free_port, is_free
from deploy.postgres_software import PostgresError, PostgresSoftware, find_postgres
from deploy.private_file import write_private
from deploy.processes import PidFile, Process, spawn, wait_until

_USER = "cascade"
_STOP_S = 20.0
_START_S = 60.0
_INITDB_S = 120.0
_OTHER_USERS = ("postgres", "nobody", "daemon")


@dataclass(slots=True, kw_only=True)
class Postgres:
    """A running server."""

    folder: Path
    home: Path
    """Where its data lies: `folder`, or a folder under /tmp where `folder` is closed to the user it runs as."""
    software: PostgresSoftware
    port: int
    password: str
    process: Process

    @property
    def url(self) -> str:
        """SQLAlchemy's URL of the database `postgres`."""
        return self.database_url("postgres")

    @property
    def pid(self) -> int:
        return self.process.pid

    def database_url(self, name: str) -> str:
        return f"postgresql+psycopg://{_USER}:{self.password}@127.0.0.1:{self.port}/{name}"

    def kill(self) -> None:
        """End it as a power cut would; its data stays."""
        self.process.kill()

    def start_again(self) -> None:
        """Start it on the same data and port after `kill` or `stop`, unless `stop` removed them."""
        if not self.process.alive():
            self.process = _spawn(self.folder, self.home, self.software, self.port)

    def stop(self) -> None:
        """Stop it, with its clients' connections, and remove what it left outside its folder."""
        self.process.stop(_STOP_S, signal.SIGINT)
        PidFile(self.folder, "postgres").remove()
        _remove_outside(self.folder, self.home)


def start_postgres(
    folder: Path, *, unpacked_dir: Path | None = None, software: PostgresSoftware | None = None
) -> Postgres:
    """Start a server on `folder`'s data, made at the first time, and wait until it takes connections.

    `software` is what to run; None is the installed one, else Debian's packages unpacked into `unpacked_dir`, which is
    `<folder>/debian` unless said otherwise. A server that runs already is returned. Raises PostgresError with the end
    of its log.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    software = software or find_postgres(unpacked_dir or folder / "debian")
    with locked(folder / "lock"):
        kept = _read(folder)
        running = PidFile(folder, "postgres").read()
        if kept is None or not (kept[0] / "data" / "PG_VERSION").exists():
            kept = _make(folder, software)
            running = None
        home, port, password = kept
        software = _reachable(software, home)
        if running is None and not is_free(port):
            port = free_port()
            _write(folder, home, port, password)
        process = running or _spawn(folder, home, software, port)
    return Postgres(folder=folder, home=home, software=software, port=port, password=password, process=process)


def stop_postgres(folder: Path) -> bool:
    """Stop the server that runs on `folder`, whoever started it; True when one ran."""
    folder = folder.absolute()
    pid_file, kept = PidFile(folder, "postgres"), _read(folder)
    process = pid_file.read()
    if process is not None:
        process.stop(_STOP_S, signal.SIGINT)
    pid_file.remove()
    if kept is not None:
        _remove_outside(folder, kept[0])
    return process is not None


def _remove_outside(folder: Path, home: Path) -> None:
    if not home.is_relative_to(folder):
        shutil.rmtree(home, ignore_errors=True)


def _make(folder: Path, software: PostgresSoftware) -> tuple[Path, int, str]:
    """Make the data folder; returns where it lies, a port and the password."""
    home, password = _home(folder), secrets.token_urlsafe(24)
    software = _reachable(software, home)
    shutil.rmtree(home / "data", ignore_errors=True)
    secret = home / "password"
    write_private(secret, password)
    if (owner := _other_user()) is not None:
        os.chown(secret, owner.pw_uid, owner.pw_gid)
    options = ["--no-locale", "--encoding=UTF8", "--auth=scram-sha-256", "--no-sync", f"--username={_USER}"]
    command = [software.program("initdb"), *options, f"--pwfile={secret}", f"--pgdata={home / 'data'}"]
    try:
        done = subprocess.run(
            _as_other_user(command),
            cwd=home,
            env=_environment(software, home),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_INITDB_S,
            check=False,
        )
    finally:
        secret.unlink()
    if done.returncode:
        raise PostgresError(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")
    port = free_port()
    _write(folder, home, port, password)
    return home, port, password


def _spawn(folder: Path, home: Path, software: PostgresSoftware, port: int) -> Process:
    data, log = home / "data", folder / "log" / "postgres.log"
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        # A path to a socket may have 107 bytes at most, which a test's folder easily exceeds.
        "unix_socket_directories": "",
        "timezone": "GMT",
        "log_timezone": "GMT",
        "jit": "off",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    process = spawn(
        _as_other_user([software.program("postgres"), "-D", str(data), *options]),
        folder=home,
        environment=_environment(software, home),
        log=log,
    )
    PidFile(folder, "postgres").write(process)
    wait_until(lambda: _ready(data, process.pid) or not process.alive(), _START_S)
    if not _ready(data, process.pid):
        process.stop(_STOP_S, signal.SIGINT)
        PidFile(folder, "postgres").remove()
        said = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
        raise PostgresError(f"PostgreSQL did not start; the end of {log}:\n{said}")
    return process


def _ready(data: Path, pid: int) -> bool:
    """Tell whether the server says so itself: its pid file begins with its pid and ends with its state."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def _other_user() -> pwd.struct_passwd | None:
    """Return whom to run as in root's place; None for oneself."""
    if os.geteuid() != 0:
        return None
    for name in _OTHER_USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresError(f"PostgreSQL does not run as root, and none of the users {', '.join(_OTHER_USERS)} exists.")


def _as_other_user(command: Sequence[str]) -> list[str]:
    if (other := _other_user()) is None:
        return list(command)
    return ["setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups", "--", *command]


def _home(folder: Path) -> Path:
    """Return a folder for the data that the server's user owns and may enter."""
    if (other := _other_user()) is None:
        return folder
    home = folder / "home"
    home.mkdir(exist_ok=True)
    if not _may(["test", "-x", str(home)]):
        home.rmdir()
        home = Path(tempfile.mkdtemp(prefix="cascade-postgres-"))
    os.chown(home, other.pw_uid, other.pw_gid)
    return home


def _reachable(software: PostgresSoftware, home: Path) -> PostgresSoftware:
    """Return the software, copied beside the data where the server's user may not enter its folder."""
    if _may(["test", "-x", software.program("postgres")]):
        return software
    copy = home / "software"
    if not copy.exists():
        shutil.copytree(software.root, copy, symlinks=True)
        copy.chmod(0o755)
    return PostgresSoftware(root=copy, programs=software.programs)


def _may(command: Sequence[str]) -> bool:
    return (
        subprocess.run(_as_other_user(command), stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode
        == 0
    )


def _environment(software: PostgresSoftware, home: Path) -> dict[str, str]:
    libraries = software.library_path()
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LC_ALL": "C",
        **({"LD_LIBRARY_PATH": libraries} if libraries else {}),
    }


def _read(folder: Path) -> tuple[Path, int, str] | None:
    try:
        kept = json.loads((folder / "postgres.json").read_text(encoding="utf-8"))
        return Path(kept["home"]), int(kept["port"]), str(kept["password"])
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _write(folder: Path, home: Path, port: int, password: str) -> None:
    kept = {"home": str(home), "port": port, "password": password}
    write_private(folder / "postgres.json", json.dumps(kept, indent=2) + "\n")
