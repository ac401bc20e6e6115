"""Unpack Debian packages into a folder, without root and without touching the system.

apt works in folders of its own, so neither its locks nor its lists are the system's. What it would install is asked of
apt itself, on a copy of the package status that forgets the families we want whole: half an Erlang from the system
and half from a folder does not start. The rest of a package's needs (libc and the like) is taken from the system.

A folder is made once: its last file is a stamp, and a lock keeps two processes from making it at the same time.
"""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STAMP = ".complete"
_TIMEOUT_S = 600.0


class UnpackError(Exception):
    """The packages cannot be had here; the text says why and what helps, one line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What to unpack and what it takes along."""

    package: str
    whole: str
    """A regular expression of package names that are taken even where the system has them installed."""
    without: str
    """A regular expression of what the packages' installation scripts or cron need; an unpacked copy runs neither."""
    finish: Callable[[Path], None] = lambda _root: None
    """Mends the unpacked files, before anybody sees them."""


# A C library beside the system's own does not work with the system's loader, and the release has the right one anyway.
_NEVER = r"libc6|libc-bin|libgcc-s1|gcc-\d+-base"


def unpack(recipe: Recipe, folder: Path) -> Path:
    """Return a folder that holds the recipe's packages as if it were `/`; downloads at most once.

    `folder` is shared by all recipes (`.state/debian`): the downloads are kept in it too.
    Raises UnpackError where there is no apt, no network, or no such package.
    """
    root = folder.absolute() / recipe.package
    if (root / STAMP).exists():
        return root
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise UnpackError(
                f"{tool} is missing, so {recipe.package} cannot be unpacked: this is not Debian or Ubuntu."
            )
    root.parent.mkdir(parents=True, exist_ok=True)
    with locked(root.parent / "lock"):
        if not (root / STAMP).exists():
            _make(recipe, root)
    return root


def library_path(root: Path) -> str:
    """Return what LD_LIBRARY_PATH must be for programs in `root` to find libraries that came with them; "" for none."""
    return ":".join(
        str(found) for pattern in ("usr/lib/*-linux-*", "lib/*-linux-*") for found in sorted(root.glob(pattern))
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path` among processes; it ends with the process, however that ends."""
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _make(recipe: Recipe, root: Path) -> None:
    archives = root.parent / "archives"
    archives.mkdir(exist_ok=True)
    # apt refuses paths with spaces and commas in its lists, and wants each folder to exist: so it works in /tmp.
    with tempfile.TemporaryDirectory(prefix="cascade-apt-") as work:
        options = _private_apt(Path(work), recipe)
        _run(["apt-get", *options, "--quiet", "update"], may_fail=True)  # a broken third-party source is not ours
        wanted = _wanted(options, recipe)
        packages = _download(options, wanted, archives, Path(work))
    unfinished = root.with_name(f"{root.name}.unfinished")
    for left in (unfinished, root):
        shutil.rmtree(left, ignore_errors=True)
    unfinished.mkdir()
    for package in packages:
        _run(["dpkg", "--extract", str(package), str(unfinished)])
    recipe.finish(unfinished)
    unfinished.rename(root)
    (root / STAMP).write_text("".join(f"{package.name}\n" for package in packages), encoding="utf-8")


def _private_apt(work: Path, recipe: Recipe) -> list[str]:
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    status = work / "status"
    status.write_text(_forgetful_status(recipe.whole), encoding="utf-8")
    settings = {
        "Dir::State": str(work / "state"),
        "Dir::Cache": str(work / "cache"),
        "Dir::State::status": str(status),
        "Debug::NoLocking": "1",
        "Acquire::Retries": "2",
        "Acquire::http::Timeout": "20",
        "Acquire::https::Timeout": "20",
        "APT::Install-Recommends": "0",
        # As root, apt downloads as a user that may not enter our folders.
        "APT::Sandbox::User": "root",
    }
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]


def _forgetful_status(whole: str) -> str:
    """Return the system's package status without the family that we want whole.

    What stays is stripped to what it is and provides: apt plans nothing while it sees a need unmet, and the rest of the
    system may well need what was forgotten.
    """
    known = Path("/var/lib/dpkg/status")
    packages = known.read_text(encoding="utf-8").split("\n\n") if known.exists() else []
    forgotten = re.compile(rf"Package: (?:{whole})\n")
    kept = (
        "Package:",
        "Status:",
        "Architecture:",
        "Multi-Arch:",
        "Version:",
        "Provides:",
        "Maintainer:",
        "Description:",
    )
    return "".join(
        "".join(f"{line}\n" for line in package.splitlines() if line.startswith(kept)) + "\n"
        for package in packages
        if not forgotten.match(package)
    )


def _wanted(options: list[str], recipe: Recipe) -> list[str]:
    """Names with versions of what apt would install; nothing is installed."""
    plan = _run(["apt-get", *options, "--simulate", "install", recipe.package])
    wanted = re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+)", plan, flags=re.MULTILINE)
    if not any(name == recipe.package for name, _version in wanted):
        raise UnpackError(f"apt does not offer {recipe.package} here.")
    left_out = re.compile(rf"(?:{recipe.without}|{_NEVER})(?::\S+)?")
    return [f"{name}={version}" for name, version in wanted if not left_out.fullmatch(name)]


def _download(options: list[str], wanted: list[str], archives: Path, work: Path) -> list[Path]:
    """Download what is not in `archives` yet; return all files, the same order for the same packages."""
    kept = {package: archives / f"{_file_stem(package)}.deb" for package in wanted}
    missing = [package for package, path in kept.items() if not path.exists()]
    if missing:
        fresh = work / "fresh"
        fresh.mkdir()
        _run(["apt-get", *options, "--quiet", "download", *missing], cwd=fresh)
        for package in missing:
            # A download's name is name_version_architecture.deb with the colon of an epoch as %3a.
            (found,) = fresh.glob(f"{_file_stem(package)}_*.deb")
            shutil.copyfile(found, arriving := archives / f"{found.name}.{os.getpid()}")
            arriving.rename(kept[package])
    return list(kept.values())


def _file_stem(package: str) -> str:
    name, _, version = package.partition("=")
    return f"{name.split(':')[0]}_{version.replace(':', '%3a')}"


def _run(command: list[str], *, cwd: Path | None = None, may_fail: bool = False) -> str:
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnpackError(f"{command[0]} took longer than {_TIMEOUT_S:.0f} s.") from error
    if done.returncode and not may_fail:
        said = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.splitlines()[-1:]
        raise UnpackError(f"{command[0]} failed: {' '.join(said)}")
    return done.stdout
