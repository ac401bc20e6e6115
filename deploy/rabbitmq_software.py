"""Find a RabbitMQ to run: the installed one, else Debian's packages unpacked into a folder (architecture 5)."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.debian import STAMP, Recipe, UnpackError, library_path, unpack


class NodeError(Exception):
    """The private node cannot be had or does not start; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """Where the server's scripts lie and what their environment must hold to work from there."""

    root: Path
    """What is linked to where paths may not have spaces: "/" for the installed one."""
    scripts: str
    """The folder of rabbitmq-server and rabbitmqctl, relative to `root`."""
    erlang: str
    """The folder of Erlang, relative to `root`; "" for the one on the PATH."""
    environment: Mapping[str, str] = field(default_factory=dict)


def find_software(unpacked_dir: Path) -> Software:
    """Return the installed RabbitMQ, else the unpacked one, made on the first call (33 MB to download).

    Raises NodeError, in two lines, when neither can be had.
    """
    if installed := _installed():
        return installed
    try:
        root = unpack(RECIPE, unpacked_dir)
    except UnpackError as error:
        raise NodeError(
            f"No RabbitMQ here: none is installed, and Debian's could not be unpacked. {error}\n"
            "Install it (Debian, Ubuntu: sudo apt-get install -y rabbitmq-server), or set CASCADE_BROKER_URL."
        ) from error
    (scripts,) = root.glob(_SCRIPTS)
    libraries = library_path(root)
    return Software(
        root=root,
        scripts=scripts.relative_to(root).as_posix(),
        erlang="usr/lib/erlang",
        environment={"LD_LIBRARY_PATH": libraries} if libraries else {},
    )


def is_there(unpacked_dir: Path) -> bool:
    """Tell whether `find_software` needs no download: RabbitMQ is installed or was unpacked before."""
    return _installed() is not None or (unpacked_dir / RECIPE.package / STAMP).exists()


_SCRIPTS = "usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin"


def _installed() -> Software | None:
    folders = sorted(Path("/").glob(_SCRIPTS))
    # Debian's own /usr/sbin/rabbitmq-server insists on being root or the user rabbitmq; the scripts below do not.
    if not folders and (on_path := shutil.which("rabbitmq-server")):
        folders = [Path(on_path).resolve().parent]
    folders = [folder for folder in folders if (folder / "rabbitmq-env").exists()]
    if not folders or shutil.which("erl") is None:
        return None
    return Software(root=Path("/"), scripts=folders[-1].relative_to("/").as_posix(), erlang="")


def _make_erlang_movable(root: Path) -> None:
    """Debian writes /usr/lib/erlang into every branch of these scripts, so ERL_ROOTDIR alone changes nothing."""
    scripts = [root / "usr/lib/erlang/bin/erl", *root.glob("usr/lib/erlang/erts-*/bin/erl")]
    for script in scripts:
        text = script.read_text(encoding="utf-8")
        moved = text.replace("ROOTDIR=/usr/lib/erlang\n", 'ROOTDIR="${CASCADE_ERLANG:-/usr/lib/erlang}"\n')
        if moved == text:
            raise UnpackError(f"Debian's {script.name} is not as expected: its ROOTDIR was not found.")
        script.write_text(moved, encoding="utf-8")


RECIPE = Recipe(
    package="rabbitmq-server",
    whole=r"erlang-.*|rabbitmq-server",
    without=r"adduser|passwd|logrotate|libpopt0|socat|libwrap0|cron.*",
    finish=_make_erlang_movable,
)
