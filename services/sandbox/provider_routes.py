"""The provider's side: sends of all generations, and the pings (protocol 1.1, E1 to E5 and E7)."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from flask import Blueprint, Response, request

from services.sandbox.answers import answer, problem_response, refusal
from services.sandbox.bodies import Generation, faults_of, message_faults, problem_for, workflow_faults
from services.sandbox.credentials import authenticate
from services.sandbox.drafts import v0_1_draft, v1_draft
from services.sandbox.fields import Fault
from services.sandbox.problems import ProblemError, invalid_json, invalid_old_request, of_status
from services.sandbox.reading import read_json
from services.sandbox.receipts import uuid_name
from services.sandbox.records import CallRecord
from services.sandbox.runs import Item
from services.sandbox.simulator import Simulator, Taking

_log = structlog.get_logger()
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Endpoint:
    """One address to send to: `faults` finds what is wrong with a body there, `items` reads a good one."""

    path: str
    generation: Generation
    workflow: bool
    faults: Callable[[Body, bool], list[Fault]]
    items: Callable[[Body], list[Item]]

    def unreadable(self) -> ProblemError:
        """The answer to what is no JSON object: v0.1 knows one for all that is wrong with a body."""
        if self.generation == "v1":
            return invalid_json()
        reason = "the workflow JSON object must not be empty" if self.workflow else "must be one JSON object"
        return invalid_old_request([Fault(name="workflow" if self.workflow else "body", reason=reason)])


def _v1(path: str) -> _Endpoint:
    return _Endpoint(
        path=path,
        generation="v1",
        workflow=False,
        faults=lambda body, strict: faults_of(body, strict=strict),
        items=lambda body: [Item(draft=v1_draft(item)) for item in (body, *body.get("failover", ()))],
    )


def _message(path: str, generation: Generation) -> _Endpoint:
    return _Endpoint(
        path=path,
        generation=generation,
        workflow=False,
        faults=lambda body, strict: message_faults(body, generation, strict=strict),
        items=lambda body: [Item(draft=v0_1_draft(body, generation))],
    )


def _workflow(path: str, generation: Generation) -> _Endpoint:
    return _Endpoint(
        path=path,
        generation=generation,
        workflow=True,
        faults=lambda body, strict: workflow_faults(body, generation, strict=strict),
        items=lambda body: [
            _item(item, generation, last=index == len(body["workflow"]))
            for index, item in enumerate(body["workflow"], start=1)
        ],
    )


def _item(body: Body, generation: Generation, *, last: bool) -> Item:
    draft = v0_1_draft(body, generation)
    if last:
        return Item(draft=draft)
    failover = body["failover"]
    return Item(draft=draft, expiry_s=float(failover["expiry_time"]), condition=failover["condition_status"])


_ENDPOINTS: Final = (
    _message("/beta/messages", "beta"),
    _workflow("/beta/workflows", "beta"),
    _message("/v0.1/messages", "v0.1"),
    _workflow("/v0.1/dispatch", "v0.1"),
    _v1("/v1/messages"),
)
_PINGS: Final = ("/v0.1/messages/ping", "/v1/messages/ping", "/v0.1/dispatch/ping")


def provider_routes(simulator: Simulator) -> Blueprint:
    """Make the addresses that a client of the provider calls."""
    routes = Blueprint("provider", __name__)

    @routes.errorhandler(ProblemError)
    def answer_problem(problem: ProblemError) -> Response:
        return problem_response(problem)

    def ping() -> Response:
        return Response("{}", 200, content_type="application/json")

    for path in _PINGS:
        routes.add_url_rule(path, f"ping {path.replace('.', '_')}", ping, methods=["GET"])
    for endpoint in _ENDPOINTS:
        routes.add_url_rule(
            endpoint.path,
            f"send {endpoint.path.replace('.', '_')}",
            _Send(simulator, endpoint),
            methods=["POST"],
        )
    return routes


class _Send:
    """One address at work."""

    def __init__(self, simulator: Simulator, endpoint: _Endpoint) -> None:
        self._simulator = simulator
        self._endpoint = endpoint

    def __call__(self) -> Response:
        simulator, endpoint = self._simulator, self._endpoint
        body: dict[str, Any] | None = None
        try:
            caller = authenticate(request.headers.get("Authorization"), request.args, simulator.directory, time.time())
            body = read_object(endpoint.unreadable())
            if faults := endpoint.faults(body, simulator.settings.strict):
                raise problem_for(faults) if endpoint.generation == "v1" else invalid_old_request(faults)
        except ProblemError as found:
            self._note(None, found, body)
            _log.info("call.refused", path=endpoint.path, status=found.status, problem=found.title)
            raise
        items = endpoint.items(body)
        together = endpoint.workflow or len(items) > 1
        taking = simulator.take_workflow(caller, items) if together else simulator.take(caller, items[0].draft)
        problem = refusal(taking.call, endpoint.generation, workflow=endpoint.workflow)
        self._note(taking, problem, body)
        _log.info(
            "call.decided",
            path=endpoint.path,
            channel=items[0].draft.channel,
            to_ends=items[0].draft.to[-3:],
            ref=items[0].draft.client_ref,
            ending=taking.call.ending,
            status=_status(taking, problem),
            message_uuid=taking.message_uuid,
            workflow_id=taking.workflow_id,
        )
        return answer(taking.call, problem, self._ids(taking), simulator.settings.hold_s)

    def _ids(self, taking: Taking) -> dict[str, object]:
        """Write the body of a call that went well."""
        if self._endpoint.workflow:
            return {uuid_name(self._endpoint.generation): taking.workflow_id}
        ids: dict[str, object] = {"message_uuid": taking.message_uuid}
        return ids if taking.workflow_id is None else {**ids, "workflow_id": taking.workflow_id}

    def _note(self, taking: Taking | None, problem: ProblemError | None, body: Body | None) -> None:
        self._simulator.ledger.note_call(
            CallRecord(
                at_s=time.time(),
                path=self._endpoint.path,
                status=_status(taking, problem),
                ending="answered" if taking is None else taking.call.ending,
                taken=taking is not None and taking.call.takes_it,
                # A dispatch does not tell the ids of its messages.
                message_uuid=None if taking is None or self._endpoint.workflow else taking.message_uuid,
                workflow_id=None if taking is None else taking.workflow_id,
                problem=problem.title if taking is None and problem is not None else None,
                body=body,
            )
        )


def _status(taking: Taking | None, problem: ProblemError | None) -> int | None:
    """Give the status of the answer; None = there is none."""
    if taking is not None and taking.call.ending != "answered":
        return None
    if problem is not None:
        return problem.status
    return None if taking is None else taking.call.answer


def read_object(unreadable: ProblemError) -> dict[str, Any]:
    """Read the JSON object of the request at hand. Raises `unreadable`, or ProblemError (415) for another type."""
    if request.mimetype != "application/json":
        raise of_status(415)
    try:
        body = read_json(request.get_data())
    except ValueError as error:
        raise unreadable from error
    if not isinstance(body, dict):
        raise unreadable
    return body
