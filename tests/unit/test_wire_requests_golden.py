"""Bodies written after the provider's documents, and the workflow that each of them makes."""

import json
from pathlib import Path

import msgspec
import pytest

from shared.model import Delivery, Engine, Generation, Priority, RequestKind, WhenStopped, Workflow
from shared.wire.requests import Defaults, StartType, read_start, to_workflow

GOLDEN = Path(__file__).parents[1] / "golden" / "wire"
WORKFLOW_ID = "01932f00-0000-8000-8000-000000000000"
CASES = {
    "dispatch": StartType.WORKFLOW_V0_1,
    "beta_workflow": StartType.WORKFLOW_BETA,
    "message_v0_1": StartType.MESSAGE_V0_1,
    "message_v1": StartType.MESSAGE_V1,
    "message_v1_failover": StartType.MESSAGE_V1,
    "message_v1_rich": StartType.MESSAGE_V1,
}
NOT_YET = (
    "attempts turn_at patience_ends_at patience_counted_from patience_left first_claimed_at window_ends_at settle_by"
    " doubt_at retry_at held_since became_last resend again_count busy_count struck_out over told"
).split()


def made(name: str) -> Workflow:
    start = read_start(CASES[name], (GOLDEN / f"{name}.json").read_bytes())
    return to_workflow(
        start,
        workflow_id=WORKFLOW_ID,
        tenant="acme",
        application_id=None,
        accepted_at=1_772_442_900.0,
        defaults=Defaults(),
    )


def readable(workflow: Workflow) -> dict[str, object]:
    told: dict[str, object] = json.loads(msgspec.json.encode(workflow))
    steps = told["steps"]
    assert isinstance(steps, list)
    told["steps"] = [{key: value for key, value in step.items() if key not in NOT_YET} for step in steps]
    kept = "generation kind steps send_by final_receipt_time when_stopped priority engine".split()
    return {key: told[key] for key in kept}


@pytest.mark.parametrize("name", CASES)
def test_a_body_makes_the_workflow_that_was_read_by_a_person(name: str) -> None:
    expected = json.loads((GOLDEN / f"{name}.workflow.json").read_text(encoding="utf-8"))

    assert expected == readable(made(name))


def test_what_the_request_does_not_say_is_the_workflows_own() -> None:
    workflow = made("beta_workflow")

    assert (Generation.BETA, RequestKind.WORKFLOW) == (workflow.generation, workflow.kind)
    assert (WORKFLOW_ID, "acme", None) == (workflow.workflow_id, workflow.tenant, workflow.application_id)
    assert (1_772_442_900.0, 1_772_702_100.0) == (workflow.accepted_at, workflow.send_by)
    assert (WhenStopped.HOLD, Priority.NORMAL, Engine.LOCAL) == (
        workflow.when_stopped,
        workflow.priority,
        workflow.engine,
    )
    assert [Delivery.AT_MOST_ONCE, Delivery.AT_LEAST_ONCE] == [step.delivery for step in workflow.steps]


def test_the_fingerprint_is_of_the_bytes() -> None:
    raw = (GOLDEN / "message_v1.json").read_bytes()

    first, same, other = (read_start(StartType.MESSAGE_V1, body) for body in (raw, raw, raw + b" "))

    assert first.fingerprint == same.fingerprint
    assert first.fingerprint != other.fingerprint
