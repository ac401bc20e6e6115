"""The shape of one row of the v1 table (protocol 2.2): what a channel's message of one type may look like."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from services.sandbox.schema_parts import ADDRESS, Schema, choice, closed, text

# The provider's first Node client for v1 sends null where its caller gave none.
_CLIENT_REF: Final[Schema] = {**text(1, 100), "type": ["string", "null"]}
# All that a message of any channel may have beside its content.
_SHARED: Final[Mapping[str, Schema]] = {
    "client_ref": _CLIENT_REF,
    "webhook_url": ADDRESS,
    "webhook_version": choice("v0.1", "v1"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`content` are required members, `options` optional ones; `rules` say what holds between them."""

    recipient: Schema
    sender: Schema
    content: Mapping[str, Schema]
    options: Mapping[str, Schema] = field(default_factory=dict)
    rules: tuple[Schema, ...] = ()


def schema_of(row: Row) -> Schema:
    """Write the JSON Schema of a row. The row was chosen by channel and type, so these two are not looked at again."""
    required = {"channel": {}, "message_type": {}, "to": row.recipient, "from": row.sender, **row.content}
    return closed(required, {**_SHARED, **row.options}, *row.rules)
