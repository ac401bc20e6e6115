"""Take a request to send: authenticate, check, give the id, publish with a confirm, answer 202 (architecture 8).

The confirm is the acceptance. The store is not written: intake does that, from what is durable in the broker. With an
`Idempotency-Key` alone a row of it is written before (`keyed`).
"""

from __future__ import annotations

from flask import Blueprint, Response

from services.ingress.authentication import authenticated
from services.ingress.bodies import json_body
from services.ingress.callers import Caller
from services.ingress.given_ids import new_id
from services.ingress.house import House, house
from services.ingress.keyed import REPLAYED, key_of_request, once
from services.ingress.refusals import speak
from services.ingress.traces import note, noted
from shared.model import Generation
from shared.queue import envelope, topology
from shared.queue.address import user_of
from shared.wire import answers
from shared.wire.limits import BODY_MAXIMUM
from shared.wire.requests import Start, StartType, read_start

SENDS: tuple[tuple[str, StartType, Generation], ...] = (
    ("/beta/workflows", StartType.WORKFLOW_BETA, Generation.BETA),
    ("/beta/messages", StartType.MESSAGE_V0_1, Generation.BETA),
    ("/v0.1/dispatch", StartType.WORKFLOW_V0_1, Generation.V0_1),
    ("/v0.1/messages", StartType.MESSAGE_V0_1, Generation.V0_1),
    ("/v1/messages", StartType.MESSAGE_V1, Generation.V1),
)


def sends() -> Blueprint:
    """Return the routes of all generations, each with its ping, with and without a slash at the end."""
    blueprint = Blueprint("sends", __name__)
    blueprint.after_request(_count_refusals)
    for path, start_type, generation in SENDS:
        defaults = {"start_type": start_type, "generation": generation}
        blueprint.add_url_rule(
            path,
            endpoint=f"send {path}".replace(".", "_"),
            view_func=_send,
            methods=["POST"],
            defaults=defaults,
            strict_slashes=False,
        )
        blueprint.add_url_rule(
            f"{path}/ping",
            endpoint=f"ping {path}".replace(".", "_"),
            view_func=_ping,
            methods=["GET"],
            strict_slashes=False,
        )
    return blueprint


def _send(start_type: StartType, generation: Generation) -> Response:
    speak(generation)
    here = house()
    caller = authenticated()
    key = key_of_request()
    raw = json_body(at_most=BODY_MAXIMUM)
    start = read_start(start_type, raw, lenient_numbers=here.settings.lenient_numbers)
    workflow_id = new_id(here, caller, start_type, raw)
    note(workflow_id=workflow_id, steps=len(start.steps), start_type=start_type.value)

    def publish(given: str) -> bytes:
        here.publisher.publish(_message(here, start, raw, given, caller))
        here.metrics.messages_accepted.labels("http", start_type.value).inc()
        return answers.accepted(start_type, given, steps=len(start.steps))

    if key is None:
        return _taken(publish(workflow_id))
    body, replayed = once(here, caller, key, start=start, workflow_id=workflow_id, publish=publish)
    answer = _taken(body)
    if replayed:
        answer.headers[REPLAYED] = "true"
    return answer


def _taken(body: bytes) -> Response:
    return Response(body, status=202, content_type="application/json")


def _message(here: House, start: Start, raw: bytes, workflow_id: str, caller: Caller) -> envelope.OutboundMessage:
    headers = {envelope.TENANT: caller.tenant, envelope.WORKFLOW_ID: workflow_id}
    if caller.application_id is not None:
        headers[envelope.APPLICATION] = caller.application_id
    return envelope.OutboundMessage(
        exchange=topology.SENDS,
        routing_key=start.start_type.value,
        type=start.start_type.value,
        message_id=workflow_id,
        body=raw,
        headers=headers,
        # The broker checks it against the connection; the dispatcher believes our headers by it.
        user_id=user_of(here.settings.broker_url),
    )


def _count_refusals(response: Response) -> Response:
    if response.status_code >= 400:
        house().metrics.messages_refused.labels("http", noted("why", "other")).inc()
    return response


def _ping() -> Response:
    return Response("", status=200, content_type="text/plain; charset=utf-8")
