"""Check the body of a v1 message as strictly as the provider's documents allow (protocol 2.2).

Each pair of channel and message type is one row of `ROWS`; another channel or type is another row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from services.sandbox.fields import Check, Fault, address, boolean, integer, leaf, matching, one_of, record, text
from services.sandbox.problems import ProblemError, invalid_message


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one kind of message may look like, beyond the fields that all of them share."""

    recipient: Check
    sender: Check
    content: Mapping[str, Check]
    options: Mapping[str, Check] = field(default_factory=dict)


def _sms_options() -> Check:
    return record(
        {},
        {
            "encoding_type": one_of("text", "unicode", "auto"),
            "content_id": text(),
            "entity_id": text(),
            "pool_id": text(),
            "trusted_recipient": boolean(),
        },
    )


def _viber_options() -> Check:
    return record(
        {},
        {
            "category": one_of("transaction", "promotion"),
            "ttl": integer(30, 259_200),
            "type": text(),
            "action": record({"url": address(), "text": text(1, 30)}),
        },
    )


def _messenger_options() -> Check:
    fields = record({}, {"category": one_of("response", "update", "message_tag"), "tag": text()})

    def check(value: object, name: str) -> list[Fault]:
        found = fields(value, name)
        if isinstance(value, dict) and value.get("category") == "message_tag" and "tag" not in value:
            found.append(Fault(name=f"{name}.tag", reason="is required where the category is message_tag"))
        return found

    return check


_PHONE: Final = matching("[1-9][0-9]{6,14}", "must be 7 to 15 digits and not begin with 0 or +")
_CHANNEL_ID: Final = text(1, 50)
_SMS_SENDER: Final = matching(
    "[0-9]{3,15}|(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9 ._&-]{0,49}", "must be a number or a name of letters and digits"
)

ROWS: Final[Mapping[tuple[str, str], Row]] = {
    ("sms", "text"): Row(
        recipient=_PHONE,
        sender=_SMS_SENDER,
        content={"text": text(1, 3200)},
        options={"ttl": integer(20, 604_800), "trusted_recipient": boolean(), "sms": _sms_options()},
    ),
    ("viber_service", "text"): Row(
        recipient=_PHONE,
        sender=_CHANNEL_ID,
        content={"text": text(1, 1000)},
        options={"viber_service": _viber_options()},
    ),
    ("messenger", "text"): Row(
        recipient=_CHANNEL_ID,
        sender=_CHANNEL_ID,
        content={"text": text(1, 640)},
        options={"messenger": _messenger_options()},
    ),
}

CHANNELS: Final = tuple(dict.fromkeys(channel for channel, _ in ROWS))

_SHARED: Final[Mapping[str, Check]] = {
    "client_ref": text(1, 100),
    "webhook_url": address(),
    "webhook_version": one_of("v1"),
}

# Which number and title a body gets whose faults all lie in one field, and any other.
_MIXED: Final = (1150, "Invalid params")
_NUMBERS: Final = {
    "channel": (1400, "Unsupported channel"),
    "from": (1420, "Invalid sender"),
    "to": (1430, "Invalid recipient"),
    "message_type": (1440, "Invalid message type"),
    "client_ref": (1450, "Invalid client reference"),
    **dict.fromkeys(CHANNELS, (1410, "Invalid channel parameters")),
}


def faults_of(body: Mapping[str, object], *, strict: bool = True) -> list[Fault]:
    """Find all that is wrong with a v1 message. `strict` = a field nobody knows is a fault as well."""
    channel, kind = body.get("channel"), body.get("message_type")
    row = ROWS.get((channel, kind)) if isinstance(channel, str) and isinstance(kind, str) else None
    if row is None:
        found = _unknown_kind(channel)(body, "")
    else:
        required = {"channel": text(), "message_type": text(), "to": row.recipient, "from": row.sender, **row.content}
        found = record(required, {**_SHARED, **row.options})(body, "")
    return [fault for fault in found if strict or not fault.unknown]


def _unknown_kind(channel: object) -> Check:
    """Check what can be checked of a body whose channel or type has no row."""
    types = [kind for known, kind in ROWS if known == channel]
    kinds = one_of(*types) if types else leaf("must be a string", lambda value: isinstance(value, str))
    known = record({"channel": one_of(*CHANNELS), "message_type": kinds, "to": text(), "from": text()})
    # Without a row nobody can say which other fields would be right.
    return lambda value, name: [fault for fault in known(value, name) if not fault.unknown]


def problem_for(faults: list[Fault]) -> ProblemError:
    """Choose the 422 that the provider would answer these faults with."""
    # A field at the top that nobody knows belongs to no parameter of its own.
    fields = {"" if fault.unknown and "." not in fault.name else fault.name.partition(".")[0] for fault in faults}
    code, title = _NUMBERS.get(fields.pop(), _MIXED) if len(fields) == 1 else _MIXED
    return invalid_message(code, title, faults)
