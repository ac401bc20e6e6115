"""The engine's turns: what it acknowledges, publishes, calls and keeps, with every port in the test's hand."""

import json
from collections.abc import Callable

from shared.errors import StoreUnavailable
from shared.model import Outcome, Problem, Scope, State
from shared.outcomes import Busy, OurFault, Refused, Unsure
from shared.queue import envelope
from shared.store.records import Batch, Committed
from shared.wire.announcements import read_answer, read_event
from shared.wire.envelopes import CommandName
from tests.support.engine_bench import EPOCH, Bench

PROBLEM = Problem(code="test", title="made up")


def test_a_start_becomes_a_row_a_step_message_and_a_call_and_is_acknowledged() -> None:
    bench = Bench()
    workflow_id = bench.start("viber_service", "sms")
    bench.turn()

    assert ["accepted", "claimed"] == bench.story(workflow_id)
    assert [(workflow_id, 1, 1)] == [(each.workflow_id, each.step, each.attempt) for each in bench.senders.tickets]
    assert [] == bench.unacked


def test_a_workflow_delivered_on_its_first_channel_ends_with_one_call_and_its_events() -> None:
    bench = Bench()
    workflow_id = bench.start("viber_service", "sms")
    bench.turn()
    bench.answer()
    bench.receipt("submitted", workflow_id)
    bench.receipt("delivered", workflow_id)
    bench.turn()

    assert Outcome.DELIVERED == bench.workflow(workflow_id).outcome
    assert [
        "workflow.accepted",
        "workflow.step_started",
        "message.submitted",
        "message.delivered",
        "workflow.final",
    ] == [read_event(message.body).event for message in bench.told(envelope.EVENT)]
    assert ["status", "status"] == [row.kind for row in bench.store.callbacks_of(workflow_id)]


def test_a_refusal_sends_the_next_step_in_the_same_breath() -> None:
    bench = Bench()
    workflow_id = bench.start("viber_service", "sms")
    bench.turn()
    bench.answer(Refused(problem=PROBLEM))

    assert [(2, "sms")] == [(each.step, each.message.channel) for each in bench.senders.tickets]
    assert ["accepted", "claimed", "refused refused", "next refused", "claimed"] == bench.story(workflow_id)


def test_a_window_ends_only_after_the_receipts_before_it_were_read() -> None:
    bench = Bench()
    workflow_id = bench.start("viber_service", "sms")
    bench.turn()
    bench.answer()
    bench.marking = False
    bench.now += 25.0
    bench.turn()

    assert State.WAITING is bench.workflow(workflow_id).state

    bench.receipt("delivered", workflow_id)  # it was in the queue before the marker
    bench.mark()
    bench.turn()

    assert Outcome.DELIVERED == bench.workflow(workflow_id).outcome
    assert [] == bench.senders.tickets


def test_a_window_ends_within_a_second_while_receipts_are_read() -> None:
    bench = Bench()
    workflow_id = bench.start("viber_service", "sms")
    bench.turn()
    bench.answer()
    bench.pass_time(19.9)

    assert State.WAITING is bench.workflow(workflow_id).state

    bench.pass_time(1.1)

    assert "next window" in bench.story(workflow_id)
    assert ["sms"] == [each.message.channel for each in bench.senders.tickets]


def test_windows_fire_a_minute_after_the_last_marker_and_doubt_does_not() -> None:
    bench = Bench()
    windowed = bench.start("viber_service", "sms")
    doubtful = bench.start("sms")
    bench.turn()
    bench.answer(ticket=bench.call_of(windowed))
    bench.answer(Unsure(problem=PROBLEM), ticket=bench.call_of(doubtful))
    bench.marking = False
    bench.pass_time(50.0)

    assert State.WAITING is bench.workflow(windowed).state

    bench.pass_time(12.0)

    assert "next window" in bench.story(windowed)

    bench.pass_time(120.0)

    assert not any(line.startswith("resend") for line in bench.story(doubtful))

    bench.marking = True
    bench.pass_time(2.0)

    assert any(line.startswith("resend") for line in bench.story(doubtful))


def test_after_an_outage_of_all_dispatchers_receipts_are_read_before_windows_are_judged() -> None:
    bench = Bench()
    workflow_id = bench.start("viber_service", "sms")
    bench.turn()
    bench.answer()
    bench.connection.cut()
    bench.now += 600.0
    bench.receipt("delivered", workflow_id)
    bench.restart()
    bench.turn()

    assert Outcome.DELIVERED == bench.workflow(workflow_id).outcome
    assert [] == bench.senders.tickets


