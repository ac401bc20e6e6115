"""Words that people type and that must be well made: names, keys, ids, addresses, files that hold a secret."""

from __future__ import annotations

import re
from pathlib import Path

import click

from shared.errors import ConfigError

LONGEST_ADDRESS = 2048
_TENANT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ADDRESS = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?([/?][\x21-\x7e]*)?")


class TenantName(click.ParamType[str]):
    """A tenant's name is one word of the events' routing keys."""

    name = "tenant"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name as it is, or fail."""
        if not _TENANT.fullmatch(value):
            self.fail(f"{value!r}: 1 to 64 letters, digits, - and _", param, ctx)
        return value


class ApiKeyName(click.ParamType[str]):
    """What stands before the colon of Basic."""

    name = "api key"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the key as it is, or fail."""
        if not _TENANT.fullmatch(value):
            self.fail(f"{value!r}: 1 to 64 letters, digits, - and _", param, ctx)
        return value


class UuidWord(click.ParamType[str]):
    """An id in the form of the provider's."""

    name = "uuid"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the id in lower case, or fail."""
        if not _UUID.fullmatch(value.lower()):
            self.fail(f"{value!r} is no UUID", param, ctx)
        return value.lower()


class WebAddress(click.ParamType[str]):
    """Where a webhook goes; an empty one says nowhere."""

    name = "url"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the address as it is, or fail."""
        if value and not (_ADDRESS.fullmatch(value) and len(value) <= LONGEST_ADDRESS):
            self.fail(f"{value!r} is no address; https://acme.example/status is one", param, ctx)
        return value


TENANT = TenantName()
API_KEY = ApiKeyName()
UUID_WORD = UuidWord()
WEB_ADDRESS = WebAddress()


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
