"""Read JSON of strangers: one place that refuses what Python's reader lets pass."""

import json


def read_json(raw: bytes) -> object:
    """Decode one JSON value. Raises ValueError for what is no JSON, or could not be written as JSON again.

    Python's reader takes NaN and Infinity, and halves of surrogate pairs that no UTF-8 can carry; nesting without end
    breaks its stack.
    """
    try:
        value: object = json.loads(raw, parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
