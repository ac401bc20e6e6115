"""What the strict reader of JSON takes, refuses and names."""

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import WireError
from shared.strict_json import loads

LIMIT = 262_144

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), inner, max_size=4
        )
    ),
    max_leaves=12,
)

REFUSED = {
    "nothing": (b"", "empty"),
    "white space only": (b" \r\n", "empty"),
    "half of an object": (b'{"a": 1', "json"),
    "two values": (b"{} {}", "json"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "json"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "encoding"),
    "a raw surrogate": (b'"\xed\xa0\x80"', "encoding"),
    "NaN": (b'{"a": NaN}', "number"),
    "minus infinity": (b"[-Infinity]", "number"),
    "a number beyond a double": (b"[1e400]", "number"),
    "a whole number of 5,000 digits": (b"[" + b"9" * 5000 + b"]", "number"),
    "an escaped lone surrogate": (rb'{"a": "\ud800"}', "text"),
    "a NUL character": (rb'{"a": "x\u0000y"}', "text"),
    "a lone surrogate in a key": (rb'{"\udfff": 1}', "text"),
    "a control character in a string": (b'"a\nb"', "json"),
    "a comment": (b"/* */ {}", "json"),
    "single quotes": (b"{'a': 1}", "json"),
    "seventeen arrays": (b"[" * 17 + b"]" * 17, "too_deep"),
    "a hundred thousand arrays": (b"[" * 100_000, "too_deep"),
    "a hundred thousand objects": (b'{"a":' * 50_000, "too_deep"),
    "escaped quotes without end": (b"[" * 17 + b'"' + rb"\"" * 130_000, "too_deep"),
    "escaped quotes in a string without end": (b'"' + rb"\"" * 130_000 + b"[" * 17, "json"),
    "one byte too many": (b'"' + b"a" * (LIMIT - 1) + b'"', "too_large"),
}


@given(PLAIN)
def test_what_is_good_json_is_read_as_the_standard_parser_reads_it(value: object) -> None:
    raw = json.dumps(value, ensure_ascii=False).encode()

    assert json.loads(raw) == loads(raw, max_bytes=LIMIT)


@pytest.mark.parametrize(("raw", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_plain_json_is_refused_with_its_reason(raw: bytes, code: str) -> None:
    started = time.monotonic()
    with pytest.raises(WireError) as refusal:
        loads(raw, max_bytes=LIMIT)

    assert [code] == [fault.code for fault in refusal.value.faults]
    assert time.monotonic() - started < 1.0


def test_sixteen_levels_are_taken_and_brackets_inside_strings_do_not_count() -> None:
    raw = b"[" * 15 + rb'["[[[[\"[[[", "{{{{"]' + b"]" * 15

    assert json.loads(raw) == loads(raw, max_bytes=LIMIT)


def test_an_emoji_written_as_an_escaped_pair_is_one_character() -> None:
    assert "\U0001f600" == loads(rb'"\ud83d\ude00"', max_bytes=LIMIT)


def test_a_key_named_twice_is_found_at_its_place_however_deep() -> None:
    raw = b'{"to": 1, "to": 2, "workflow": [{"a/b": {"id": 1, "id": 2}}]}'
    with pytest.raises(WireError) as refusal:
        loads(raw, max_bytes=LIMIT)

    assert [("/to", "to"), ("/workflow/0/a~1b/id", "workflow[0].a/b.id")] == [
        (fault.pointer, fault.name) for fault in refusal.value.faults
    ]
    assert {"duplicate"} == {fault.code for fault in refusal.value.faults}


@given(st.binary(max_size=300) | st.text(alphabet='[]{}",:\\u0d8019eE.-+NaIfty \n', max_size=120).map(str.encode))
def test_no_bytes_make_it_raise_anything_but_a_wire_error(raw: bytes) -> None:
    with suppress(WireError):
        loads(raw, max_bytes=200)
