"""What members ask of each other, for the documents; the readers have it in rules (`content_rules` and others). Pure.

Only what JSON Schema says in a line or two is said so; of the rest the descriptions tell in words. Keywords are those
that also older dialects know, because an AsyncAPI document is read by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

WHOLE_NUMBERS = "Whole numbers have no point: 600 is one, 600.0 is not."
_UUID = "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"


def add_conditions(found: Mapping[str, Schema]) -> None:
    """Add them to the parts of a document, by name."""
    found["Sticker"]["oneOf"] = [{"required": ["url"]}, {"required": ["id"]}]
    found["Sticker"]["properties"]["id"]["pattern"] = _UUID
    found["Reaction"] |= {**_where("action", "react", _needs("emoji")), "else": {"properties": {"emoji": False}}}
    found["MessengerOptions"] |= _where("category", "message_tag", _needs("tag"))
    found["Dial"]["properties"]["phone_number"]["pattern"] = "^\\+?[1-9][0-9]{6,14}$"
    found["RcsCardMessage"]["allOf"] = [
        _where_options("rcs", "card_orientation", "VERTICAL", {"card": _needs("media_height")}),
        _where_options("rcs", "card_orientation", "HORIZONTAL", {"rcs": _needs("image_alignment")}),
    ]
    found["V1MessageBody"] |= {"if": _needs("failover", "condition_status"), "then": _needs("expiry_time")}
    found["V1MessageBody"]["properties"]["failover"]["description"] = (
        "What is tried next, in this order. In every message but the last, condition_status needs expiry_time."
    )
    for name in ("DispatchBody", "WorkflowBody"):
        found[name]["properties"]["workflow"]["description"] = "Every item but the last needs its failover."


def _where(member: str, value: str, then: Schema) -> Schema:
    return {"if": {"required": [member], "properties": {member: {"const": value}}}, "then": then}


def _where_options(options: str, member: str, value: str, then: Schema) -> Schema:
    inner = {"required": [member], "properties": {member: {"const": value}}}
    return {"if": {"required": [options], "properties": {options: inner}}, "then": {"properties": then}}


def _needs(*members: str) -> Schema:
    return {"required": [*members]}
