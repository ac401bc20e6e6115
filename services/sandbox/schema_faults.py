"""Hold a value against a JSON Schema and name every fault: the one place here that knows the validator."""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from services.sandbox.fields import Fault
from services.sandbox.schema_parts import WRITTEN_WHOLE, Schema

Validator = jsonschema_rs.Draft202012Validator


class _WrittenWhole:
    """JSON Schema takes 600.0 for an integer; the provider's readers of integers do not."""

    def __init__(self, _schema: object, _value: object, _path: object) -> None:
        """The keyword has no parameters."""

    def validate(self, instance: object) -> None:
        if isinstance(instance, float):
            raise ValueError("is written with a point")  # noqa: TRY004  # the error that the validator listens for


def compiled(schema: Schema) -> Validator:
    """Compile a schema. Worth keeping: the schema itself is needed again for the sentences of its faults."""
    return jsonschema_rs.Draft202012Validator(dict(schema), keywords={WRITTEN_WHOLE: _WrittenWhole})


def faults_in(value: object, schema: Schema, validator: Validator, prefix: str = "") -> list[Fault]:
    """Give what is wrong with a value, each fault once. `prefix` is the name that the value itself goes by."""
    found: dict[Fault, None] = {}
    for error in validator.iter_errors(value):
        place = _joined(prefix, error.instance_path)
        for fault in _faults(error, place, schema):
            found[fault] = None
    return list(found)


def _faults(error: jsonschema_rs.ValidationError, place: str, schema: Schema) -> list[Fault]:
    kind, holder = error.kind, _holder(schema, error.schema_path)
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
        case = holder.get("$comment", "")
        return [Fault(name=_joined(place, [kind.property]), reason=f"is required {case}".rstrip())]
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
        return [
            Fault(name=_joined(place, [name]), reason="is not a field known here", unknown=True)
            for name in kind.unexpected
        ]
    return [Fault(name=place, reason=str(holder.get("description", error.message)))]


def _holder(schema: Schema, path: list[str | int]) -> Mapping[str, Any]:
    """Find the schema object whose keyword at the end of the path did not hold."""
    found: Any = schema
    for step in path[:-1]:
        found = found[step]
    return found if isinstance(found, Mapping) else {}


def _joined(prefix: str, path: list[str | int]) -> str:
    """Write a place as `card.suggestions[0].text`."""
    name = prefix
    for step in path:
        name += f"[{step}]" if isinstance(step, int) else f".{step}" if name else str(step)
    return name
