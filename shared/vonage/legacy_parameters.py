"""Take the SMS API's old webhooks apart: a query string, a form or a JSON object, all of it flat. Pure."""

from __future__ import annotations

from urllib.parse import parse_qsl

from shared.errors import WireError
from shared.strict_json import loads
from shared.vonage.webhook_parts import unreadable

MOST_PARAMETERS = 100
LARGEST = 65_536
"""Bytes, dozens of times what an SMS can be: strangers' are hashed with every secret there is."""


def parameters_of(raw: bytes, content_type: str | None) -> dict[str, str]:
    """Return the parameters of a webhook, JSON's numbers and truths as they are written there.

    Everything that does not call itself JSON is read as a form, which is what a query string looks like too. Raises
    WireError where it can't be read, where a name comes twice, and where a value is more than a word.
    """
    is_json = (content_type or "").partition(";")[0].strip().lower().endswith("json")
    parameters = _of_json(raw) if is_json else _of_form(raw)
    for name, value in parameters.items():
        if "\0" in name or "\0" in value:
            raise unreadable("", "text", "has a character that can't be kept: U+0000")
    return parameters


def _of_form(raw: bytes) -> dict[str, str]:
    if len(raw) > LARGEST:
        raise unreadable("", "too_large", f"is larger than {LARGEST} bytes")
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except UnicodeDecodeError as error:
        raise unreadable("", "encoding", "is not UTF-8") from error
    except ValueError as error:
        raise unreadable("", "form", f"is no form of at most {MOST_PARAMETERS} parameters") from error
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise unreadable("", "duplicate", "names a parameter more than once")
    return parameters


def _of_json(raw: bytes) -> dict[str, str]:
    document = loads(raw, max_bytes=LARGEST, max_depth=2)
    if not isinstance(document, dict):
        raise unreadable("", "type", "is not a JSON object")
    faults = [
        unreadable(str(name), "type", "is neither a text nor a number").faults[0]
        for name, value in document.items()
        if isinstance(value, dict | list)
    ]
    if faults:
        raise WireError(*faults)
    return {str(name): _written(value) for name, value in document.items()}


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
