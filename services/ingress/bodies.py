"""The body of a request: its type and size, before anybody looks inside."""

from __future__ import annotations

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from services.ingress.refusals import RefusedError
from shared.wire.places import shown

LONGEST_WEBHOOK = 1024 * 1024
_TAKEN_IN = 4 * 1024 * 1024
"""Bytes of a body too large that are read and thrown away, so that its sender gets to hear the answer."""


def json_body(*, at_most: int) -> bytes:
    """Return the raw bytes of a JSON body. Raises RefusedError: 415 for another type, 413 above `at_most` bytes."""
    if not _is_json():
        raise RefusedError(415, why="content_type", detail=_not_json())
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RefusedError(415, why="content_encoding", detail="The body must not be compressed.")
    return raw_body(at_most=at_most)


def raw_body(*, at_most: int) -> bytes:
    """Return the raw bytes of a body, at most so many. Raises RefusedError 413."""
    # One more, because of a body without a length (chunked) the library returns the allowed beginning without a word.
    request.max_content_length = at_most + 1
    try:
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raw = None
    if raw is None or len(raw) > at_most:
        _read_away()
        raise RefusedError(413, why="too_large", detail=f"The body is larger than {at_most} bytes.")
    return raw


def _read_away() -> None:
    """Take in what is left of a body: whoever still sends when the connection ends reads no answer."""
    stream, left = request.environ["wsgi.input"], _TAKEN_IN
    while left > 0 and (chunk := stream.read(min(left, 65_536))):
        left -= len(chunk)


def _not_json() -> str:
    """Say what was sent: `curl -d` calls every body a form unless it is told otherwise."""
    said = request.headers.get("Content-Type", "")
    sent = f"this one calls itself {shown(said)}" if said else "this one does not say what it is"
    return f"The body must be application/json in UTF-8; {sent}. Please add the header Content-Type: application/json."


def _is_json() -> bool:
    kind = request.mimetype
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        return False
    return request.mimetype_params.get("charset", "utf-8").lower() in ("utf-8", "utf8")
