"""Times as text: RFC 3339 in UTC with milliseconds, from and to seconds since the epoch."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def rfc3339(seconds: float) -> str:
    """Return e.g. "2026-03-02T09:15:04.120Z", rounded to the nearest millisecond."""
    moment = datetime.fromtimestamp(round(seconds * 1000) / 1000 + 1e-7, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def rfc3339_or_none(seconds: float | None) -> str | None:
    """Return the same, None for None."""
    return None if seconds is None else rfc3339(seconds)


def seconds_of(text: str) -> float:
    """Return the seconds since the epoch of an RFC 3339 time with a zone. Raises ValueError for anything else."""
    if not _RFC3339.fullmatch(text):
        raise ValueError(f"no RFC 3339 time with a zone: {text[:40]!r}")
    return datetime.fromisoformat(text.upper()).timestamp()


def clock_of(seconds: float) -> str:
    """Return the time of day in UTC for a sentence: "09:41:02"."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")
