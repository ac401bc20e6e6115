"""The bricks of the sandbox's JSON Schemas (draft 2020-12).

Each leaf carries its sentence as `description`, so that a fault can say what would be right; a requirement that only
holds in a certain case says in which, as `$comment`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

Schema = Mapping[str, Any]
WRITTEN_WHOLE: Final = "writtenWhole"
"""A keyword of our own: a number without a point or an exponent."""


def leaf(description: str, **keywords: object) -> Schema:
    """A value and the sentence for whatever is wrong with it."""
    return {"description": description, **keywords}


def text(minimum: int = 1, maximum: int = 1_000_000) -> Schema:
    """A string of so many characters, not of blanks alone."""
    words = f"must be a string of {minimum} to {maximum} characters"
    return leaf(words, type="string", minLength=minimum, maxLength=maximum, pattern=r"\S")


def matching(pattern: str, description: str) -> Schema:
    """A string that the pattern matches from its first to its last character."""
    return leaf(description, type="string", pattern=f"^(?:{pattern})$")


def choice(*names: str) -> Schema:
    return leaf(f"must be one of {', '.join(names)}", enum=list(names))


def whole(minimum: int, maximum: int) -> Schema:
    words = f"must be an integer from {minimum} to {maximum}"
    return leaf(words, type="integer", minimum=minimum, maximum=maximum, **{WRITTEN_WHOLE: True})


def flag() -> Schema:
    return leaf("must be true or false", type="boolean")


def free() -> Schema:
    """An object of the caller's own making."""
    return leaf("must be an object", type="object")


def forbidden(description: str) -> Schema:
    """A value that has no business here."""
    return {"description": description, "not": {}}


def either(description: str, *schemas: Schema) -> Schema:
    """Any of several shapes; the faults of one that was nearly right are not told apart."""
    return {"description": description, "anyOf": list(schemas)}


def listing(of: Schema, minimum: int, maximum: int) -> Schema:
    words = f"must be a list of {minimum} to {maximum} entries"
    return leaf(words, type="array", minItems=minimum, maxItems=maximum, items=of)


def closed(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None, *rules: Schema) -> Schema:
    """An object of known members: what is required is there, and nothing is there that is not known."""
    made: dict[str, Any] = {
        "description": "must be an object",
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }
    return {**made, "allOf": list(rules)} if rules else made


def when(path: str, value: str, then: Schema) -> Schema:
    """A rule: where the member at `path` (`rcs.card_orientation`) is there and has this value, `then` holds too."""
    condition: dict[str, Any] = {"const": value}
    for name in reversed(path.split(".")):
        condition = {"properties": {name: condition}, "required": [name], "type": "object"}
    return {"if": condition, "then": then}


def needs(path: str, case: str) -> Schema:
    """The last member of `path` is required where the ones before it are there; `case` says when that is so."""
    *outer, last = path.split(".")
    rule: dict[str, Any] = {"required": [last], "$comment": case}
    for name in reversed(outer):
        rule = {"properties": {name: rule}}
    return rule


def one_of_kinds(kinds: Mapping[str, tuple[Mapping[str, Schema], Mapping[str, Schema]]]) -> Schema:
    """An object whose `type` says which members it has: for each type the required and the optional ones."""
    return {
        "description": "must be an object",
        "type": "object",
        "properties": {"type": choice(*kinds)},
        "required": ["type"],
        "allOf": [
            when("type", kind, closed({"type": {}, **required}, optional))
            for kind, (required, optional) in kinds.items()
        ],
    }


def opened(schema: Any) -> Any:
    """Give the same schema with every closed object open to unknown members."""
    if isinstance(schema, Mapping):
        return {
            name: opened(inside)
            for name, inside in schema.items()
            if not (name == "additionalProperties" and inside is False)
        }
    if isinstance(schema, Sequence) and not isinstance(schema, str):
        return [opened(inside) for inside in schema]
    return schema


PHONE: Final = matching("[1-9][0-9]{6,14}", "must be 7 to 15 digits and not begin with 0 or +")
CHANNEL_ID: Final = text(1, 50)
SENDER_NUMBER: Final = matching("[0-9]{3,15}", "must be a number of 3 to 15 digits")
SMS_SENDER: Final = matching(
    "[0-9]{3,15}|(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9 ._&-]{0,49}", "must be a number or a name of letters and digits"
)
ADDRESS: Final = leaf(
    "must be an absolute http or https address",
    type="string",
    maxLength=2000,
    # A host, perhaps in brackets and with a port; no blank and no control character anywhere.
    pattern=r"^https?://(?:\[[0-9A-Fa-f:.]+\]|[^\x00-\x20/?#:\[\]@]+)(?::[0-9]{1,5})?(?:[/?#][^\x00-\x20]*)?$",
)
UUID: Final = matching("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", "must be a UUID")


def media(caption: int | None = None, name: int | None = None) -> Schema:
    """An object with the address of a file; `caption` and `name` are the most characters of each, None = not there."""
    optional = {"caption": caption, "name": name}
    return closed({"url": ADDRESS}, {key: text(1, most) for key, most in optional.items() if most is not None})


def messenger_options() -> Schema:
    """Options of Messenger, the same in all generations: a tagged message needs its tag (protocol 2.1)."""
    return closed(
        {},
        {"category": choice("response", "update", "message_tag"), "tag": text()},
        when("category", "message_tag", needs("tag", "where the category is message_tag")),
    )
