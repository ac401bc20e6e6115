"""The sandbox's own side, which no provider has: look at what came in, and say what shall happen next."""

import json
import time

from flask import Blueprint, Response, request

from services.sandbox.callbacks import parse_answers
from services.sandbox.directory import parse_application, parse_callback_secrets
from services.sandbox.problems import invalid_json, of_status
from services.sandbox.reading import read_json
from services.sandbox.scripts import parse_script
from services.sandbox.simulator import Simulator


def sandbox_routes(simulator: Simulator) -> Blueprint:
    """Make the addresses under /sandbox."""
    routes = Blueprint("sandbox", __name__, url_prefix="/sandbox")
    _record_routes(routes, simulator)
    _script_routes(routes, simulator)
    _registration_routes(routes, simulator)
    _callback_routes(routes, simulator)
    return routes


def _record_routes(routes: Blueprint, simulator: Simulator) -> None:
    @routes.get("/messages")
    def messages() -> Response:
        return _json(simulator.ledger.messages(**_wanted()))

    @routes.delete("/messages")
    def clear_messages() -> Response:
        simulator.ledger.clear_messages()
        simulator.engine.clear()
        return Response(status=204)

    @routes.get("/workflows")
    def workflows() -> Response:
        return _json(simulator.engine.shown())

    @routes.get("/inbound")
    def inbound() -> Response:
        return _json(simulator.ledger.inbound())

    @routes.get("/updates")
    def updates() -> Response:
        return _json(simulator.ledger.updates())

    @routes.get("/calls")
    def calls() -> Response:
        return _json(simulator.ledger.calls(**_wanted()))

    @routes.delete("/calls")
    def clear_calls() -> Response:
        simulator.ledger.clear_calls()
        return Response(status=204)


def _script_routes(routes: Blueprint, simulator: Simulator) -> None:
    @routes.put("/scripts/<recipient>")
    def set_script(recipient: str) -> Response:
        value = _json_value()
        simulator.planner.set_script(recipient, parse_script(value))
        return _json(value)

    @routes.get("/scripts/<recipient>")
    def script_use(recipient: str) -> Response:
        used = simulator.planner.script_use(recipient)
        if used is None:
            raise of_status(404, "This recipient has no script.")
        return _json({"calls": used})

    @routes.delete("/scripts/<recipient>")
    def drop_script(recipient: str) -> Response:
        simulator.planner.drop_script(recipient)
        return Response(status=204)

    @routes.delete("/scripts")
    def drop_all() -> Response:
        simulator.planner.drop_all()
        return Response(status=204)


def _registration_routes(routes: Blueprint, simulator: Simulator) -> None:
    @routes.put("/applications/<application_id>")
    def register(application_id: str) -> Response:
        simulator.directory.register(parse_application(application_id, _json_value()))
        return Response(status=204)

    @routes.put("/callback-secrets")
    def add_callback_secrets() -> Response:
        simulator.directory.add_callback_secrets(parse_callback_secrets(_json_value()))
        return Response(status=204)


def _callback_routes(routes: Blueprint, simulator: Simulator) -> None:
    @routes.post("/callbacks/<name>")
    def receive(name: str) -> Response:
        headers = {key.lower(): value for key, value in request.headers.items()}
        secrets = simulator.directory.callback_secrets()
        answer = simulator.callbacks.receive(name, headers, request.get_data(), secrets, time.time())
        return Response(status=answer)

    @routes.get("/callbacks/<name>")
    def received(name: str) -> Response:
        return _json(simulator.callbacks.received(name))

    @routes.put("/callbacks/<name>")
    def set_answers(name: str) -> Response:
        simulator.callbacks.set_answers(name, parse_answers(_json_value()))
        return Response(status=204)

    @routes.delete("/callbacks/<name>")
    def forget(name: str) -> Response:
        simulator.callbacks.forget(name)
        return Response(status=204)


def _wanted() -> dict[str, str | None]:
    return {name: request.args.get(name) for name in ("to", "channel", "client_ref")}


def _json_value() -> object:
    try:
        return read_json(request.get_data())
    except ValueError as error:
        raise invalid_json() from error


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")
