"""Webhooks to the caller: golden bodies for each form, and which form is chosen."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.channels import CHANNELS
from shared.ids import reference
from shared.model import Attempt, AttemptState, Generation, Outcome, Problem, RequestKind, Status, Workflow
from shared.outcomes import Refused
from shared.vonage.answers import read_answer
from shared.wire.callbacks import final_report, status_webhook
from tests.unit.test_wire_answers import ENDED, T, attempt, step

GOLDEN = Path(__file__).parents[1] / "golden" / "wire"
REJECTED = Problem(code="1300", title="Not part of the provider network", detail="The person is no user of Viber.")


def golden(name: str) -> object:
    return json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


def rejected(workflow: Workflow) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(
        status_webhook(workflow, 1, sequence=4, status=Status.REJECTED, at=T + 4.12, problem=REJECTED, price="0.0000")
    )
    return body


@pytest.mark.parametrize("generation", Generation)
def test_a_status_has_the_form_of_its_generation(generation: Generation) -> None:
    assert golden(f"status_{generation.value}") == rejected(replace(ENDED, generation=generation))


@pytest.mark.parametrize("generation", [Generation.V0_1, Generation.BETA])
def test_a_report_has_the_form_of_its_generation(generation: Generation) -> None:
    workflow = replace(
        ENDED,
        generation=generation,
        steps=(
            step(
                1,
                "viber_service",
                attempts=(attempt(1, AttemptState.DEAD, negative=Status.REJECTED, price="0.0000", currency="EUR"),),
            ),
            step(
                2,
                "sms",
                attempts=(
                    attempt(1, AttemptState.UNSURE, price="0.0533"),
                    attempt(2, AttemptState.ACCEPTED, best=Status.DELIVERED, price="0.0533", currency="EUR"),
                ),
            ),
            step(3, "messenger"),
        ),
    )

    assert golden(f"report_{generation.value}") == json.loads(final_report(workflow, at=T + 631))


@pytest.mark.parametrize(
    ("generation", "version", "is_v1"),
    [
        (Generation.V1, None, True),
        (Generation.V1, "v0.1", False),
        (Generation.V0_1, None, False),
        (Generation.V0_1, "v1", True),
        (Generation.BETA, None, False),
        (Generation.BETA, "v1", True),
    ],
)
def test_the_steps_own_version_goes_before_the_generation(
    generation: Generation, version: str | None, is_v1: bool
) -> None:
    workflow = replace(ENDED, generation=generation, steps=(step(1, "sms", webhook_version=version),))

    assert is_v1 == (rejected(workflow).get("channel") == "sms")


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_that_v0_1_never_knew_speaks_v1_whatever_was_asked_for(channel: str) -> None:
    asked = replace(ENDED, generation=Generation.V0_1, steps=(step(1, channel, webhook_version="v0.1"),))
    body = rejected(asked)

    older = CHANNELS[channel].v0_1_name
    assert (channel if older is None else None) == body.get("channel")
    assert older == (body["to"]["type"] if isinstance(body["to"], dict) else None)


EXTRAS = {"destination": {"network_code": "23410"}, "sms": {"count_total": "2"}, "status": {"not": "ours"}}


def test_what_the_provider_says_beyond_is_passed_on_in_v1_and_takes_the_place_of_nothing() -> None:
    told = [
        json.loads(
            status_webhook(
                replace(ENDED, generation=generation), 2, sequence=9, status=Status.DELIVERED, at=T, extras=EXTRAS
            )
        )
        for generation in (Generation.V1, Generation.V0_1, Generation.BETA)
    ]

    assert [("delivered", {"network_code": "23410"}, {"count_total": "2"})] + [("delivered", None, None)] * 2 == [
        (body["status"], body.get("destination"), body.get("sms")) for body in told
    ]


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_report_names_its_channels_as_its_generation_does(channel: str) -> None:
    sent = step(1, channel, attempts=(attempt(1, AttemptState.ACCEPTED, best=Status.DELIVERED, price="0.05"),))
    (link,) = json.loads(final_report(replace(ENDED, steps=(sent,)), at=T))["_links"]["messages"]

    assert (CHANNELS[channel].v0_1_name or channel, "delivered") == (link["channel"], link["status"])
    assert 0.05 == float(link["usage"]["price"])


def test_a_single_v1_message_has_no_workflow_in_its_status() -> None:
    single = replace(
        ENDED, generation=Generation.V1, kind=RequestKind.MESSAGE, steps=(step(1, "sms", client_ref="order-17"),)
    )

    body = json.loads(status_webhook(single, 1, sequence=3, status=Status.DELIVERED, at=T))

    assert {
        "message_uuid": "01932f00-0000-8000-8000-000000000001",
        "channel": "sms",
        "to": "447700900000",
        "from": "16273",
        "timestamp": "2026-03-02T09:15:00.000Z",
        "status": "delivered",
        "client_ref": "order-17",
    } == body


def test_a_single_v0_1_message_has_no_link_to_a_workflow() -> None:
    single = replace(ENDED, kind=RequestKind.MESSAGE, steps=(step(1, "sms"),))

    assert "_links" not in rejected(single)


def test_the_providers_time_and_price_are_passed_on_as_they_came() -> None:
    body = json.loads(
        status_webhook(
            ENDED,
            2,
            sequence=9,
            status=Status.DELIVERED,
            at=T,
            price="0.0533",
            currency="USD",
            timestamp="2026-03-02T09:15:04Z",
        )
    )

    assert "2026-03-02T09:15:04Z" == body["timestamp"]
    assert {"currency": "USD", "price": "0.0533"} == body["usage"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [("1360", 1360), ("1000", 1000), ("422", 1330), ("413", 1330), ("timeout", 1330), ("", 1330), ("١٢٣٤", 1330)],
)
def test_codes_of_v0_1_are_those_of_its_table_and_no_status_of_http(code: str, expected: int) -> None:
    body = json.loads(
        status_webhook(ENDED, 1, sequence=4, status=Status.REJECTED, at=T, problem=Problem(code=code, title="Not sent"))
    )

    assert {"code": expected, "reason": "Not sent"} == body["error"]


@pytest.mark.parametrize(
    ("type_uri", "code"), [("https://developer.vonage.com/api-errors/messages#1120", 1120), ("about:blank", 1330)]
)
def test_a_refused_call_has_the_code_that_its_type_names_and_keeps_its_words(type_uri: str, code: int) -> None:
    body = json.dumps({"type": type_uri, "title": "Invalid sender", "detail": "from"}).encode()
    refused = read_answer(status=422, headers={}, body=body, now=T)
    assert isinstance(refused, Refused)

    told = json.loads(status_webhook(ENDED, 1, sequence=4, status=Status.REJECTED, at=T, problem=refused.problem))

    assert {"code": code, "reason": "Invalid sender"} == told["error"]


@pytest.mark.parametrize(("client_ref", "named"), [("order-17", "order-17"), (None, "")])
def test_where_the_provider_quotes_our_reference_the_caller_reads_its_own(client_ref: str | None, named: str) -> None:
    ours, of_another = reference(ENDED.workflow_id, 1, 2), reference("01932f00-0000-8000-8000-00000000ab00", 1, 2)
    quoting = Problem(code="1450", title=f"Invalid client_ref {ours}", detail=f"'{ours}' of {of_another}, {ours}0")
    workflow = replace(ENDED, steps=(step(1, "sms", client_ref=client_ref), *ENDED.steps[1:]))

    v1, old = (
        json.loads(status_webhook(each, 1, sequence=4, status=Status.REJECTED, at=T, problem=quoting))["error"]
        for each in (replace(workflow, generation=Generation.V1), workflow)
    )

    assert f"'{named}' of {of_another}, {named}" == v1["detail"]
    assert f"Invalid client_ref {named}" == old["reason"]


@pytest.mark.parametrize(
    ("outcome", "met", "status"),
    [
        (Outcome.DELIVERED, True, "completed"),
        (Outcome.READ, True, "completed"),
        (Outcome.DELIVERED, False, "error"),
        (Outcome.FAILED, False, "error"),
        (Outcome.UNCONFIRMED, False, "error"),
        (Outcome.EXPIRED, False, "error"),
        (Outcome.CANCELLED, False, "error"),
    ],
)
def test_a_report_says_completed_only_of_a_success(outcome: Outcome, met: bool, status: str) -> None:
    body = json.loads(final_report(replace(ENDED, outcome=outcome, condition_met=met), at=T))

    assert (status, outcome.value, met) == (body["status"], body["outcome"], body["condition_met"])


@pytest.mark.parametrize("price", ["abc", "NaN", "Infinity", "", "1e99999", None])
def test_a_price_nobody_can_read_costs_nothing(price: str | None) -> None:
    known: Attempt = attempt(1, AttemptState.ACCEPTED, price=price)
    workflow = replace(ENDED, steps=(step(1, "sms", attempts=(known,)),))

    assert {"price": "0.0000", "currency": "EUR"} == json.loads(final_report(workflow, at=T))["usage"]


def test_a_message_that_never_left_is_not_in_the_report() -> None:
    workflow = replace(ENDED, steps=(step(1, "sms", attempts=(attempt(1, AttemptState.NOT_SENT),)),))

    assert [] == json.loads(final_report(workflow, at=T))["_links"]["messages"]
