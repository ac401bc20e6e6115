"""The provider's side: `POST /v1/messages` and `GET /v1/messages/ping`."""

import json
import time
import uuid
from typing import Any

import structlog
from flask import Blueprint, Response, g, request

from services.sandbox.bodies import faults_of, problem_for
from services.sandbox.connection import cut, hold
from services.sandbox.credentials import Caller, authenticate
from services.sandbox.problems import ProblemError, invalid_json, of_status
from services.sandbox.reading import read_json
from services.sandbox.simulator import Simulator, Taking

_log = structlog.get_logger()


def provider_routes(simulator: Simulator) -> Blueprint:
    """Make the addresses that a client of the provider calls."""
    routes = Blueprint("provider", __name__)

    @routes.before_request
    def name_the_trace() -> None:
        g.trace = uuid.uuid4().hex

    @routes.errorhandler(ProblemError)
    def answer_problem(problem: ProblemError) -> Response:
        return problem_response(problem)

    @routes.after_request
    def show_the_trace(response: Response) -> Response:
        response.headers["x-nexmo-trace-id"] = g.trace
        response.headers.setdefault("x-content-type-options", "nosniff")
        return response

    @routes.get("/v1/messages/ping")
    def ping() -> Response:
        return Response("{}", 200, content_type="application/json")

    @routes.post("/v1/messages")
    def send() -> Response:
        body: dict[str, Any] | None = None
        try:
            caller = authenticate(request.headers.get("Authorization"), request.args, simulator.directory, time.time())
            body = _body()
            if faults := faults_of(body, strict=simulator.settings.strict):
                raise problem_for(faults)
        except ProblemError as problem:
            simulator.refuse(problem, body)
            _log.info("call.refused", status=problem.status, problem=problem.title)
            raise
        return _take(simulator, caller, body)

    return routes


def _body() -> dict[str, Any]:
    if request.mimetype != "application/json":
        raise of_status(415)
    try:
        body = read_json(request.get_data())
    except ValueError as error:
        raise invalid_json() from error
    if not isinstance(body, dict):
        raise invalid_json()
    return body


def _take(simulator: Simulator, caller: Caller, body: dict[str, Any]) -> Response:
    taking = simulator.take(caller, body)
    call = taking.call
    _log.info(
        "call.decided",
        channel=body["channel"],
        to_ends=body["to"][-3:],
        ref=body.get("client_ref"),
        ending=call.ending,
        status=call.answer if call.ending == "answered" else None,
        message_uuid=taking.message_uuid,
    )
    if call.delay_s:
        time.sleep(call.delay_s)
    if call.ending == "hung":
        hold(request.environ, simulator.settings.hold_s)
    elif call.ending == "cut":
        cut(request.environ)
    return _answer(taking)


def _answer(taking: Taking) -> Response:
    """Make the answer that was decided; the usual one for its status where the script gives no body."""
    call = taking.call
    fine = 200 <= call.answer < 300
    if call.body is None and not fine:
        response = problem_response(of_status(call.answer))
    else:
        body = {"message_uuid": taking.message_uuid} if call.body is None else call.body
        text = body if isinstance(body, str) else json.dumps(body)
        response = Response(text, call.answer, content_type="application/json" if fine else "application/problem+json")
    for name, value in (call.headers or {}).items():
        response.headers[name] = value
    return response


def problem_response(problem: ProblemError) -> Response:
    """Write a problem as the answer of the request at hand."""
    instance = g.get("trace") or uuid.uuid4().hex
    response = Response(json.dumps(problem.members(instance)), problem.status, content_type="application/problem+json")
    if problem.allow:
        response.headers["Allow"] = problem.allow
    return response
