"""Ids of our messages inside a message: the provider's take their place just before the call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.dispatcher.ports import CallTicket
from services.dispatcher.quoting import NOT_KNOWN, QuotingCaller
from shared.errors import StoreUnavailable
from shared.ids import marked_workflow_id, message_uuid
from shared.model import Engine, Message, Workflow
from shared.outcomes import Accepted, CallOutcome, Refused, Stale
from shared.store.directory import Account
from shared.store.memory import MemoryStore
from shared.store.records import Stored
from tests.support.engine_bench import account
from tests.support.plans import PROVIDER_UUID, START, step, viber_then_sms, workflow
from tests.support.play import Play
from tests.support.updates import store_with

SENT = Play(viber_then_sms()).claim().accepted().workflow
OF_OURS = message_uuid(SENT.workflow_id, 1)
NOT_SENT = message_uuid(SENT.workflow_id, 2)
SECRET = b"of this deployment"
NO_ROW_YET = marked_workflow_id(milliseconds=int(START * 1000), random_bits=7, tenant="acme", secret=SECRET)


class Provider:
    """Remembers what it was called with."""

    def __init__(self) -> None:
        self.tickets: list[CallTicket] = []

    def call(self, ticket: CallTicket, account: Account) -> CallOutcome:
        self.tickets.append(ticket)
        return Accepted(provider_uuid=account.name)


class AbsentStore(MemoryStore):
    def find(self, workflow_id: str) -> Stored | None:
        raise StoreUnavailable(workflow_id)


def quoting(uuid: object) -> Message:
    return Message(
        channel="whatsapp",
        kind="text",
        recipient="447700900000",
        sender="447700900001",
        content={"text": "yes", "context": {"message_uuid": uuid, "more": 1}},
    )


def ticket(message: Message, *, tenant: str = "acme", whole: Workflow | None = None) -> CallTicket:
    return CallTicket(
        workflow_id="w",
        step=1,
        attempt=1,
        reference="r",
        account="default",
        message=message,
        ttl=None,
        claimed_at=0.0,
        claimed_monotonic=0.0,
        tenant=tenant,
        whole=whole,
    )


def called(asked: CallTicket, store: MemoryStore | None = None) -> tuple[CallOutcome, list[CallTicket]]:
    provider = Provider()
    outcome = QuotingCaller(provider, store or store_with(SENT), secret=lambda: SECRET).call(asked, account("default"))
    return outcome, provider.tickets


def test_our_id_becomes_the_provider_s_and_nothing_else_changes() -> None:
    _, (made,) = called(ticket(quoting(OF_OURS)))

    assert {"message_uuid": PROVIDER_UUID, "more": 1} == made.message.content["context"]
    assert "yes" == made.message.content["text"]


OTHERS = {
    "the provider's own": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
    "of our form and nobody's": "01932f00-0000-8000-8000-00000000ab01",
    "a workflow's": SENT.workflow_id,
    "no uuid": "wamid.1",
    "no text": 7,
}


@pytest.mark.parametrize("uuid", OTHERS.values(), ids=OTHERS.keys())
def test_any_other_id_passes_as_it_is(uuid: object) -> None:
    _, (made,) = called(ticket(quoting(uuid)))

    assert quoting(uuid) == made.message


def test_another_tenant_s_message_is_not_ours_to_name() -> None:
    _, (made,) = called(ticket(quoting(OF_OURS), tenant="other"))

    assert quoting(OF_OURS) == made.message


def test_a_message_without_context_is_not_looked_up() -> None:
    plain = replace(quoting(""), content={"text": "yes"})
    outcome, (made,) = called(ticket(plain), AbsentStore(clock=lambda: START))

    assert isinstance(outcome, Accepted)
    assert plain == made.message


NOT_KNOWN_YET = {
    "never sent": NOT_SENT,
    "a step that there is not": message_uuid(SENT.workflow_id, 9),
    "taken, and still in the broker": message_uuid(NO_ROW_YET, 1),
}


@pytest.mark.parametrize("uuid", NOT_KNOWN_YET.values(), ids=NOT_KNOWN_YET.keys())
def test_an_answer_to_what_the_provider_does_not_know_is_refused_with_words(uuid: str) -> None:
    assert (Refused(problem=NOT_KNOWN, asked=False), []) == called(ticket(quoting(uuid)))


def test_another_tenant_learns_nothing_of_a_message_that_is_still_in_the_broker() -> None:
    waiting = quoting(message_uuid(NO_ROW_YET, 1))
    _, (made,) = called(ticket(waiting, tenant="other"))

    assert waiting == made.message


def test_while_the_store_is_away_nothing_is_sent() -> None:
    assert (Stale(), []) == called(ticket(quoting(OF_OURS)), AbsentStore(clock=lambda: START))


def test_every_message_of_a_whole_workflow_is_translated() -> None:
    steps = (step(1, "sms", window=60), replace(step(2, "sms"), message=quoting(OF_OURS)))
    whole = workflow(*steps, engine=Engine.PROVIDER, message_id="m-2")

    _, (made,) = called(ticket(steps[0].message, whole=whole))

    assert made.whole is not None
    assert {"message_uuid": PROVIDER_UUID, "more": 1} == made.whole.steps[1].message.content["context"]