def test_an_answer_is_kept_while_the_store_is_away_and_committed_first() -> None:
    bench = Bench()
    flaky = FlakyStore(bench)
    bench.restart(store=flaky)
    workflow_id = bench.start("viber_service", "sms")
    bench.turn()
    flaky.away = True
    bench.now += 2.0
    bench.answer()
    bench.receipt("submitted", workflow_id)
    for _ in range(20):
        bench.now += 0.5
        bench.turn(1)

    assert State.SENDING is bench.workflow(workflow_id).state
    assert ["cascade.receipts"] == [queue for queue in bench.unacked if queue == "cascade.receipts"]

    flaky.away = False
    flaky.commits.clear()
    bench.now += 2.0
    bench.turn()

    assert ["accepted", "claimed", "sent", "receipt submitted"] == bench.story(workflow_id)
    assert [1, 1] == [len(batch.changes) for batch in flaky.commits if batch.changes]  # the answer by itself
    sent = bench.workflow(workflow_id).steps[0].attempts[0].sent_at
    assert EPOCH + 2.0 == sent  # when it came, not when it could be written


def test_nothing_is_called_and_nothing_acknowledged_when_a_claim_is_not_committed() -> None:
    bench = Bench()
    flaky = FlakyStore(bench)
    bench.restart(store=flaky)
    bench.turn(1)
    bench.start("viber_service", "sms")
    flaky.fail_commits = True
    bench.turn(1)

    assert [] == bench.senders.tickets
    assert ["cascade.intake"] == bench.unacked

    flaky.fail_commits = False
    bench.now += 1.0
    bench.turn()

    assert 1 == len(bench.senders.tickets)
    assert [] == bench.unacked


def test_a_commit_in_doubt_is_decided_again_and_nothing_is_called_twice() -> None:
    bench = Bench()
    flaky = FlakyStore(bench)
    bench.restart(store=flaky)
    workflow_id = bench.start("sms")
    bench.turn(2)
    assert ["accepted"] == bench.story(workflow_id)
    flaky.fail_after_commit = True
    bench.turn(1)  # the claim is committed, and the engine can't know
    flaky.fail_after_commit = False
    bench.pass_time(40.0)

    assert [] == bench.senders.tickets
    assert ["accepted", "claimed", "unsure unsure"] == bench.story(workflow_id)


def test_the_same_start_again_is_answered_and_nothing_else_happens() -> None:
    bench = Bench()
    body = b'{"channel":"sms","message_type":"text","to":"447700900001","from":"Shop","text":"hi"}'
    for _ in range(2):
        bench.put(body, user="shop", message_id="order-1", reply_to="shop.answers")
        bench.turn()

    answers = [read_answer(message.body) for message in bench.told(envelope.ANSWER)]
    assert ["accepted", "accepted"] == [answer.answer for answer in answers]
    assert ["order-1", "order-1"] == [message.correlation_id for message in bench.told(envelope.ANSWER)]
    assert 1 == sum(bench.store.snapshot().by_state.values())
    assert 1 == len(bench.senders.tickets)


def test_the_same_id_with_another_body_is_refused_and_kept() -> None:
    bench = Bench()
    body = b'{"channel":"sms","message_type":"text","to":"447700900001","from":"Shop","text":"hi"}'
    bench.put(body, user="shop", message_id="order-1", reply_to="shop.answers")
    bench.turn()
    bench.put(body.replace(b"hi", b"ho"), user="shop", message_id="order-1", reply_to="shop.answers")
    bench.turn()

    answers = [read_answer(message.body) for message in bench.told(envelope.ANSWER)]
    assert ["accepted", "rejected"] == [answer.answer for answer in answers]
    assert "idempotency_conflict" == answers[1].reason
    assert [("idempotency_conflict", "cascade.intake")] == bench.dead


def test_a_cancel_before_its_start_leaves_a_tombstone_that_ends_it_without_a_call() -> None:
    bench = Bench()
    workflow_id = bench.start("sms")
    start = bench.rabbit.queues["cascade.intake"].popleft()
    bench.command(CommandName.CANCEL, workflow_id)
    bench.turn()

    assert bench.store.has_tombstone(workflow_id)

    bench.rabbit.queues["cascade.intake"].append(start)
    bench.turn()

    assert Outcome.CANCELLED == bench.workflow(workflow_id).outcome
    assert [] == bench.senders.tickets


def test_a_command_of_another_tenant_touches_nothing() -> None:
    bench = Bench()
    workflow_id = bench.start("sms")
    bench.turn()
    bench.command(CommandName.CANCEL, workflow_id, tenant="rival")
    bench.turn()

    assert State.SENDING is bench.workflow(workflow_id).state
    assert [("not_allowed", "cascade.commands")] == bench.dead


