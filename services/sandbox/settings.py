"""The settings of the sandbox, read once from the environment. Every mistake is named with its variable."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar, cast

from services.sandbox.directory import Application, parse_application, parse_callback_secrets
from services.sandbox.fields import FieldsError, record, table, text

_T = TypeVar("_T")
PREFIX: Final = "CASCADE_SANDBOX_"


class SettingsError(Exception):
    """The process can't start. Each line of `str(error)` names a variable and says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says, and what is meant where it says nothing."""

    host: str = "127.0.0.1"
    """CASCADE_SANDBOX_HOST: the address listened on. Nobody outside this machine is let in by default."""
    port: int = 8082
    """CASCADE_SANDBOX_PORT: 0 picks a free one."""
    port_file: Path | None = None
    """CASCADE_SANDBOX_PORT_FILE: where the real port is written once calls are taken."""
    retry_scale: float = 1.0
    """CASCADE_SANDBOX_RETRY_SCALE: multiplies the waiting times between the tries of a webhook."""
    window_scale: float = 1.0
    """CASCADE_SANDBOX_WINDOW_SCALE: multiplies `expiry_time` in the workflows that the sandbox runs itself."""
    tls_certificate: Path | None = None
    """CASCADE_SANDBOX_TLS_CERT: a PEM file with the certificate, and those it needs after it; makes it speak https."""
    tls_key: Path | None = None
    """CASCADE_SANDBOX_TLS_KEY: the PEM file of its key. None = in the certificate's file."""
    strict: bool = True
    """CASCADE_SANDBOX_STRICT: whether a field that nobody knows makes a body bad."""
    threads: int = 128
    """CASCADE_SANDBOX_THREADS: calls at a time. One that hangs or is delayed keeps one busy."""
    senders: int = 16
    """CASCADE_SANDBOX_SENDERS: webhooks at a time."""
    hold_s: float = 60.0
    """CASCADE_SANDBOX_HOLD: seconds a call that hangs is kept open."""
    applications: tuple[Application, ...] = ()
    callback_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """CASCADE_SANDBOX_CONFIG: a JSON file `{"applications": {id: {...}}, "callback_secrets": {api_key: secret}}`, with
    what `PUT /sandbox/applications/<id>` and `PUT /sandbox/callback-secrets` take at run time."""


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings. Raises SettingsError with one line for each mistake."""
    mistakes: list[str] = []

    def read(name: str, usual: _T, parse: Callable[[str], _T]) -> _T:
        raw = environment.get(PREFIX + name, "")
        if not raw:
            return usual
        try:
            return parse(raw)
        except ValueError as error:
            mistakes.append(f"{PREFIX}{name}: {error}")
            return usual

    nobody: tuple[tuple[Application, ...], dict[str, str]] = ((), {})
    applications, secrets = read("CONFIG", nobody, _config)
    settings = Settings(
        host=read("HOST", "127.0.0.1", str),
        port=read("PORT", 8082, _whole(0, 65_535)),
        port_file=read("PORT_FILE", None, Path),
        retry_scale=read("RETRY_SCALE", 1.0, _real(0.0001, 1000)),
        window_scale=read("WINDOW_SCALE", 1.0, _real(0.0001, 1000)),
        tls_certificate=read("TLS_CERT", None, _readable),
        tls_key=read("TLS_KEY", None, _readable),
        strict=read("STRICT", True, _switch),
        threads=read("THREADS", 128, _whole(1, 2000)),
        senders=read("SENDERS", 16, _whole(1, 500)),
        hold_s=read("HOLD", 60.0, _real(0.01, 3600)),
        applications=applications,
        callback_secrets=secrets,
    )
    if settings.tls_key is not None and settings.tls_certificate is None and not mistakes:
        mistakes.append(f"{PREFIX}TLS_KEY: is of no use without {PREFIX}TLS_CERT")
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    return settings


def _whole(minimum: int, maximum: int) -> Callable[[str], int]:
    def parse(raw: str) -> int:
        if not raw.isascii() or not raw.isdigit() or not minimum <= int(raw) <= maximum:
            raise ValueError(f"must be a whole number from {minimum} to {maximum}, and is {raw!r}")
        return int(raw)

    return parse


def _real(minimum: float, maximum: float) -> Callable[[str], float]:
    def parse(raw: str) -> float:
        words = f"must be a number from {minimum:g} to {maximum:g}, and is {raw!r}"
        try:
            value = float(raw)
        except ValueError:
            raise ValueError(words) from None
        if not minimum <= value <= maximum:
            raise ValueError(words)
        return value

    return parse


def _switch(raw: str) -> bool:
    names = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if raw.lower() not in names:
        raise ValueError(f"must be true or false, and is {raw!r}")
    return names[raw.lower()]


def _readable(raw: str) -> Path:
    try:
        with Path(raw).open("rb"):
            return Path(raw)
    except OSError as error:
        raise ValueError(f"{raw} can't be read: {error.strerror}") from error


def _config(raw: str) -> tuple[tuple[Application, ...], dict[str, str]]:
    try:
        value: object = json.loads(Path(raw).read_bytes())
    except OSError as error:
        raise ValueError(f"{raw} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{raw} holds no JSON: {error}") from error
    shape = record({}, {"applications": table(text(), lambda _value, _name: []), "callback_secrets": lambda _v, _n: []})
    if faults := shape(value, ""):
        raise ValueError("; ".join(f"{raw}: {fault.name or 'it'} {fault.reason}" for fault in faults))
    content = cast("dict[str, dict[str, object]]", value)
    try:
        applications = tuple(
            parse_application(application_id, fields)
            for application_id, fields in content.get("applications", {}).items()
        )
        secrets = parse_callback_secrets({"secrets": content.get("callback_secrets", {})})
    except FieldsError as error:
        raise ValueError(f"{raw}: {error}") from error
    return applications, secrets
