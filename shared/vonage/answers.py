"""Read the provider's answer to a call into one of the outcomes of semantics 5. Pure.

Evidence of HTTP only: the numbers in a problem's type overlap with the codes of receipts and mean something else.
Nothing an answer holds is trusted: it may be anybody's who stands between us and the provider.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from shared.errors import WireError
from shared.model import Problem, Scope
from shared.outcomes import Accepted, Busy, BusySource, CallOutcome, HandedOver, OurFault, Refused, Unsure
from shared.strict_json import loads
from shared.vonage.fields import capped, fragment_of, identifier, words

LARGEST_ANSWER = 65_536
"""Bytes of a body that are read; the rest is not."""
SHORTEST_WAIT_S, LONGEST_WAIT_S = 1.0, 900.0
_REFUSED_SENDER = ("1120", "1420")
_NOT_OURS_TO_USE = (403, 404, 405)


def read_answer(*, status: int, headers: Mapping[str, str], body: bytes, now: float) -> CallOutcome:
    """Return what an HTTP answer says of the call it answers.

    `headers` by name in any case, `body` at most `LARGEST_ANSWER` bytes, `now` in seconds since the epoch (only
    for a `Retry-After` that is a date). A 401 is read as it stands: the try with a fresh token is the caller's.
    """
    document = _document(body)
    if 200 <= status < 300:
        return _success(status, document)
    problem = _problem(status, document)
    if status in (401, 402):
        return OurFault(problem=problem, scope=Scope.ACCOUNT)
    if status in (400, 413, 422):
        if _out_of_money(document, problem):
            return OurFault(problem=problem, scope=Scope.ACCOUNT)
        refused_sender = status == 422 and fragment_of(problem.type) in _REFUSED_SENDER
        return Refused(problem=problem, refused_sender=refused_sender)
    if status == 429:
        # Counts for the account: another channel behind the same key would meet the same limit.
        return Busy(problem=problem, retry_after_s=retry_after(headers, now), source=BusySource.CONNECTION)
    if status == 503:
        asked = retry_after(headers, now)
        if asked is not None or _by_the_provider(document):
            return Busy(problem=problem, retry_after_s=asked)
    if status == 408:
        return Unsure(problem=problem)
    if 300 <= status < 500:
        # No send has a "404 of the recipient": it is our address, or our right to use it, that is wrong.
        return OurFault(problem=problem, scope=Scope.CHANNEL)
    return Unsure(problem=problem, server_error=500 <= status < 600)


def read_handover(*, status: int, headers: Mapping[str, str], body: bytes, now: float, dispatch: bool) -> CallOutcome:
    """Return what an HTTP answer says of a call that handed a whole workflow over (semantics 10).

    `dispatch`: it went to the Dispatch API, which names the workflow alone; v1 names its first message, too.
    What says that the engine is not ours to use is a `Refused`: nothing was sent, and we can run it ourselves.
    """
    if 200 <= status < 300:
        return _handed_over(status, _document(body), dispatch=dispatch)
    outcome = read_answer(status=status, headers=headers, body=body, now=now)
    match outcome:
        case OurFault(problem=problem) if status in _NOT_OURS_TO_USE or _unprovisioned(status, problem):
            return Refused(problem=problem)
        case Refused(problem=problem):
            return Refused(problem=problem)  # of a sender in it nothing is known
        case _:
            return outcome


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds asked for, clamped to 1..900; None where none, or none that can be read (RFC 9110 10.2.3)."""
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    if re.fullmatch(r"[0-9]{1,40}", value):
        return _clamped(float(value))
    if not value or len(value) > 64:
        return None
    try:
        moment = parsedate_to_datetime(value)
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return _clamped(at - now)


def _success(status: int, document: object) -> CallOutcome:
    uuid = identifier(document.get("message_uuid")) if isinstance(document, dict) else None
    if uuid is not None:
        return Accepted(provider_uuid=uuid)
    return Unsure(
        problem=Problem(
            code=str(status),
            title="The provider took the request but named no message id",
            detail="The answer is not JSON with a message_uuid.",
        )
    )


def _handed_over(status: int, document: object, *, dispatch: bool) -> CallOutcome:
    stated = document if isinstance(document, dict) else {}
    named = (identifier(stated.get(name)) for name in ("dispatch_uuid", "workflow_uuid", "workflow_id"))
    workflow_id = next((each for each in named if each is not None), None)
    uuid = identifier(stated.get("message_uuid"))
    if workflow_id is not None or (uuid is not None and not dispatch):
        return HandedOver(workflow_id=workflow_id, provider_uuid=uuid)
    return Unsure(
        problem=Problem(
            code=str(status),
            title="The provider took the workflow but named no id",
            detail="The answer is not JSON with a dispatch_uuid, workflow_uuid or workflow_id.",
        )
    )


def _unprovisioned(status: int, problem: Problem) -> bool:
    return status == 401 and fragment_of(problem.type) == "unprovisioned"


def _document(body: bytes) -> object:
    try:
        return loads(body, max_bytes=LARGEST_ANSWER, max_depth=32)
    except WireError:
        return None


def _problem(status: int, document: object) -> Problem:
    stated = document if isinstance(document, dict) else {}
    type_uri = words(stated.get("type"))
    number = fragment_of(type_uri)
    return Problem(
        code=number if re.fullmatch(r"[0-9]{1,6}", number) else str(status),
        title=words(stated.get("title")) or f"The provider answered with HTTP status {status}",
        detail=_detail(stated),
        type=type_uri,
    )


def _detail(stated: dict[str, object]) -> str:
    """Return the detail with the bad parameters that the provider named: they say what to mend."""
    named = [
        f"{words(each.get('name'))}: {words(each.get('reason'))}".strip(": ")
        for each in _parameters(stated)
        if isinstance(each, dict)
    ]
    return capped("; ".join(part for part in (words(stated.get("detail")), *named) if part))


def _parameters(stated: dict[str, object]) -> list[object]:
    # Documented as one object, seen as a list.
    parameters = stated.get("invalid_parameters")
    return parameters if isinstance(parameters, list) else [parameters]


def _out_of_money(document: object, problem: Problem) -> bool:
    if fragment_of(problem.type) == "low-balance":
        return True
    named = _parameters(document) if isinstance(document, dict) else []
    return any(isinstance(each, dict) and each.get("name") == "balance" for each in named)


def _by_the_provider(document: object) -> bool:
    """Tell the provider's own problem body from that of a gateway, which may say 503 after it passed the request on."""
    if not isinstance(document, dict):
        return False
    type_uri, title = document.get("type"), document.get("title")
    return isinstance(title, str) and bool(title) and isinstance(type_uri, str) and "://" in type_uri


def _clamped(seconds: float) -> float:
    return min(max(seconds, SHORTEST_WAIT_S), LONGEST_WAIT_S)
