"""Every answer that says no is a problem document with this request's trace id, whatever went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from services.ingress.callers import ExplainedAuthError
from services.ingress.traces import note, trace_id
from shared.errors import AuthError, BrokerUnavailable, CascadeError, Fault, StoreUnavailable, Unroutable, WireError
from shared.model import Generation
from shared.wire import problems
from shared.wire.places import shown

RETRY_AFTER_S = 2
"""Seconds asked of a caller whose request could not be taken now; the broker or the store is away."""
_AGAIN = "Please send it again: a repeated webhook does no harm."
_ADVICE = {
    "sends": "If it was taken, its message goes out, and a repeated request then sends it a second time.",
    "cancels": "Please ask again: cancelling twice does no harm.",
    "updates": "Please ask again: saying it twice does no harm.",
    "webhooks": _AGAIN,
    "legacy_webhooks": _AGAIN,
}
"""What to do about a request that may have been taken, by its blueprint."""
_KNOWN = frozenset({400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503})


class RefusedError(CascadeError):
    """A request that is answered with a problem of this status."""

    def __init__(
        self,
        status: int,
        *,
        detail: str = "",
        faults: Sequence[Fault] = (),
        why: str = "",
        retry_after_s: int | None = None,
    ) -> None:
        """`detail` is for the caller, `why` a word for the log; with `retry_after_s` it may be asked again."""
        super().__init__(detail or why)
        self.status = status
        self.detail = detail
        self.faults = faults
        self.why = why
        self.retry_after_s = retry_after_s


def answer_faults_with_problems(app: Flask) -> None:
    """Register the answers to everything that is raised on purpose, and to what nobody thought of."""
    handlers: tuple[tuple[type[Exception], Callable[..., Response]], ...] = (
        (RefusedError, _refused),
        (WireError, _invalid),
        (AuthError, _unauthorized),
        (BrokerUnavailable, _broker_away),
        (StoreUnavailable, _store_away),
        (HTTPException, _http),
    )
    for raised, handler in handlers:
        app.register_error_handler(raised, handler)


def speak(generation: Generation) -> None:
    """Let the problems of this request have the form of a generation."""
    g.generation = generation


def advise(sentence: str) -> None:
    """Say what is to be done should this request not be confirmed, where its kind alone does not tell."""
    g.advice = sentence


def problem(status: int, *, detail: str = "", faults: Sequence[Fault] = (), named: str = "") -> Response:
    """Return a problem document."""
    return _document(
        problems.problem(
            status, instance=trace_id(), generation=_generation(), faults=faults, detail=detail, named=named
        )
    )


def _document(answer: tuple[int, bytes]) -> Response:
    status, body = answer
    return Response(body, status=status, content_type=problems.CONTENT_TYPE)


def _generation() -> Generation:
    found: Generation = g.get("generation", Generation.V1)
    return found


def _refused(refused: RefusedError) -> Response:
    note(why=refused.why or str(refused.status))
    answer = problem(refused.status, detail=refused.detail, faults=refused.faults)
    retry_after_s = RETRY_AFTER_S if refused.status == 503 else None
    if (asked := refused.retry_after_s or retry_after_s) is not None:
        answer.headers["Retry-After"] = str(asked)
    return answer


def _invalid(error: WireError) -> Response:
    # Names and codes only: the reasons may quote what the caller wrote.
    note(why="invalid", faults=[f"{fault.name}:{fault.code}" for fault in error.faults[:10]])
    return _document(problems.invalid_body(error.faults, generation=_generation(), instance=trace_id()))


def _unauthorized(error: AuthError) -> Response:
    note(why="unauthorized", said=str(error))
    explained = error if isinstance(error, ExplainedAuthError) else ExplainedAuthError("")
    answer = problem(401, detail=explained.detail, named=explained.named)
    answer.headers["WWW-Authenticate"] = 'Bearer, Basic realm="cascade", charset="UTF-8"'
    return answer


def _broker_away(error: BrokerUnavailable) -> Response:
    if isinstance(error, Unroutable):  # the broker gave it back
        note(why="unroutable", said=str(error))
        return _later("The message queue has no place for the request, so it was not taken. Please repeat it later.")
    note(why="broker_away", said=str(error))
    advice = str(g.get("advice", _ADVICE.get(request.blueprint or "", "")))
    return _later(f"The request was not confirmed by the message queue; it may or may not have been taken. {advice}")


def _store_away(error: StoreUnavailable) -> Response:
    note(why="store_away", said=str(error))
    return _later("The store does not answer. Please send the request again in a moment.")


def _later(detail: str) -> Response:
    answer = problem(503, detail=detail)
    answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def _http(error: HTTPException) -> Response:
    code = error.code or 500
    status = code if code in _KNOWN else 500 if code >= 500 else 400
    allowed = error.valid_methods if isinstance(error, MethodNotAllowed) else None
    if allowed and request.method == "OPTIONS":
        # The methods, and no word on other origins: a page in a browser is no place for these credentials.
        return Response(status=204, headers={"Allow": _all_of(allowed)})
    note(why=error.name)
    if not allowed:
        return problem(status)
    answer = problem(status, detail=f"This address takes {_all_of(allowed)}, and not {shown(request.method)}.")
    answer.headers["Allow"] = _all_of(allowed)
    return answer


def _all_of(methods: Iterable[str]) -> str:
    return ", ".join(sorted({*methods, "OPTIONS"}))
