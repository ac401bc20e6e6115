"""What may be changed of a message that is already out (protocol 1.7). Pure."""

from collections.abc import Collection, Mapping
from typing import Final

from services.sandbox.fields import Fault
from services.sandbox.problems import ProblemError, unprocessable
from services.sandbox.records import Inbound, Message
from services.sandbox.schema_faults import compiled, faults_in
from services.sandbox.schema_parts import Schema, choice, closed, flag, forbidden, opened, when

_UPDATE: Final[Schema] = closed(
    {"status": choice("read", "revoked")},
    {"replying_indicator": closed({"show": flag()}, {"type": choice("text")})},
    when("status", "revoked", {"properties": {"replying_indicator": forbidden("belongs to the status read alone")}}),
)
# From here on a message is on the phone, or never will be.
_PAST: Final = frozenset({"delivered", "read", "rejected", "undeliverable"})


def update_faults(body: Mapping[str, object], *, strict: bool) -> list[Fault]:
    """Find all that is wrong with the body of a PATCH."""
    schema = _UPDATE if strict else opened(_UPDATE)
    return faults_in(body, schema, compiled(schema))


def objection(about: Message | Inbound, status: str, told: Collection[str]) -> ProblemError | None:
    """Say why a message can't be updated so; None = it can. `told` are the statuses that were told of it."""
    if status == "read":
        if isinstance(about, Inbound) and about.channel == "whatsapp":
            return None
        return unprocessable("Only an inbound WhatsApp message can be marked as read.")
    if not isinstance(about, Message) or about.channel != "rcs":
        return unprocessable("Only an outbound RCS message can be revoked.")
    if _PAST & set(told):
        return unprocessable("The message can't be revoked any more.")
    return None
