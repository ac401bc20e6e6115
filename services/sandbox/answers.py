"""Turn what was decided about a call into its HTTP answer, in the words of its generation (protocol 1.1, 1.9)."""

import json
import time
import uuid
from collections.abc import Mapping

from flask import Response, g, request

from services.sandbox.connection import cut, hold
from services.sandbox.problems import ProblemError, named, refused
from services.sandbox.scripts import Call


def refusal(call: Call, generation: str, *, workflow: bool) -> ProblemError | None:
    """Give the problem that a call is answered with; None = it is taken, or its script has a body of its own."""
    if call.problem is not None:
        return named(call.problem, generation, workflow=workflow)
    if call.body is None and not 200 <= call.answer < 300:
        return refused(call.answer, generation)
    return None


def answer(call: Call, problem: ProblemError | None, usual: Mapping[str, object] | None, hold_s: float) -> Response:
    """Answer a call as it was decided, or leave it without an answer.

    `usual` is the body of a call that went well where the script has no other, None = an empty one.
    """
    if call.delay_s:
        time.sleep(call.delay_s)
    if call.ending == "hung":
        hold(request.environ, hold_s)
    elif call.ending == "cut":
        cut(request.environ)
    response = problem_response(problem) if problem is not None else _good(call, usual)
    for name, value in (call.headers or {}).items():
        response.headers[name] = value
    return response


def _good(call: Call, usual: Mapping[str, object] | None) -> Response:
    body = usual if call.body is None else call.body
    if body is None:
        response = Response(status=call.answer)
        del response.headers["Content-Type"]
        return response
    text = body if isinstance(body, str) else json.dumps(body)
    fine = 200 <= call.answer < 300
    return Response(text, call.answer, content_type="application/json" if fine else "application/problem+json")


def problem_response(problem: ProblemError) -> Response:
    """Write a problem as the answer of the request at hand."""
    instance = g.get("trace") or uuid.uuid4().hex
    response = Response(json.dumps(problem.members(instance)), problem.status, content_type="application/problem+json")
    if problem.allow:
        response.headers["Allow"] = problem.allow
    return response
