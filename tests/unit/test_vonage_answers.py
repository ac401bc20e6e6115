"""Every row of the table of semantics 5: what an HTTP answer of the provider comes to."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model import Scope
from shared.outcomes import Accepted, Busy, BusySource, CallOutcome, OurFault, Refused, Unsure
from shared.vonage.answers import LARGEST_ANSWER, read_answer

NOW = 1_790_000_000.0  # Mon, 21 Sep 2026 14:13:20 GMT
UUID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"


def problem(fragment: str, **more: object) -> bytes:
    body = {"type": f"https://developer.vonage.com/api-errors#{fragment}", "title": "A title", "detail": "A detail."}
    return json.dumps({**body, **more}).encode()


def answered(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> CallOutcome:
    return read_answer(status=status, headers=headers or {}, body=body, now=NOW)


def shape(outcome: CallOutcome) -> tuple[Any, ...]:
    """Name an outcome with what decides beside it."""
    match outcome:
        case Accepted(provider_uuid=uuid):
            return ("accepted", uuid)
        case Refused(refused_sender=sender):
            return ("refused", sender)
        case Busy(retry_after_s=asked, source=source):
            return ("busy", asked, source.value)
        case Unsure(server_error=server_error):
            return ("unsure", server_error)
        case OurFault(scope=scope):
            return ("our fault", scope.value)
        case _:
            return ("stale",)


HTML = b"<html><body>Service Unavailable</body></html>"
GOOD = json.dumps({"message_uuid": UUID}).encode()
LOW = {"invalid_parameters": [{"name": "balance", "reason": "too low"}]}
LOW_AS_OBJECT = {"invalid_parameters": {"name": "balance", "reason": "too low"}}

TABLE: dict[str, tuple[int, bytes, dict[str, str], tuple[Any, ...]]] = {
    "202 with an id": (202, GOOD, {}, ("accepted", UUID)),
    "200 with an id": (200, GOOD, {}, ("accepted", UUID)),
    "202 with an id in upper case": (
        202,
        GOOD.upper().replace(b"MESSAGE_UUID", b"message_uuid"),
        {},
        ("accepted", UUID),
    ),
    "202 with an id and a workflow": (202, GOOD[:-1] + b', "workflow_id": "3TcN"}', {}, ("accepted", UUID)),
    "202 with an id that is no UUID": (202, b'{"message_uuid": "abc-1"}', {}, ("accepted", "abc-1")),
    "202 without a body": (202, b"", {}, ("unsure", False)),
    "202 with half of a body": (202, GOOD[:20], {}, ("unsure", False)),
    "202 without an id": (202, b"{}", {}, ("unsure", False)),
    "202 with an empty id": (202, b'{"message_uuid": ""}', {}, ("unsure", False)),
    "202 with a null id": (202, b'{"message_uuid": null}', {}, ("unsure", False)),
    "202 with an id of 101 characters": (202, json.dumps({"message_uuid": "a" * 101}).encode(), {}, ("unsure", False)),
    "202 with a list": (202, b"[]", {}, ("unsure", False)),
    "200 with HTML": (200, HTML, {}, ("unsure", False)),
    "204": (204, b"", {}, ("unsure", False)),
    "301": (301, b"", {"Location": "https://elsewhere.example/"}, ("our fault", "channel")),
    "307": (307, b"", {"Location": "https://elsewhere.example/"}, ("our fault", "channel")),
    "400": (400, problem("invalid-params"), {}, ("refused", False)),
    "400 in HTML": (400, HTML, {}, ("refused", False)),
    "400 of type low-balance": (400, problem("low-balance"), {}, ("our fault", "account")),
    "400 naming the balance": (400, problem("", **LOW), {}, ("our fault", "account")),
    "400 naming the balance, as an object": (400, problem("", **LOW_AS_OBJECT), {}, ("our fault", "account")),
    "401": (401, problem("unauthorized"), {}, ("our fault", "account")),
    "401 without a body": (401, b"", {}, ("our fault", "account")),
    "402": (402, problem("low-balance"), {}, ("our fault", "account")),
    "403": (403, problem("forbidden"), {}, ("our fault", "channel")),
    "403 of a gateway": (403, b"RBAC: access denied", {}, ("our fault", "channel")),
    "404": (404, problem("not-found"), {}, ("our fault", "channel")),
    "405": (405, b"", {}, ("our fault", "channel")),
    "406": (406, b"", {}, ("our fault", "channel")),
    "408": (408, b"", {}, ("unsure", False)),
    "409": (409, b"", {}, ("our fault", "channel")),
    "413": (413, b"", {}, ("refused", False)),
    "415": (415, b"", {}, ("our fault", "channel")),
    "418": (418, b"", {}, ("our fault", "channel")),
    "422": (422, problem("1150"), {}, ("refused", False)),
    "422 of a refused sender": (422, problem("1120"), {}, ("refused", True)),
    "422 of an invalid sender": (422, problem("1420"), {}, ("refused", True)),
    "400 with a sender's number": (400, problem("1120"), {}, ("refused", False)),
    "429": (429, problem("1010"), {}, ("busy", None, "connection")),
    "429 asking for 7 s": (429, b"", {"retry-after": "7"}, ("busy", 7.0, "connection")),
    "500": (500, problem("1000"), {}, ("unsure", True)),
    "501": (501, b"", {}, ("unsure", True)),
    "502": (502, HTML, {}, ("unsure", True)),
    "503 of a gateway": (503, b"upstream connect error or disconnect/reset before headers", {}, ("unsure", True)),
    "503 without a body": (503, b"", {}, ("unsure", True)),
    "503 with Retry-After": (503, b"", {"Retry-After": "30"}, ("busy", 30.0, "answer")),
    "503 with a Retry-After nobody can read": (503, b"", {"Retry-After": "soon"}, ("unsure", True)),
    "503 with the provider's problem": (503, problem("unavailable"), {}, ("busy", None, "answer")),
    "503 with a framework's problem": (
        503,
        b'{"type":"about:blank","title":"Service Unavailable"}',
        {},
        ("unsure", True),
    ),
    "503 with a title only": (503, b'{"title":"Service Unavailable"}', {}, ("unsure", True)),
    "504": (504, HTML, {}, ("unsure", True)),
    "500 with Retry-After": (500, b"", {"Retry-After": "30"}, ("unsure", True)),
    "599": (599, b"", {}, ("unsure", True)),
    "a status beyond HTTP": (999, b"", {}, ("unsure", False)),
}


@pytest.mark.parametrize(("status", "body", "headers", "expected"), TABLE.values(), ids=TABLE)
def test_an_answer_is_read_by_the_table(
    status: int, body: bytes, headers: dict[str, str], expected: tuple[Any, ...]
) -> None:
    assert expected == shape(answered(status, body, headers))


WAITS: dict[str, tuple[str, float | None]] = {
    "seconds": ("17", 17.0),
    "surrounded by blanks": ("  17 ", 17.0),
    "nothing to wait": ("0", 1.0),
    "a day": ("86400", 900.0),
    "more digits than a number has": ("9" * 41, None),
    "forty digits": ("9" * 40, 900.0),
    "a date": ("Mon, 21 Sep 2026 14:15:00 GMT", 100.0),
    "a date in another zone": ("Mon, 21 Sep 2026 16:15:00 +0200", 100.0),
    "a date that is over": ("Mon, 21 Sep 2020 14:15:00 GMT", 1.0),
    "a date far away": ("Mon, 21 Sep 2099 14:15:00 GMT", 900.0),
    "a date that is none": ("Mon, 99 Sep 2026 14:15:00 GMT", None),
    "negative": ("-5", None),
    "a fraction": ("1.5", None),
    "in other digits": ("١٢", None),
    "words": ("a while", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("value", "expected"), WAITS.values(), ids=WAITS)
def test_retry_after_is_seconds_or_a_date_within_bounds_and_garbage_is_nothing(
    value: str, expected: float | None
) -> None:
    outcome = answered(429, b"", {"Retry-After": value})

    assert isinstance(outcome, Busy)
    assert expected == outcome.retry_after_s


def test_a_problem_carries_the_providers_words_and_the_number_of_its_type() -> None:
    named = [{"name": "to", "reason": "expected 7 to 15 digits"}, "garbage", {"name": 7}]
    outcome = answered(422, problem("1430", invalid_parameters=named))

    assert isinstance(outcome, Refused)
    assert "1430" == outcome.problem.code
    assert "A title" == outcome.problem.title
    assert "A detail.; to: expected 7 to 15 digits; 7" == outcome.problem.detail
    assert "https://developer.vonage.com/api-errors#1430" == outcome.problem.type


def test_a_problem_without_words_has_the_status_as_its_code() -> None:
    outcome = answered(403, b"RBAC: access denied")

    assert isinstance(outcome, OurFault)
    assert ("403", "The provider answered with HTTP status 403", "", "") == (
        outcome.problem.code,
        outcome.problem.title,
        outcome.problem.detail,
        outcome.problem.type,
    )
    assert outcome.scope is Scope.CHANNEL


def test_endless_words_are_cut() -> None:
    outcome = answered(422, problem("x" * 3000, title="y" * 3000, detail="z" * 30_000))

    assert isinstance(outcome, Refused)
    assert max(len(outcome.problem.title), len(outcome.problem.detail), len(outcome.problem.type)) <= 500


def test_a_rate_limit_counts_for_the_account_and_an_overload_for_the_channel() -> None:
    limited, overloaded = answered(429), answered(503, b"", {"Retry-After": "1"})

    assert isinstance(limited, Busy)
    assert isinstance(overloaded, Busy)
    assert (BusySource.CONNECTION, BusySource.ANSWER) == (limited.source, overloaded.source)


def test_a_body_beyond_the_limit_is_no_body() -> None:
    assert isinstance(answered(202, GOOD[:-1] + b" " * LARGEST_ANSWER + b"}"), Unsure)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "title", "detail", "invalid_parameters", "name", "reason", "message_uuid"]), inner
        )
    ),
    max_leaves=8,
)


@given(
    st.integers(100, 999),
    st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(["Retry-After", "retry-after", "Content-Type"]), st.text(max_size=60)),
)
def test_no_answer_makes_the_reader_raise(status: int, body: bytes, headers: dict[str, str]) -> None:
    outcome = answered(status, body, headers)

    assert isinstance(outcome, Accepted | Refused | Busy | Unsure | OurFault)
