"""Logs are one JSON object a line, and never tell what a message says or whom it is for.

An event is a constant, `noun.past_participle`; facts are keys. A processor drops texts and secrets by key, masks what
looks like a telephone number in every value, and hides the user part of addresses. Levels by consequence: info = it
happened; warning = a message will be late or lost; error = a person must act.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import msgspec
import structlog

_DROPPED = frozenset(
    "text body raw content authorization token password secret api_secret private_key signature_secret broker_url"
    " store_url cookie headers".split()
)
_MASKED = frozenset("to from sender recipient number person phone email".split())
# 7 to 15 digits in a row that are no part of a longer word: ids of ours are hexadecimal or have hyphens around.
_NUMBER = re.compile(r"(?<![\w-])(?<!\d\.)\+?\d{7,15}(?![\w-]|\.\d)")
_USER_PART = re.compile(r"://[^/@\s]+@")
_TOKEN = re.compile(r"\beyJ[\w-]{4,}\.[\w.-]+")
_LONGEST = 2048


def configure_logs(
    service: str, *, format_: str = "json", level: str = "info", name: str = "", stream: TextIO | None = None
) -> None:
    """Set up structlog for a process; `format_` is json or console (colours, for people at a terminal)."""
    target = stream or sys.stdout
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=target.isatty())
        if format_ == "console"
        else structlog.processors.JSONRenderer(serializer=_to_json)
    )

    def who(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        if name:
            event["process"] = name
        return event

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            who,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        # A line and its end in one write: workers that share a file would else write into each other's lines.
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=True,
    )
    # Libraries log through the standard library: the same stream, warnings and worse, and redacted the same way.
    handler = logging.StreamHandler(target)
    handler.setFormatter(_Plain(service))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take out texts and secrets, mask numbers, shorten what is long. A structlog processor."""
    for key in list(event):
        if key in _DROPPED:
            event[key] = "[dropped]"
        elif key in _MASKED:
            event[key] = mask(str(event[key]))
        else:
            event[key] = _clean(event[key])
    return event


def mask(text: str) -> str:
    """Return `447900000012` as `4479******12`; of short texts nothing is shown."""
    if len(text) < 8:
        return "*" * len(text)
    return text[:4] + "*" * (len(text) - 6) + text[-2:]


def _clean(value: object) -> object:
    if isinstance(value, str):
        shown = _TOKEN.sub("[token]", _USER_PART.sub("://***@", value))
        return _NUMBER.sub(lambda found: mask(found[0]), shown)[:_LONGEST]
    if isinstance(value, Mapping):
        return {
            str(key): "[dropped]" if str(key) in _DROPPED else mask(str(item)) if str(key) in _MASKED else _clean(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    if isinstance(value, int | float | bool) or value is None:
        return value
    return _clean(str(value))


def _to_json(event: Mapping[str, object], **_: object) -> str:
    return msgspec.json.encode(event).decode()


class _Plain(logging.Formatter):
    """Gives records of the standard library the shape of ours."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, object] = {
            "event": "library.logged",
            "service": self._service,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return _to_json(redact(None, "", event))
