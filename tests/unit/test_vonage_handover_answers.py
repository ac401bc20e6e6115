"""What an HTTP answer says of a call that handed a whole workflow over (semantics 10), and v0.1's own answers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model import Problem, Scope
from shared.outcomes import Accepted, Busy, CallOutcome, HandedOver, OurFault, Refused, Unsure
from shared.vonage.answers import read_answer, read_handover

NOW = 1_790_000_000.0
UUID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
OPAQUE = "3TcNjguHxr2vcCZ9Ddsnq6tw8yQUpZ9rMHv9QXSxLan5ibMxqSzLdx9"


def answered(status: int, document: object = None, *, dispatch: bool = True) -> CallOutcome:
    body = b"" if document is None else json.dumps(document).encode()
    return read_handover(status=status, headers={}, body=body, now=NOW, dispatch=dispatch)


def of_type(uri: str, **more: object) -> dict[str, object]:
    return {"type": uri, "title": "A title", "detail": "A detail.", **more}


@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize("name", ["dispatch_uuid", "workflow_uuid"])
def test_dispatch_and_its_beta_name_the_workflow(status: int, name: str) -> None:
    assert HandedOver(workflow_id=UUID) == answered(status, {name: UUID.upper()})


def test_v1_names_the_workflow_and_its_first_message() -> None:
    answer = {"message_uuid": UUID, "workflow_id": OPAQUE}

    assert HandedOver(workflow_id=OPAQUE, provider_uuid=UUID) == answered(202, answer, dispatch=False)


def test_v1_may_name_the_message_alone_and_dispatch_may_not() -> None:
    assert HandedOver(workflow_id=None, provider_uuid=UUID) == answered(202, {"message_uuid": UUID}, dispatch=False)
    assert isinstance(answered(202, {"message_uuid": UUID}), Unsure)


@pytest.mark.parametrize("document", [None, {}, [], {"dispatch_uuid": None}, {"dispatch_uuid": "a b"}])
def test_taken_without_an_id_is_unsure(document: object) -> None:
    assert isinstance(answered(202, document), Unsure)


API = "https://developer.nexmo.com/api-errors"
LOW = of_type(API, invalid_parameters=[{"name": "balance", "reason": "is too low"}])
NOT_OURS: list[tuple[int, dict[str, object] | None]] = [
    (400, of_type("https://www.nexmo.com/messages/Errors#InvalidParams")),
    (401, of_type(f"{API}/#unprovisioned")),
    (401, of_type("https://developer.vonage.com/api-errors#unprovisioned")),
    (403, None),
    (403, of_type(f"{API}#forbidden")),
    (404, None),
    (405, of_type(f"{API}#wrong-verb")),
    (413, None),
    (422, of_type(f"{API}/messages#1120")),
]


@pytest.mark.parametrize(("status", "document"), NOT_OURS)
def test_what_means_that_the_engine_is_not_ours_to_use(status: int, document: dict[str, object] | None) -> None:
    outcome = answered(status, document)

    assert isinstance(outcome, Refused)
    assert not outcome.refused_sender


OTHERS: list[tuple[int, dict[str, object] | None, type[Any]]] = [
    (400, LOW, OurFault),
    (400, of_type(f"{API}#low-balance"), OurFault),
    (401, None, OurFault),
    (401, of_type(f"{API}/#unathorized"), OurFault),
    (402, of_type(f"{API}#low-balance"), OurFault),
    (301, None, OurFault),
    (406, None, OurFault),
    (415, None, OurFault),
    (429, None, Busy),
    (503, of_type(f"{API}#busy"), Busy),
    (408, None, Unsure),
    (500, None, Unsure),
    (502, None, Unsure),
    (503, None, Unsure),
    (504, None, Unsure),
]


@pytest.mark.parametrize(("status", "document", "kind"), OTHERS)
def test_everything_else_is_what_it_is_for_a_single_message(
    status: int, document: dict[str, object] | None, kind: type[Any]
) -> None:
    assert isinstance(answered(status, document), kind)


@given(st.integers(100, 700), st.binary(max_size=60), st.booleans())
def test_no_answer_makes_the_reader_raise(status: int, body: bytes, dispatch: bool) -> None:
    read_handover(status=status, headers={}, body=body, now=NOW, dispatch=dispatch)


# v0.1's own answers to a single message (protocol 1.9)

V0_1: list[tuple[int, dict[str, object] | None, CallOutcome]] = [
    (202, {"message_uuid": UUID}, Accepted(provider_uuid=UUID)),
    (
        400,
        {
            "type": "https://www.nexmo.com/messages/Errors#InvalidParams",
            "title": "Your request parameters didn't validate.",
            "detail": "1 of the submitted parameters is invalid.",
            "invalid_parameters": [{"name": "to.number", "reason": "is required"}],
        },
        Refused(
            problem=Problem(
                code="400",
                title="Your request parameters didn't validate.",
                detail="1 of the submitted parameters is invalid.; to.number: is required",
                type="https://www.nexmo.com/messages/Errors#InvalidParams",
            )
        ),
    ),
    (
        400,
        {"type": "https://developer.vonage.com/api-errors#low-balance", "title": "Bad Request"},
        OurFault(
            problem=Problem(
                code="400", title="Bad Request", type="https://developer.vonage.com/api-errors#low-balance"
            ),
            scope=Scope.ACCOUNT,
        ),
    ),
    (
        401,
        {"title": "Unauthorised", "detail": "Invalid Token"},
        OurFault(problem=Problem(code="401", title="Unauthorised", detail="Invalid Token"), scope=Scope.ACCOUNT),
    ),
    (
        404,
        None,
        OurFault(problem=Problem(code="404", title="The provider answered with HTTP status 404"), scope=Scope.CHANNEL),
    ),
]


@pytest.mark.parametrize(("status", "document", "expected"), V0_1)
def test_v0_1_is_read_by_the_same_table(status: int, document: dict[str, object] | None, expected: CallOutcome) -> None:
    body = b"" if document is None else json.dumps(document).encode()

    assert expected == read_answer(status=status, headers={}, body=body, now=NOW)


def test_no_credit_is_read_also_where_v0_1_dispatch_names_it_as_a_parameter() -> None:
    outcome = read_answer(status=400, headers={}, body=json.dumps(LOW).encode(), now=NOW)

    assert isinstance(outcome, OurFault)
    assert Scope.ACCOUNT is outcome.scope
