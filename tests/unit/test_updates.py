"""Updates of single messages: which message is meant, how often it is tried, and what the end is."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import pytest

from services.dispatcher.ports import UpdateEnded, UpdateWish
from services.dispatcher.updates import CRASHED, NO_ACCOUNT, NO_STORE, UNKNOWN, UpdatePool, target_of
from services.dispatcher.updates_told import update_told
from services.dispatcher.work import Command, Piece
from shared.errors import StoreUnavailable
from shared.ids import message_uuid
from shared.model import AttemptState, Problem, Scope, Status, Workflow
from shared.outcomes import Accepted, Busy, CallOutcome, OurFault, Refused, Unsure
from shared.queue import envelope
from shared.store.directory import Account
from shared.store.memory import MemoryStore
from shared.store.records import Batch, InboundRow
from shared.vonage.updates import Update
from shared.wire.envelopes import MessageUpdate, UpdateStatus
from tests.support.engine_bench import account
from tests.support.plans import START, viber_then_sms
from tests.support.play import Play
from tests.support.updates import INBOUND, delivery_of, fill, store_with
from tests.support.waiting import wait_until

DONE = Accepted(provider_uuid="u")
PROBLEM = Problem(code="500", title="Internal error")


class Provider:
    """Answers updates by a script, then takes everything."""

    def __init__(self, *outcomes: CallOutcome | Exception) -> None:
        self.script = deque(outcomes)
        self.asked: list[tuple[Update, str]] = []

    def update(self, update: Update, account: Account) -> CallOutcome:
        self.asked.append((update, account.name))
        outcome = self.script.popleft() if self.script else DONE
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class AbsentStore(MemoryStore):
    """Is away for the first so many looks."""

    away = 0

    def find_inbound(self, provider_uuid: str) -> tuple[InboundRow, ...]:
        if self.away > 0:
            self.away -= 1
            raise StoreUnavailable("away")
        return super().find_inbound(provider_uuid)


def sent() -> Workflow:
    return Play(viber_then_sms()).claim().accepted().workflow


def wish(uuid: str, *, tenant: str = "acme", status: UpdateStatus = UpdateStatus.REVOKED) -> UpdateWish:
    update = MessageUpdate(message_uuid=uuid, tenant=tenant, by="caller", at=START, status=status)
    return UpdateWish(update=update, delivery=delivery_of(update))


def ended(
    asked: UpdateWish, store: MemoryStore, provider: Provider, *, pauses_s: tuple[float, ...] = (0.0, 0.0, 0.0)
) -> UpdateEnded:
    """Return what came of a wish."""
    came: list[UpdateEnded] = []
    accounts = {"default": account("default")}
    pool = UpdatePool(
        transport=provider, store=store, account_named=accounts.get, deliver=came.append, pauses_s=pauses_s
    )
    pool.submit(asked)
    wait_until(lambda: came)
    return came[0]


def test_a_message_of_ours_is_revoked_under_the_provider_s_id() -> None:
    workflow, provider = sent(), Provider()
    uuid = message_uuid(workflow.workflow_id, 1)

    end = ended(wish(uuid), store_with(workflow), provider)

    assert (None, workflow.workflow_id, 1) == (end.problem, end.workflow_id, end.step)
    assert [
        (Update(provider_uuid="11111111-1111-4111-8111-111111111111", status="revoked"), "default")
    ] == provider.asked


def test_an_inbound_message_is_read_where_it_lives() -> None:
    provider = Provider()
    asked = wish("in-1", status=UpdateStatus.READ)
    asked = replace(asked, update=_with_indicator(asked.update))

    end = ended(asked, store_with(), provider)

    assert (None, None) == (end.problem, end.workflow_id)
    expected = Update(
        provider_uuid="in-1", status="read", replying_indicator={"show": True}, region_url=INBOUND.region_url
    )
    assert [(expected, "default")] == provider.asked


def _with_indicator(update: MessageUpdate) -> MessageUpdate:
    return MessageUpdate(
        message_uuid=update.message_uuid,
        tenant=update.tenant,
        by=update.by,
        at=update.at,
        status=update.status,
        replying_indicator={"show": True},
    )


def test_the_attempt_that_reached_the_person_is_the_one_that_is_meant() -> None:
    workflow = sent()
    first = replace(workflow.steps[0].attempts[0], provider_uuid="reached", best=Status.DELIVERED)
    again = replace(first, number=2, provider_uuid="again", best=None, state=AttemptState.ACCEPTED)
    steps = (replace(workflow.steps[0], attempts=(first, again)), workflow.steps[1])
    provider = Provider()

    ended(wish(message_uuid(workflow.workflow_id, 1)), store_with(replace(workflow, steps=steps)), provider)

    assert ["reached"] == [update.provider_uuid for update, _ in provider.asked]


@pytest.mark.parametrize("which", ["nobody's", "no uuid", "not sent", "no step", "another tenant's", "their inbound"])
def test_what_is_not_the_tenant_s_or_not_sent_is_not_called_for(which: str) -> None:
    workflow, provider = sent(), Provider()
    uuids = {
        "nobody's": "01932f00-0000-8000-8000-000000000001",
        "no uuid": "x",
        "not sent": message_uuid(workflow.workflow_id, 2),
        "no step": message_uuid(workflow.workflow_id, 9),
        "another tenant's": message_uuid(workflow.workflow_id, 1),
        "their inbound": "in-1",
    }
    tenant = "other" if which in ("another tenant's", "their inbound") else "acme"

    assert UNKNOWN == ended(wish(uuids[which], tenant=tenant), store_with(workflow), provider).problem
    assert [] == provider.asked


@pytest.mark.parametrize(
    "outcome", [Busy(problem=PROBLEM), Busy(problem=PROBLEM, retry_after_s=0.0), Unsure(problem=PROBLEM)]
)
def test_an_update_is_tried_again_since_it_is_the_same_however_often_it_is_made(outcome: CallOutcome) -> None:
    provider = Provider(outcome, outcome)

    assert ended(wish("in-1"), store_with(), provider).problem is None
    assert 3 == len(provider.asked)


def test_an_id_that_two_accounts_took_is_for_each_tenant_its_own_message() -> None:
    store = store_with()
    store.commit(Batch(inbound=(replace(INBOUND, account="another", tenant="rival", region_url=None),)))
    targets = {tenant: target_of(wish("in-1", tenant=tenant), store) for tenant in ("acme", "rival", "nobody")}

    assert {"acme": "default", "rival": "another", "nobody": None} == {
        tenant: target.account if target is not None else None for tenant, target in targets.items()
    }


def test_it_is_not_tried_for_ever() -> None:
    provider = Provider(*[Unsure(problem=PROBLEM)] * 10)

    assert PROBLEM == ended(wish("in-1"), store_with(), provider).problem
    assert 4 == len(provider.asked)


@pytest.mark.parametrize("outcome", [Refused(problem=PROBLEM), OurFault(problem=PROBLEM, scope=Scope.CHANNEL)])
def test_what_is_hopeless_is_tried_once(outcome: CallOutcome) -> None:
    provider = Provider(outcome)

    assert PROBLEM == ended(wish("in-1"), store_with(), provider).problem
    assert 1 == len(provider.asked)


@pytest.mark.parametrize(("away", "problem"), [(2, None), (99, NO_STORE)])
def test_a_store_that_is_away_is_asked_again(away: int, problem: Problem | None) -> None:
    store = AbsentStore(clock=lambda: START)
    fill(store)
    store.away = away

    assert problem == ended(wish("in-1"), store, Provider()).problem


def test_an_account_that_is_gone_is_said_to_be() -> None:
    came: list[UpdateEnded] = []
    UpdatePool(transport=Provider(), store=store_with(), account_named=lambda _: None, deliver=came.append).submit(
        wish("in-1")
    )
    wait_until(lambda: came)

    assert NO_ACCOUNT == came[0].problem


def test_a_bug_ends_one_wish_and_no_thread() -> None:
    came: list[UpdateEnded] = []
    provider = Provider(ZeroDivisionError())
    pool = UpdatePool(
        transport=provider,
        store=store_with(),
        account_named={"default": account("default")}.get,
        deliver=came.append,
        threads=1,
    )
    pool.submit(wish("in-1"))
    pool.submit(wish("in-1"))
    wait_until(lambda: len(came) == 2)

    assert [CRASHED, None] == [each.problem for each in came]


# What follows


def test_a_revocation_that_was_done_is_a_line_in_the_journal() -> None:
    asked = wish("m")
    (work,) = update_told(UpdateEnded(wish=asked, problem=None, workflow_id="w", step=2), at=START, owner="d")

    assert isinstance(work, Command)
    assert (asked.delivery, "w", "acme") == (work.delivery, work.workflow_id, work.tenant)


def test_one_that_failed_is_a_dead_letter_beside_it() -> None:
    asked = wish("m")
    letter, work = update_told(UpdateEnded(wish=asked, problem=PROBLEM, workflow_id="w", step=2), at=START, owner="d")

    assert isinstance(letter, Piece)
    assert () == letter.deliveries
    assert "500: Internal error" == letter.outbox[0].headers[envelope.DEAD_DETAIL]
    assert isinstance(work, Command)


def test_an_inbound_one_is_acknowledged_with_its_dead_letter_or_without() -> None:
    asked = wish("m")
    (done,) = update_told(UpdateEnded(wish=asked, problem=None), at=START, owner="d")
    (failed,) = update_told(UpdateEnded(wish=asked, problem=UNKNOWN), at=START, owner="d")

    assert isinstance(done, Piece)
    assert ((asked.delivery,), ()) == (done.deliveries, done.outbox)
    assert isinstance(failed, Piece)
    assert ((asked.delivery,), "update_failed") == (failed.deliveries, failed.outbox[0].headers[envelope.DEAD_REASON])
