"""The scenarios that only an engine can show, each under its number. The core's are in tests/unit/test_scenarios.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from random import Random
from typing import Literal, cast

import pytest

from services.dispatcher.engine import Engine
from shared.ids import event_id
from shared.metrics import Metrics
from shared.model import Outcome, Problem, State
from shared.outcomes import Unsure
from shared.queue import envelope
from shared.store.directory import DirectoryChange
from shared.store.migrations import upgrade
from shared.store.opening import open_store
from shared.store.port import Store
from shared.store.records import Batch, Committed
from shared.wire.announcements import read_answer
from tests.simulation.rabbit import Connection
from tests.support.engine_bench import EPOCH, Bench, HandSenders, account, settings

UNSURE = Unsure(problem=Problem(code="timeout", title="no answer in 15 s"))
WINDOW_S = 20.0
"""Of every step of the bench but the last."""


class Crash(BaseException):
    """The process is gone. Not an Exception: nothing in the engine may catch it."""


class Wrapped:
    """A store that does something around one of its calls."""

    def __init__(self, store: object, *, after: str = "", crash: bool = False) -> None:
        self._store = store
        self._after = after if crash else ""
        self.before_commit: Callable[[Batch], None] = lambda _: None

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def commit(self, batch: Batch) -> Committed:
        self.before_commit(batch)
        committed: Committed = self._store.commit(batch)  # type: ignore[attr-defined]  # any store has it
        if self._after == "commit" and batch.changes:
            raise Crash
        return committed

    def outbox_sent(self, row_ids: Collection[int]) -> None:
        if self._after == "publish":
            raise Crash
        self._store.outbox_sent(row_ids)  # type: ignore[attr-defined]  # any store has it


class OnlyDue(Wrapped):
    """A store whose timers show one workflow."""

    def __init__(self, store: object, workflow_id: str) -> None:
        super().__init__(store)
        self._workflow_id = workflow_id

    def due(self, *, now: float, read_to: float, limit: int, seed: int) -> tuple[str, ...]:
        found = self._store.due(now=now, read_to=read_to, limit=limit, seed=seed)  # type: ignore[attr-defined]
        return tuple(each for each in found if each == self._workflow_id)


class Later:
    """The clock of a host that runs before the other's."""

    def __init__(self, bench: Bench, ahead_s: float) -> None:
        self._bench = bench
        self._ahead_s = ahead_s

    def monotonic(self) -> float:
        return self._bench.now + self._ahead_s


def second_engine(bench: Bench, *, ahead_s: float = 0.0, store: Wrapped | None = None) -> tuple[Engine, HandSenders]:
    """Return another dispatcher on the same broker and store."""
    connection, senders = Connection(bench.rabbit, Random(2)), HandSenders()
    shown: Store = bench.store if store is None else cast("Store", store)
    return Engine(connection, shown, connection, senders, Later(bench, ahead_s), settings("dispatcher-2")), senders


