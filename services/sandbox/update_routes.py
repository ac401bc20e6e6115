"""The provider's PATCH of a message that is already out (protocol E6)."""

import time

import structlog
from flask import Blueprint, Response, request

from services.sandbox.answers import answer, problem_response, refusal
from services.sandbox.bodies import problem_for
from services.sandbox.credentials import authenticate
from services.sandbox.problems import ProblemError, invalid_json, missing
from services.sandbox.provider_routes import read_object
from services.sandbox.records import Inbound, Message, Update
from services.sandbox.scripts import Call
from services.sandbox.simulator import Simulator
from services.sandbox.updates import objection, update_faults

_log = structlog.get_logger()
# It went well, and there is nothing to say about it (protocol A8).
_DONE = Call(answer=200)


def update_routes(simulator: Simulator) -> Blueprint:
    """Make `PATCH /v1/messages/<message_uuid>`."""
    routes = Blueprint("updates", __name__)

    @routes.errorhandler(ProblemError)
    def answer_problem(problem: ProblemError) -> Response:
        return problem_response(problem)

    @routes.patch("/v1/messages/<message_uuid>")
    def update(message_uuid: str) -> Response:
        caller = authenticate(request.headers.get("Authorization"), request.args, simulator.directory, time.time())
        about = simulator.ledger.find(message_uuid)
        # Somebody else's message is as unknown as none at all.
        if about is not None and about.caller.application.api_key != caller.application.api_key:
            about = None
        body: dict[str, object] = {}
        call, problem = _DONE, None
        try:
            body = read_object(invalid_json())
            _judge(simulator, message_uuid, about, body)
            if about is not None:
                phone = about.to if isinstance(about, Message) else about.sender
                call = simulator.planner.whole_call("update", phone) or _DONE
            problem = refusal(call, "v1", workflow=False)
        except ProblemError as found:
            problem = found
        status = problem.status if problem is not None else call.answer
        made = Update(message_uuid=message_uuid, at_s=time.time(), answer=status, body=body)
        revokes = problem is None and body.get("status") == "revoked"
        simulator.ledger.note_update(about, made, revokes=revokes)
        _log.info("update.decided", message_uuid=message_uuid, status=status, ending=call.ending)
        return answer(call, problem, None, simulator.settings.hold_s)

    return routes


def _judge(simulator: Simulator, message_uuid: str, about: Message | Inbound | None, body: dict[str, object]) -> None:
    """Raise ProblemError where the update can't be made."""
    if about is None:
        raise missing(message_uuid)
    if faults := update_faults(body, strict=simulator.settings.strict):
        raise problem_for(faults)
    told = simulator.ledger.told(about) if isinstance(about, Message) else frozenset[str]()
    if found := objection(about, str(body["status"]), told):
        raise found
