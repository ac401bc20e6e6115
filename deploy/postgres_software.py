"""Find a PostgreSQL server to run: the installed one, else Debian's packages unpacked into a folder."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from deploy.debian import Recipe, UnpackError, library_path, unpack


class PostgresError(Exception):
    """No server can be had, or it does not start; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresSoftware:
    root: Path
    """What would have to be copied for another user who may not look in here."""
    programs: Path
    """The folder of initdb and postgres, relative to `root`."""

    def program(self, name: str) -> str:
        return str(self.root / self.programs / name)

    def library_path(self) -> str:
        return "" if self.root == Path("/") else library_path(self.root)


def find_postgres(unpacked_dir: Path) -> PostgresSoftware:
    """Return the newest installed server, else the unpacked one, made on the first call. Raises PostgresError."""
    if installed := _installed():
        return PostgresSoftware(root=Path("/"), programs=installed.relative_to("/"))
    return unpacked_postgres(unpacked_dir)


def unpacked_postgres(unpacked_dir: Path) -> PostgresSoftware:
    """Return Debian's server, unpacked on the first call. Raises PostgresError, in two lines, when it cannot be had."""
    try:
        root = unpack(RECIPE, unpacked_dir)
    except UnpackError as error:
        raise PostgresError(
            f"No PostgreSQL here: none is installed, and Debian's could not be unpacked. {error}\n"
            "Install it (Debian, Ubuntu: sudo apt-get install -y postgresql)."
        ) from error
    return PostgresSoftware(root=root, programs=_newest(root).relative_to(root))


def _installed() -> Path | None:
    if (found := _newest_or_none(Path("/"))) is not None:
        return found
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path and shutil.which("postgres") else None


def _newest(root: Path) -> Path:
    found = _newest_or_none(root)
    if found is None:
        raise PostgresError("Debian's package of PostgreSQL is not as expected: it holds no initdb.")
    return found


def _newest_or_none(root: Path) -> Path | None:
    found = [each for each in root.glob("usr/lib/postgresql/*/bin") if (each / "initdb").exists()]
    return max(found, key=lambda each: float(each.parent.name), default=None)


RECIPE = Recipe(
    package="postgresql",
    whole=r"postgresql.*|libpq5",
    # What scripts of installation need, and the compiler of queries, which is larger than the rest together.
    without=r"adduser|passwd|perl.*|lib.*-perl|ssl-cert|openssl|ucf|sysvinit-utils|lsb-base|locales.*|logrotate|cron.*|libllvm.*|libz3-4",
)
