"""The sandbox's own side: somebody writes to an application, as a message or in the old words of the SMS API."""

import itertools
import json
import secrets
import time
import uuid
from typing import Any, Final, cast
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from services.sandbox import legacy
from services.sandbox.bodies import Generation
from services.sandbox.credentials import Caller
from services.sandbox.directory import Application
from services.sandbox.fields import Fault, FieldsError, address, matching, one_of, record, text
from services.sandbox.inbound import Written
from services.sandbox.inbound_content import KINDS
from services.sandbox.problems import invalid_json
from services.sandbox.reading import read_json
from services.sandbox.records import Message
from services.sandbox.scripts import Signature
from services.sandbox.simulator import Simulator
from services.sandbox.v0_1_rows import ADDRESSES, CHANNEL_NAMES

_UUID: Final = matching("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "must be a UUID in lower case")
# Whatever else a reply has goes into the webhook as it is.
_REPLY: Final = record(
    {"channel": text(1, 40), "to": text(1, 100), "from": text(1, 100)},
    {
        "text": text(0, 10_000),
        "type": one_of(*KINDS),
        "message_type": one_of(*KINDS),
        "generation": one_of("beta", "v0.1", "v1"),
        "in_reply_to": _UUID,
        "application_id": text(),
        "signature": one_of("good", "wrong", "none"),
        "message_uuid": _UUID,
    },
)
_OLD_CHANNELS: Final = frozenset(CHANNEL_NAMES.get(name, name) for name in ADDRESSES)
_OLD_WORDS: Final = record(
    {"kind": one_of(*legacy.KINDS), "msisdn": text(1, 100), "to": text(1, 100)},
    {
        "method": one_of(*legacy.METHODS),
        "signed": one_of(*legacy.SIGNED),
        "url": address(),
        "application_id": text(),
        "text": text(0, 10_000),
        "status": text(1, 40),
    },
)
_STEERING: Final = ("kind", "method", "signed", "url", "application_id")


def reply_routes(simulator: Simulator) -> Blueprint:
    """Make `POST /sandbox/reply` and `POST /sandbox/legacy`."""
    routes = Blueprint("replies", __name__, url_prefix="/sandbox")

    @routes.post("/reply")
    def reply() -> Response:
        fields = read_fields()
        faults = [fault for fault in _REPLY(fields, "") if not fault.unknown]
        old = fields.get("generation", "v1") != "v1"
        if not faults and old and fields["channel"] not in _OLD_CHANNELS:
            faults.append(Fault(name="channel", reason=f"must be one of {', '.join(sorted(_OLD_CHANNELS))}"))
        if faults:
            raise FieldsError(faults)
        signature = cast("Signature", fields.pop("signature", "good"))
        named = fields.pop("application_id", None)
        answered = simulator.ledger.last_message(channel=fields["channel"], to=fields["from"], sender=fields["to"])
        application = _application(simulator, named, answered)
        body = simulator.reply(
            Caller(application=application, by_token=True), _written(fields, answered, request.url_root), signature
        )
        return _json({"message_uuid": body["message_uuid"], "body": body}, 202)

    @routes.post("/legacy")
    def write_in_old_words() -> Response:
        fields = read_fields()
        if faults := [fault for fault in _OLD_WORDS(fields, "") if not fault.unknown]:
            raise FieldsError(faults)
        receipt = fields["kind"] == "receipt"
        person, own = fields["msisdn"], fields["to"]
        answered = simulator.ledger.last_message(channel="sms", to=person, sender=own)
        application = _application(simulator, fields.get("application_id"), answered)
        usual = application.sms_receipt_url if receipt else application.sms_inbound_url
        url = fields.get("url") or usual
        if url is None:
            raise FieldsError([Fault(name="url", reason="is required, since the account has no address for these")])
        bodies = _old_bodies(fields, answered, application)
        for body in bodies:
            _send(simulator, application, str(url), str(fields.get("method", "POST")), body)
        return _json({"bodies": bodies}, 202)

    return routes


def _application(simulator: Simulator, named: str | None, answered: Message | None) -> Application:
    """Find out whom a message goes to: who is named, who wrote last, or the only one. Raises FieldsError."""
    if named is not None:
        application = simulator.directory.application(named)
    elif answered is not None:
        application = answered.caller.application
    else:
        application = simulator.directory.only_application()
    if application is None:
        reason = "must name a registered application, since no message was sent from there"
        raise FieldsError([Fault(name="application_id", reason=reason)])
    return application


def _written(fields: dict[str, Any], answered: Message | None, root: str) -> Written:
    given = dict(fields)
    kind = given.pop("message_type", None) or given.pop("type", "text")
    given.pop("type", None)
    return Written(
        message_uuid=str(given.pop("message_uuid", None) or uuid.uuid4()),
        generation=cast("Generation", given.pop("generation", "v1")),
        channel=given.pop("channel"),
        kind=kind,
        to=given.pop("to"),
        sender=given.pop("from"),
        in_reply_to=given.pop("in_reply_to", None),
        given=given,
        answered=answered,
        host=root.rstrip("/"),
    )


def _old_bodies(fields: dict[str, Any], answered: Message | None, account: Application) -> list[dict[str, str]]:
    """Build the webhooks of the SMS API; a given member goes before one made here, null takes it away."""
    now_s = time.time()
    person, own = fields["msisdn"], fields["to"]
    ids = (secrets.token_hex(8).upper() for _ in itertools.count())
    given = {name: value for name, value in fields.items() if name not in _STEERING}
    if fields["kind"] == "receipt":
        receipt = legacy.receipt_fields(
            msisdn=person,
            to=own,
            status=fields.get("status", "delivered"),
            message_id=answered.message_uuid if answered is not None else next(ids),
            client_ref=answered.client_ref if answered is not None else None,
            moment_s=now_s,
        )
        made = [receipt]
    else:
        words = given.pop("text", "Hello")
        made = legacy.inbound_parts(msisdn=person, to=own, text=words, message_ids=ids, moment_s=now_s)
    bodies = [
        {name: str(value) for name, value in {**one, "api-key": account.api_key, **given}.items() if value is not None}
        for one in made
    ]
    way = fields.get("signed", "none")
    if way == "none":
        return bodies
    return [
        legacy.signed(body, account.signature_secret, way, moment_s=now_s, nonce=uuid.uuid4().hex) for body in bodies
    ]


def _send(simulator: Simulator, account: Application, url: str, method: str, content: dict[str, str]) -> None:
    if method == "GET":
        joined = f"{url}{'&' if '?' in url else '?'}{urlencode(content)}"
        simulator.notifier.plain(account, joined, "GET", b"", "")
    elif method == "POST":
        simulator.notifier.plain(account, url, "POST", urlencode(content).encode(), "application/x-www-form-urlencoded")
    else:
        simulator.notifier.plain(account, url, "POST", json.dumps(content).encode(), "application/json")


def read_fields() -> dict[str, Any]:
    """Read the JSON object of the request at hand, whatever type it says it is. Raises ProblemError."""
    try:
        value = read_json(request.get_data())
    except ValueError as error:
        raise invalid_json() from error
    if not isinstance(value, dict):
        raise invalid_json()
    return value


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")
