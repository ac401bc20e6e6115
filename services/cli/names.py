"""Words that people type and that must be well made: names of tenants, files that hold a secret."""

from __future__ import annotations

import re
from pathlib import Path

import click

from shared.errors import ConfigError

_TENANT = re.compile(r"[A-Za-z0-9_-]{1,64}")


class TenantName(click.ParamType[str]):
    """A tenant's name is one word of the events' routing keys."""

    name = "tenant"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name as it is, or fail."""
        if not _TENANT.fullmatch(value):
            self.fail(f"{value!r}: 1 to 64 letters, digits, - and _", param, ctx)
        return value


TENANT = TenantName()


def secret_in(path: Path, option: str) -> str:
    """Return what a file of one secret holds. Raises ConfigError naming the option where it can't be read."""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{option}: {path} can't be read: {why(error)}") from error
    if not secret:
        raise ConfigError(f"{option}: {path} is empty")
    return secret


def why(error: OSError | ValueError) -> str:
    """Return what was wrong with a file in the system's own words."""
    return (error.strerror if isinstance(error, OSError) else None) or "it holds no text"
