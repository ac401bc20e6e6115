"""Answers that say no: problem+json bodies (RFC 9457) as each generation of the provider gives them.

Who reads them goes by the HTTP status; the numbers in v1 types are the provider's and differ between its own
documents (14xx for channel, its parameters, sender, recipient, type and reference, 1150 for everything else).
Beside the provider's `invalid_parameters` stands our `errors`, with a JSON Pointer and a word for programs.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, Struct, UnsetType

from shared.errors import Fault
from shared.model import Generation

CONTENT_TYPE = "application/problem+json"

_ERRORS = "https://developer.vonage.com/api-errors"
_OLD_INVALID = "https://www.nexmo.com/messages/Errors#InvalidParams"
_OLD_TITLE = "Your request parameters didn't validate."

# Status -> (fragment of the type, title, detail where the caller of `problem` has no better one).
_PLAIN = {
    400: ("#bad-request", "Bad Request", "The request could not be understood."),
    401: ("#unauthorized", "Unauthorized", "You did not provide correct credentials."),
    403: ("#forbidden", "Forbidden", "These credentials may not do this."),
    404: ("#not-found", "Not Found", "There is nothing under this address. What there is stands under /docs."),
    405: ("#wrong-verb", "Method Not Allowed", "This address does not know this method."),
    409: ("#conflict", "Conflict", "The state of the resource does not allow this."),
    413: ("#payload-too-large", "Payload Too Large", "The body is larger than 256 KiB."),
    415: ("#content-type-header", "Unsupported Media Type", "The body must be application/json in UTF-8."),
    422: ("#unprocessable-entity", "Unprocessable Entity", "The request breaks a rule."),
    429: ("/messages#1010", "Rate Limit Hit", "Please wait, then send the request again."),
    500: ("/messages#1000", "Internal error", "There was an error processing the request."),
    503: ("#service-unavailable", "Service Unavailable", "Please send the request again in a moment."),
}
# Answers that say more than their status does: fragment of the type -> (title, detail).
_NAMED = {
    "multiple-auth-methods": (
        "Multiple authentication methods",
        "Exactly one is taken: a Bearer token, or Basic, in one Authorization header.",
    ),
    "jwt-expired": ("Expired token", "The token has expired. Please make a new one."),
}
# Member of a message -> number and title of a v1 422 that speaks of nothing else.
_V1_NUMBERS = {
    "channel": ("1400", "Unsupported channel"),
    "from": ("1420", "Invalid sender"),
    "to": ("1430", "Invalid recipient"),
    "message_type": ("1440", "Invalid message type"),
    "client_ref": ("1450", "Invalid client reference"),
}
_V1_CHANNEL_OPTIONS = frozenset({"sms", "mms", "rcs", "whatsapp", "viber_service", "messenger", "email"})
"""Members that are named like a channel and hold its own parameters."""
_V1_OF_CHANNEL = ("1410", "Invalid channel parameters")
_V1_OTHERS = ("1150", "Invalid params")


class InvalidParameter(Struct, kw_only=True):
    """One fault in the provider's form."""

    name: str
    reason: str


class ErrorEntry(Struct, kw_only=True):
    """One fault in ours."""

    pointer: str
    reason: str
    code: str


class ProblemBody(Struct, kw_only=True):
    """Body of every answer of 400 and above."""

    type: str
    title: str
    detail: str
    instance: str
    """The trace id, 32 hexadecimal digits."""
    invalid_parameters: list[InvalidParameter] | UnsetType = UNSET
    errors: list[ErrorEntry] | UnsetType = UNSET


def problem(
    status: int,
    *,
    instance: str,
    generation: Generation = Generation.V1,
    faults: Sequence[Fault] = (),
    detail: str = "",
    named: str = "",
) -> tuple[int, bytes]:
    """Return (status, body). `instance` is the trace id; with `faults` it is about parameters.

    `named` chooses the type where the status alone says too little: multiple-auth-methods, jwt-expired.
    Raises KeyError for a status or a name that has no row here: a bug of ours.
    """
    if named:
        kind = f"{_ERRORS}#{named}"
        title, sentence = _NAMED[named]
    elif faults and status in (400, 422):
        kind, title, sentence = _about(faults, generation)
    else:
        fragment, title, sentence = _PLAIN[status]
        kind = _ERRORS + fragment
    body = ProblemBody(type=kind, title=title, detail=detail or sentence, instance=instance)
    if faults:
        body.invalid_parameters = [InvalidParameter(name=each.name or "body", reason=each.reason) for each in faults]
        body.errors = [ErrorEntry(pointer=each.pointer, reason=each.reason, code=each.code) for each in faults]
    return status, msgspec.json.encode(body)


def invalid_body(faults: Sequence[Fault], *, generation: Generation, instance: str) -> tuple[int, bytes]:
    """Return (status, body) for the faults of a `WireError`: 413 for size, else 422 on v1 and 400 on the others."""
    if any(fault.code == "too_large" and not fault.pointer for fault in faults):
        return problem(413, generation=generation, instance=instance)
    return problem(422 if generation is Generation.V1 else 400, generation=generation, instance=instance, faults=faults)


def _about(faults: Sequence[Fault], generation: Generation) -> tuple[str, str, str]:
    count = len(faults)
    if generation is not Generation.V1:
        verb = "is" if count == 1 else "are"
        return _OLD_INVALID, _OLD_TITLE, f"{count} of the submitted parameters {verb} invalid."
    if all(fault.code in ("json", "encoding") for fault in faults):
        return f"{_ERRORS}#invalid-json", "The request body did not contain valid JSON", f"The body {faults[0].reason}."
    numbers = {_number(fault) for fault in faults}
    number, title = numbers.pop() if len(numbers) == 1 else _V1_OTHERS
    first = f"'{faults[0].name or 'body'}' {faults[0].reason}"
    detail = f"{first}." if count == 1 else f"{count} parameters have an invalid value; the first: {first}."
    return f"{_ERRORS}/messages#{number}", title, detail


def _number(fault: Fault) -> tuple[str, str]:
    # The provider says 1150 of a parameter that is missing, whichever it is.
    if fault.code == "required":
        return _V1_OTHERS
    parts = fault.pointer.split("/")[1:]
    if len(parts) > 2 and parts[0] == "failover":  # an item is a message like the first
        parts = parts[2:]
    if parts and parts[0] in _V1_CHANNEL_OPTIONS:
        return _V1_OF_CHANNEL
    return _V1_NUMBERS.get(parts[0], _V1_OTHERS) if len(parts) == 1 else _V1_OTHERS
