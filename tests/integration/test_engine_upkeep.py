"""The outbox, the reconciler, the end of a process, and programs of different age side by side."""

from dataclasses import replace

from services.dispatcher.engine import DRAIN_S
from services.dispatcher.main import CONFIRMS_S
from shared.model import Outcome, State
from shared.queue import envelope
from shared.store.records import Batch, Committed, OutboxRow, Turn
from tests.support.engine_bench import EPOCH, Bench


def test_rows_of_a_dispatcher_that_died_are_published_by_another_after_five_seconds() -> None:
    bench = Bench()
    workflow_id = bench.start("sms")
    bench.turn(2)  # committed and published; now as if the publish had never happened
    bench.restart(name="dispatcher-2")
    bench.lose_messages("cascade.send.sms")
    lost = OutboxRow(
        exchange="cascade.events",
        routing_key="acme.test",
        type=envelope.EVENT,
        message_id="an-event",
        body=b"{}",
        mandatory=False,
        owner="dispatcher-1",
    )
    bench.store.commit(Batch(outbox=(lost,)))
    bench.pass_time(4.0)

    assert "an-event" not in [message.message_id for message in bench.told(envelope.EVENT)]

    bench.pass_time(3.0)

    assert 1 == [message.message_id for message in bench.told(envelope.EVENT)].count("an-event")
    assert 0 == bench.store.outbox_count()
    assert bench.store.find(workflow_id) is not None


def test_a_ready_row_whose_message_is_gone_is_published_again_and_the_journal_says_so() -> None:
    bench = Bench()
    workflow_id = bench.start("sms")
    bench.turn(2)
    assert State.READY is bench.workflow(workflow_id).state
    bench.restart()
    bench.lose_messages("cascade.send.sms")
    bench.pass_time(125.0, step_s=1.0)

    assert ["accepted", "republished republished", "claimed"] == bench.story(workflow_id)[:3]
    assert 1 == len(bench.senders.tickets)


def test_nothing_is_published_again_while_messages_wait_for_a_slot() -> None:
    bench = Bench()
    ids = [bench.start("sms") for _ in range(6)]
    bench.pass_time(125.0, step_s=1.0)

    assert not any("republished republished" in bench.story(each) for each in ids)


def test_a_row_that_is_ready_for_ten_minutes_is_published_again_though_its_queue_is_never_empty() -> None:
    bench = Bench()
    lost = bench.start("sms", valid_for=3000)
    bench.turn(2)
    bench.restart()
    bench.lose_messages("cascade.send.sms")
    bench.rabbit.others_wait = 1
    bench.pass_time(550.0, step_s=5.0)
    before = bench.story(lost)
    bench.pass_time(180.0, step_s=5.0)

    assert ["accepted"] == before
    assert ["accepted", "republished republished", "claimed"] == bench.story(lost)[:3]


def test_a_full_outbox_stops_the_intake_and_nothing_else() -> None:
    bench = Bench()
    bench.connection.connected = False
    row = OutboxRow(
        exchange="cascade.events", routing_key="a.b", type="event.1", message_id="m", body=b"", mandatory=False
    )
    bench.store.commit(Batch(outbox=tuple(replace(row, message_id=str(number)) for number in range(10_001))))
    bench.pass_time(3.0)

    assert "cascade.intake" not in bench.connection.prefetch
    assert "cascade.receipts" in bench.connection.prefetch

    bench.connection.connected = True
    bench.pass_time(20.0)

    assert "cascade.intake" in bench.connection.prefetch


def test_an_ending_dispatcher_claims_nothing_hands_back_and_commits_its_answers() -> None:
    bench = Bench()
    ids = [bench.start("sms") for _ in range(8)]
    bench.turn()
    claimed = [ticket.workflow_id for ticket in bench.senders.tickets]
    bench.engine.drain()
    bench.turn()

    assert {} == bench.connection.prefetch
    assert [] == bench.unacked
    assert 8 - len(claimed) == len(bench.rabbit.queues["cascade.send.sms"])
    before = bench.engine.drained
    while bench.senders.tickets:
        bench.answer()

    assert (False, True) == (before, bench.engine.drained)
    assert {State.WAITING} == {bench.workflow(each).state for each in claimed}
    assert {State.READY} == {bench.workflow(each).state for each in ids if each not in claimed}
    assert all(not message.redelivered for message in bench.rabbit.queues["cascade.send.sms"])


def test_run_ends_by_itself_once_everything_begun_is_done() -> None:
    bench = Bench()

    class Stop:
        asked = False

        def is_set(self) -> bool:
            return self.asked

    stop = Stop()
    stop.asked = True
    bench.engine.run(stop)

    assert bench.engine.drained