def test_a_row_taken_by_another_dispatcher_meanwhile_is_decided_again() -> None:
    bench = Bench()
    racing = RacingStore(bench)
    bench.restart(store=racing)
    workflow_id = bench.start("viber_service", "sms")
    bench.turn()
    racing.race = lambda: bench.store.commit(racing.cancelling(workflow_id))
    bench.answer()

    assert Outcome.CANCELLED == bench.workflow(workflow_id).outcome
    assert "answer_noted" in bench.story(workflow_id)[-1]
    assert [] == bench.unacked


def test_one_change_that_cannot_be_written_stands_alone_and_the_rest_goes_on() -> None:
    bench = Bench()
    bench.restart(store=SpoilingStore(bench))
    ids = [bench.start("sms", text="spoilt" if number == 2 else "good") for number in range(5)]
    bench.turn()

    assert 4 == len(bench.senders.tickets)
    assert ids[2] not in {ticket.workflow_id for ticket in bench.senders.tickets}
    bench.pass_time(7.0)  # the sweep publishes what was written alone
    assert [("failed", "cascade.intake")] == bench.dead
    assert [] == bench.unacked


def test_a_busy_channel_backs_off_and_tries_the_same_number_again() -> None:
    bench = Bench()
    workflow_id = bench.start("sms")
    bench.turn()
    bench.answer(Busy(problem=PROBLEM, retry_after_s=3.0))

    assert State.BACKING_OFF is bench.workflow(workflow_id).state

    bench.pass_time(10.0)

    assert [(1, 1)] == [(each.step, each.attempt) for each in bench.senders.tickets]


def test_only_as_many_calls_leave_as_there_are_slots_and_the_rest_waits_in_hand() -> None:
    bench = Bench()
    for _ in range(10):
        bench.start("sms")
    bench.turn()

    assert 4 == len(bench.senders.tickets)
    assert {"cascade.send.sms"} == set(bench.unacked)
    assert len(bench.unacked) <= 2 * 4

    while bench.senders.tickets:
        bench.answer()

    assert {"waiting": 10} == {state: count for state, count in bench.store.snapshot().by_state.items() if count}


def test_a_clock_that_is_over_fires_without_any_broker_message() -> None:
    bench = Bench()
    workflow_id = bench.start("sms", valid_for=15, final_receipt_time=60)
    bench.turn()
    bench.answer()
    bench.pass_time(62.0)

    assert Outcome.UNCONFIRMED == bench.workflow(workflow_id).outcome


def test_a_fault_of_ours_holds_the_row_and_makes_no_fallback() -> None:
    bench = Bench()
    workflow_id = bench.start("viber_service", "sms")
    bench.turn()
    bench.answer(OurFault(problem=PROBLEM, scope=Scope.ACCOUNT))
    bench.pass_time(3.0)

    assert State.HELD is bench.workflow(workflow_id).state
    assert [] == bench.senders.tickets
    assert "channel.stopped" in [read_event(message.body).event for message in bench.told(envelope.EVENT)]


class FlakyStore:
    """The bench's store, away when told so."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.away = False
        self.fail_commits = False
        self.fail_after_commit = False
        self.commits: list[Batch] = []

    def __getattr__(self, name: str) -> object:
        if self.away:
            raise StoreUnavailable("made up")
        return getattr(self._bench.store, name)

    def commit(self, batch: Batch) -> Committed:
        if self.away or self.fail_commits:
            raise StoreUnavailable("made up")
        self.commits.append(batch)
        committed = self._bench.store.commit(batch)
        if self.fail_after_commit:
            raise StoreUnavailable("made up, after the commit")
        return committed


class SpoilingStore(FlakyStore):
    """Refuses a change whose text is `spoilt`."""

    def commit(self, batch: Batch) -> Committed:
        from shared.errors import CommitFailed

        if any("spoilt" in json.dumps(change.workflow.step.message.content, default=str) for change in batch.changes):
            raise CommitFailed("made up")
        return self._bench.store.commit(batch)


class RacingStore(FlakyStore):
    """Lets somebody else commit first, once."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.race: Callable[[], object] = object

    def commit(self, batch: Batch) -> Committed:
        race, self.race = self.race, object
        race()
        return self._bench.store.commit(batch)

    def cancelling(self, workflow_id: str) -> Batch:
        from services.dispatcher.events import Cancel
        from services.dispatcher.failover import decide
        from shared.store.records import Change

        stored = self._bench.store.find(workflow_id)
        assert stored is not None
        decision = decide(stored.workflow, Cancel(by="caller"), EPOCH + self._bench.now)
        change = Change(
            workflow=decision.workflow,
            version=stored.version,
            wake_at=None,
            wake_ungated_at=None,
            account="default",
            entries=decision.entries,
        )
        return Batch(changes=(change,))
