"""What callers are told, read back by our own reader of the provider's webhooks: every channel, form and status."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.channels import CHANNELS
from shared.ids import message_uuid
from shared.model import AttemptState, Generation, Problem, RequestKind, Status, Workflow
from shared.vonage.webhooks import ReportWebhook, StatusWebhook, read
from shared.wire.callbacks import final_report, status_webhook
from tests.unit.test_wire_answers import ENDED, T, attempt, step

WORDS = st.text(st.sampled_from("aZ0é/Прив&<>\"'\\👋"), min_size=1, max_size=20)
REFERENCES = st.none() | st.text(st.sampled_from('aZ09-_.~"\\'), min_size=1, max_size=20)
PRICES = st.none() | st.decimals(min_value=0, max_value=99, places=4).map(str)
VERSIONS = st.sampled_from([None, "v1", "v0.1"])
CODES = st.sampled_from(["1000", "1300", "1360"])
NAMES = st.sampled_from(sorted(CHANNELS))


@st.composite
def workflows(draw: st.DrawFn) -> Workflow:
    steps = tuple(
        step(number, draw(NAMES), client_ref=draw(REFERENCES), webhook_version=draw(VERSIONS))
        for number in range(1, draw(st.integers(1, 3)) + 1)
    )
    return replace(
        ENDED,
        generation=draw(st.sampled_from(Generation)),
        kind=draw(st.sampled_from(RequestKind)),
        steps=steps,
    )


@given(workflows(), st.sampled_from(Status), CODES, WORDS, PRICES)
def test_a_status_says_to_its_reader_what_was_meant(
    workflow: Workflow, status: Status, code: str, words: str, price: str | None
) -> None:
    problem = Problem(code=code, title=words, detail=words) if status.negative else None
    last = workflow.steps[-1]
    raw = status_webhook(
        workflow, last.number, sequence=4, status=status, at=T, problem=problem, price=price, currency="USD"
    )
    told = read(raw)

    assert isinstance(told, StatusWebhook)
    assert (status, price) == (told.receipt.status, told.receipt.price)
    assert message_uuid(workflow.workflow_id, last.number) == told.provider_uuid
    assert (last.message.channel, last.message.recipient, last.message.sender) == (
        told.channel,
        told.recipient,
        told.sender,
    )
    # What looks like a UUID is read in lower case.
    assert (last.client_ref or "").lower() == (told.reference or "").lower()
    found = told.receipt.problem
    assert (None if problem is None else (code, words)) == (None if found is None else (found.code, found.title))


@given(workflows(), st.lists(st.tuples(st.sampled_from([Status.DELIVERED, Status.READ]), PRICES), max_size=3))
def test_a_report_says_to_its_reader_what_was_meant(workflow: Workflow, sent: list[tuple[Status, str | None]]) -> None:
    called = [
        replace(each, attempts=(attempt(1, AttemptState.ACCEPTED, best=status, price=price),))
        for each, (status, price) in zip(workflow.steps, sent, strict=False)
    ]
    ended = replace(
        workflow,
        generation=Generation.BETA if workflow.generation is Generation.BETA else Generation.V0_1,
        steps=(*called, *workflow.steps[len(called) :]),
    )
    told = read(final_report(ended, at=T))

    assert isinstance(told, ReportWebhook)
    assert (workflow.workflow_id, bool(ended.condition_met)) == (told.workflow_id, told.completed)
    assert [
        (message_uuid(workflow.workflow_id, each.number), each.message.channel, each.status) for each in called
    ] == [(message.provider_uuid, message.channel, message.status) for message in told.messages]