def test_the_parts_of_an_ending_fit_into_the_25_seconds_of_the_whole() -> None:
    slowest_end_s = DRAIN_S + CONFIRMS_S + CONFIRMS_S  # the courier, then the last confirms

    assert slowest_end_s < 25.0


def test_a_heartbeat_is_written_every_two_seconds() -> None:
    bench = Bench()
    bench.pass_time(5.0)
    (row,) = bench.store.dispatchers()

    assert "dispatcher-1" == row.name
    assert EPOCH + bench.now - row.seen_at <= 2.25


def test_rows_of_a_newer_program_are_left_alone_and_their_messages_go_to_somebody_else() -> None:
    bench = Bench()
    workflow_id = bench.start("sms")
    bench.turn(2)
    bench.restart(store=Older(bench, workflow_id))
    bench.receipt("delivered", workflow_id)
    bench.pass_time(6.0)

    assert ["accepted"] == bench.story(workflow_id)
    assert [] == bench.senders.tickets
    assert "cascade.receipts" in bench.unacked  # kept for a newer dispatcher

    bench.restart(name="dispatcher-of-tomorrow")
    bench.pass_time(1.0)

    assert 1 == len(bench.senders.tickets)


def test_a_parked_receipt_of_a_newer_programs_row_is_not_kept_beside_the_store() -> None:
    bench = Bench()
    workflow_id = bench.start("sms")
    bench.receipt("delivered", workflow_id)  # read in the turn of its start: it matches nothing and is parked
    bench.turn(1)
    older = Older(bench, workflow_id)
    bench.restart(store=older)
    bench.pass_time(20.0)
    older.outdated = False
    bench.pass_time(12.0)

    assert 1 == max(older.parked)


def test_a_row_that_cannot_be_read_goes_into_quarantine_with_its_messages_kept() -> None:
    bench = Bench()
    workflow_id, other = bench.start("sms"), bench.start("sms")
    bench.turn(2)
    bench.restart(store=Unreadable(bench, workflow_id))
    bench.turn()
    bench.pass_time(8.0)

    assert "quarantined" in bench.story(workflow_id)
    assert [("failed", "cascade.send.sms")] == bench.dead
    assert [other] == [ticket.workflow_id for ticket in bench.senders.tickets]
    assert bench.workflow(other).outcome is not Outcome.FAILED


def test_a_ready_row_is_sent_after_its_quarantine_though_its_queue_is_never_empty() -> None:
    bench = Bench()
    workflow_id = bench.start("sms", valid_for=20_000)
    bench.turn(2)
    bench.restart(store=Unreadable(bench, workflow_id))
    bench.turn()
    bench.pass_time(8.0)
    bench.restart()  # the bug is mended
    bench.rabbit.others_wait = 1
    bench.pass_time(3500.0, step_s=10.0)
    before = len(bench.senders.tickets)
    bench.pass_time(120.0, step_s=10.0)

    assert 0 == before
    assert [workflow_id] == [ticket.workflow_id for ticket in bench.senders.tickets]
    assert ["quarantined", "republished republished", "claimed"] == bench.story(workflow_id)[-3:]


class Older:
    """A store read by a program that does not know the schema of one row."""

    def __init__(self, bench: Bench, workflow_id: str) -> None:
        self._bench = bench
        self._workflow_id = workflow_id
        self.outdated = True
        self.parked: list[int] = []
        """How many receipts each transaction parked."""

    def __getattr__(self, name: str) -> object:
        return getattr(self._bench.store, name)

    def commit(self, batch: Batch) -> Committed:
        self.parked.append(len(batch.parked))
        return self._bench.store.commit(batch)

    def load(self, workflow_ids: set[str], provider_uuids: set[str]) -> Turn:
        turn = self._bench.store.load(workflow_ids, provider_uuids)
        if not self.outdated:
            return turn
        left: dict[str, object] = {key: stored for key, stored in turn.workflows.items() if key != self._workflow_id}
        return self._without(turn, left)

    def _without(self, turn: Turn, left: dict[str, object]) -> Turn:
        newer = frozenset(turn.workflows.keys() - left.keys())
        return replace(turn, workflows=left, newer=newer)  # type: ignore[arg-type]


class Unreadable(Older):
    """A store with one row that can't be read."""

    def _without(self, turn: Turn, left: dict[str, object]) -> Turn:
        unreadable = dict.fromkeys(turn.workflows.keys() - left.keys(), "made up")
        return replace(turn, workflows=left, unreadable=unreadable)  # type: ignore[arg-type]