@pytest.fixture(params=["memory", "sqlite"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """A bench on the store in memory, and on a real one."""
    made = Bench()
    if request.param == "memory":
        yield made
        return
    url = f"sqlite:///{tmp_path}/store.db"
    upgrade(url)
    store = open_store(url, clock=lambda: EPOCH + made.now)
    known = made.store.directory()
    rows: list[DirectoryChange] = [*known.accounts.values(), *known.tenants.values(), *known.publishers.values()]
    for row in rows:
        store.change_directory(row)
    made.store = store  # type: ignore[assignment]  # the bench asks no more of it than of the one in memory
    made.restart()
    yield made
    store.close()


@pytest.mark.parametrize("moment", ["commit", "publish"])
def test_scenario_22_a_crash_between_commit_publish_and_delete(
    bench: Bench, moment: Literal["commit", "publish"]
) -> None:
    bench.restart(store=Wrapped(bench.store, after=moment, crash=True))
    workflow_id = bench.start("viber_service", "sms")
    with pytest.raises(Crash):
        bench.pass_time(3.0)
    crashed_with = bench.store.outbox_count()
    published = [message.message_id for message in bench.told(envelope.EVENT)]

    bench.restart(name="dispatcher-2")
    bench.pass_time(8.0)

    told = Counter(message.message_id for message in bench.told(envelope.EVENT))
    meant = {event_id(workflow_id, entry.sequence) for entry in bench.store.timeline(workflow_id) if entry.event}
    assert crashed_with > 0
    assert (moment == "publish") is bool(published)
    assert meant == set(told), "each under its own id"
    assert set(published) == {id_ for id_, times in told.items() if times > 1}, "again, where nobody knew it had left"
    assert (0, 1) == (bench.store.outbox_count(), bench.story(workflow_id).count("claimed"))


def test_scenario_24_two_dispatchers_and_one_due_row(bench: Bench) -> None:
    store = Wrapped(bench.store)
    bench.restart(store=store)
    contested, mine = bench.start("viber_service", "sms"), bench.start("viber_service", "sms")
    bench.turn()
    bench.answer()
    bench.answer()
    other, other_senders = second_engine(bench, store=OnlyDue(bench.store, contested))
    raced: list[set[str]] = []

    def overtake(batch: Batch) -> None:
        changed = {change.workflow.workflow_id for change in batch.changes}
        if contested in changed and not raced:
            raced.append(changed)
            for _ in range(6):
                other.turn()

    store.before_commit = overtake
    bench.pass_time(WINDOW_S + 1.0)

    assert [{contested, mine}] == raced, "both were in the batch that lost one of them"
    for workflow_id in (contested, mine):
        story = bench.story(workflow_id)
        assert ["accepted", "claimed", "sent", "next window", "claimed"] == story
        assert list(range(1, 6)) == [entry.sequence for entry in bench.store.timeline(workflow_id)]
    deciders = [bench.store.timeline(each)[3].facts["dispatcher"] for each in (contested, mine)]
    assert ["dispatcher-2", "dispatcher-1"] == deciders
    calls = Counter(each.workflow_id for senders in (bench.senders, other_senders) for each in senders.tickets)
    assert {contested: 1, mine: 1} == calls


@pytest.mark.parametrize("ahead_s", [3.0, -3.0])
def test_scenario_25_two_hosts_whose_clocks_are_3_s_apart(bench: Bench, ahead_s: float) -> None:
    workflow_id = bench.start("viber_service", "sms")
    bench.turn()
    bench.answer()
    ends = EPOCH + bench.now + WINDOW_S
    bench.connection.cut()
    other, senders = second_engine(bench, ahead_s=ahead_s)

    while not senders.tickets:
        bench.now += 0.25
        bench.mark()
        for _ in range(3):
            other.turn()
        assert bench.now < WINDOW_S + 5.0

    (left,) = [entry for entry in bench.store.timeline(workflow_id) if entry.what.value == "next"]
    assert ends <= left.at <= ends + 1.0
    assert EPOCH + bench.now == senders.tickets[0].claimed_at


def test_scenario_26_ingress_down_for_20_min_and_the_providers_receipts_come_late() -> None:
    bench = Bench()
    metrics = Metrics()
    bench.engine = Engine(
        bench.connection, bench.store, bench.connection, bench.senders, bench, settings("d-1"), metrics=metrics
    )
    doubtful, windowed = bench.start("sms"), bench.start("viber_service", "sms")
    bench.turn()
    tickets = {each.workflow_id: each for each in bench.senders.tickets}
    bench.answer(UNSURE, ticket=tickets[doubtful])
    bench.answer(ticket=tickets[windowed])
    bench.pass_time(2.0)
    bench.marking = False

    bench.pass_time(55.0)
    held = (bench.workflow(windowed).current, metrics.alarms.labels("receipts_blind")._value.get())
    bench.pass_time(10.0)
    fired = (bench.workflow(windowed).current, metrics.alarms.labels("receipts_blind")._value.get())
    bench.pass_time(1200.0, step_s=5.0)
    in_doubt = bench.story(doubtful)
    bench.receipt("delivered", doubtful)
    bench.receipt("delivered", windowed)
    bench.marking = True
    bench.pass_time(2.0)

    assert ((1, 0.0), (2, 1.0)) == (held, fired), "windows hold for a minute, then they fire and an alarm says so"
    assert ["accepted", "claimed", "unsure unsure"] == in_doubt, "nothing is sent again while nobody takes webhooks"
    assert Outcome.DELIVERED == bench.workflow(doubtful).outcome
    assert (Outcome.DELIVERED, 1) == (bench.workflow(windowed).outcome, bench.workflow(windowed).outcome_step)


def test_scenario_27_the_same_message_id_with_another_body(bench: Bench) -> None:
    body = b'{"channel":"sms","message_type":"text","to":"447700900001","from":"Shop","text":"one"}'
    for text in (b"one", b"two", b"one"):
        bench.put(body.replace(b"one", text), user="shop", message_id="order-1", reply_to="shop.answers")
        bench.pass_time(1.0)

    answers = [read_answer(message.body) for message in bench.told(envelope.ANSWER)]
    assert [("accepted", None), ("rejected", "idempotency_conflict"), ("accepted", None)] == [
        (answer.answer, answer.reason) for answer in answers
    ]
    assert ([("idempotency_conflict", "cascade.intake")], 1) == (bench.dead, len(bench.senders.tickets))


def test_scenario_42_a_receipt_with_our_reference_signed_by_another_account(bench: Bench) -> None:
    bench.store.change_directory(account("rival"))
    workflow_id = bench.start("sms")
    bench.turn()
    bench.answer()

    for status in ("delivered", "rejected"):
        bench.receipt(status, workflow_id, account_name="rival", code="1070" if status == "rejected" else None)
        bench.receipt(status, uuid="uuid-1-1", account_name="rival", code="1240" if status == "rejected" else None)
    bench.pass_time(2.0)

    assert (State.WAITING, (), ()) == (
        bench.workflow(workflow_id).state,
        bench.workflow(workflow_id).reached,
        bench.store.controls().stops,
    )
    assert {"wrong_account"} == {each.reason for each in bench.store.due_parked(now=EPOCH + 1e5, limit=10)}
    bench.receipt("delivered", workflow_id)
    bench.pass_time(1.0)
    assert Outcome.DELIVERED == bench.workflow(workflow_id).outcome


def test_scenario_43_receipts_of_a_sibling_application_on_the_same_account() -> None:
    bench = Bench()
    metrics = Metrics()
    bench.engine = Engine(
        bench.connection, bench.store, bench.connection, bench.senders, bench, settings("d-1"), metrics=metrics
    )
    for number in range(3):
        bench.receipt("delivered", uuid=f"of-a-sibling-{number}")
    bench.pass_time(2.0)

    tried = len(bench.store.due_parked(now=EPOCH + 1e5, limit=10))
    bench.pass_time(400.0, step_s=2.0)
    given_up = (bench.store.due_parked(now=EPOCH + 1e9, limit=10), bench.store.count_orphans())
    counted = metrics.orphans._value.get()
    capped = bench.store.purge_parked(now=EPOCH + bench.now, keep_at_most=2)
    kept = bench.store.purge_parked(now=EPOCH + 7 * 86_400 - 1.0)
    purged = bench.store.purge_parked(now=EPOCH + 7 * 86_400 + 10.0)

    assert (3, ((), 3), 3.0) == (tried, given_up, counted)
    assert (1, 0, 2) == (capped, kept, purged)
    assert [] == bench.dead
