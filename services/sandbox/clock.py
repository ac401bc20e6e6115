"""Moments as the wire writes them: RFC 3339, UTC, milliseconds, `Z`."""

from datetime import UTC, datetime


def written(moment_s: float) -> str:
    """Write a moment, given in seconds since 1970, as `2026-03-02T09:15:04.120Z`."""
    return datetime.fromtimestamp(moment_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
