"""The bodies of the provider's inbound webhooks in each generation (protocol 5.5). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.sandbox.bodies import Generation
from services.sandbox.clock import written
from services.sandbox.drafts import nested
from services.sandbox.inbound_content import usual_content
from services.sandbox.prices import CURRENCY, inbound_price_of, parts
from services.sandbox.records import Message

# Answers to a message, which name it even if nobody says so.
_ANSWERS: Final = frozenset({"reply", "button", "reaction"})
_PRICED: Final = frozenset({"sms", "mms"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What somebody wrote. `given` goes before all that is made here, whatever it is; null takes a member away.

    `answered` is the last message that went the other way, None if there is none; `in_reply_to` the id of one that is
    answered on purpose. `host` is where the message can be updated.
    """

    message_uuid: str
    generation: Generation
    channel: str
    kind: str
    to: str
    sender: str
    given: Mapping[str, Any]
    answered: Message | None = None
    in_reply_to: str | None = None
    host: str = ""


def inbound_body(message: Written, moment_s: float) -> dict[str, object]:
    """Build an inbound webhook."""
    made = _v1(message, moment_s) if message.generation == "v1" else _v0_1(message, moment_s)
    return {name: value for name, value in made.items() if value is not None}


def _v1(message: Written, moment_s: float) -> dict[str, object]:
    channel = message.channel
    body: dict[str, object] = {
        "channel": channel,
        "message_uuid": message.message_uuid,
        "to": message.to,
        "from": message.sender,
        "timestamp": written(moment_s),
        "message_type": message.kind,
        **usual_content(message.kind),
        "usage": {"currency": CURRENCY, "price": inbound_price_of(channel)},
        "_self": {"href": f"{message.host}/v1/messages/{message.message_uuid}"},
    }
    text = message.given.get("text", body.get("text"))
    if channel == "sms" and isinstance(text, str):
        count, words = str(parts(text)), text.split()
        body["sms"] = {"num_messages": count, "total_count": count, "keyword": words[0].upper() if words else ""}
    if channel in _PRICED:
        body["origin"] = {"network_code": "23410"}
    if message.answered is not None and message.answered.client_ref is not None:
        body["client_ref"] = message.answered.client_ref
    if channel == "whatsapp":
        body["profile"] = {"name": "Ada", "username": "ada"}
        body["whatsapp"] = {"sender": {"wa_id": message.sender}}
    return {**body, **_context(message), **message.given}


def _context(message: Written) -> dict[str, object]:
    """Name the message that is answered, on WhatsApp also that there is none."""
    answered = message.in_reply_to
    if answered is None and message.answered is not None and message.kind in _ANSWERS:
        answered = message.answered.message_uuid
    if answered is not None:
        context = {"message_uuid": answered, "message_from": message.to}
        return {"context_status": "available", "context": context}
    return {"context_status": "none"} if message.channel == "whatsapp" else {}


def _v0_1(message: Written, moment_s: float) -> dict[str, object]:
    given = dict(message.given)
    usual = usual_content(message.kind, message.generation).get(message.kind)
    told = given.pop(message.kind, usual)
    content = {"type": message.kind} if told is None else {"type": message.kind, message.kind: told}
    # Seen from the person, the ends of the line are the other way round; what names them stays with each.
    ends = nested(message.channel, message.sender, message.to)
    inside: dict[str, object] = {"content": content}
    body: dict[str, object] = {
        "message_uuid": message.message_uuid,
        "to": ends["from"],
        "from": ends["to"],
        "timestamp": written(moment_s),
        "message": inside,
    }
    if message.channel == "sms":
        inside["sms"] = {"num_messages": str(parts(str(told)))}
    if message.channel in _PRICED:
        body["usage"] = {"currency": CURRENCY, "price": inbound_price_of(message.channel)}
    return {**body, **given}
