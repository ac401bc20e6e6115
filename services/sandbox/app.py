"""Put the sandbox's addresses together into one WSGI application."""

import json
import uuid

from flask import Flask, Response, g
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from services.sandbox.answers import problem_response
from services.sandbox.fields import FieldsError
from services.sandbox.page import page_routes
from services.sandbox.problems import ProblemError, invalid_request, of_status
from services.sandbox.provider_routes import provider_routes
from services.sandbox.reply_routes import reply_routes
from services.sandbox.sandbox_routes import sandbox_routes
from services.sandbox.simulator import Simulator
from services.sandbox.update_routes import update_routes

_LONGEST_BODY = 1024 * 1024


def make_app(simulator: Simulator) -> Flask:
    """Make the application around a simulator, which its owner starts and stops."""
    app = Flask("services.sandbox")
    app.config["MAX_CONTENT_LENGTH"] = _LONGEST_BODY
    # The provider's clients write /v1/messages with and without a slash at the end.
    app.url_map.strict_slashes = False
    app.register_blueprint(provider_routes(simulator))
    app.register_blueprint(update_routes(simulator))
    app.register_blueprint(sandbox_routes(simulator))
    app.register_blueprint(reply_routes(simulator))
    app.register_blueprint(page_routes(simulator))

    @app.before_request
    def name_the_trace() -> None:
        g.trace = uuid.uuid4().hex

    @app.after_request
    def show_the_trace(response: Response) -> Response:
        response.headers["x-nexmo-trace-id"] = g.trace
        response.headers.setdefault("x-content-type-options", "nosniff")
        return response

    @app.get("/healthz")
    def healthz() -> Response:
        messages, calls = simulator.ledger.counts()
        state = {"status": "ok", "messages": messages, "calls": calls, "receipts_pending": simulator.schedule.pending()}
        return Response(json.dumps(state), content_type="application/json")

    @app.errorhandler(ProblemError)
    def answer_problem(problem: ProblemError) -> Response:
        return problem_response(problem)

    @app.errorhandler(FieldsError)
    def answer_fields(error: FieldsError) -> Response:
        return problem_response(invalid_request(error.faults))

    @app.errorhandler(HTTPException)
    def answer_http_exception(error: HTTPException) -> Response:
        problem = of_status(error.code or 500)
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            problem.allow = ", ".join(sorted(error.valid_methods))
        return problem_response(problem)

    return app
