"""Updates of single messages through the engine: acknowledged at their end, told in the journal, kept on failure."""

from __future__ import annotations

from shared.ids import message_uuid
from shared.model import Outcome, Problem
from shared.queue.topology import COMMANDS
from shared.wire.envelopes import UpdateStatus
from tests.support.engine_bench import Bench

PROBLEM = Problem(code="404", title="Not Found")


def test_a_wish_is_acknowledged_when_its_call_has_ended_and_told_in_the_journal() -> None:
    bench = Bench()
    workflow_id = bench.start("sms")
    bench.turn()
    bench.answer()
    bench.update(message_uuid(workflow_id, 1))
    bench.turn()
    assert [COMMANDS] == bench.unacked
    assert [UpdateStatus.REVOKED] == [wish.update.status for wish in bench.senders.wishes]

    bench.end_update(workflow_id=workflow_id)

    assert [] == bench.unacked
    assert "updated revoked" == bench.story(workflow_id)[-1]
    assert [] == bench.dead


def test_an_ended_workflow_takes_the_line_too() -> None:
    bench = Bench()
    workflow_id = bench.start("sms")
    bench.turn()
    bench.answer()
    bench.receipt("delivered", workflow_id)
    bench.update(message_uuid(workflow_id, 1))
    bench.turn()

    bench.end_update(workflow_id=workflow_id)

    assert Outcome.DELIVERED == bench.workflow(workflow_id).outcome
    assert "updated revoked" == bench.story(workflow_id)[-1]


def test_what_could_not_be_done_is_kept_with_the_dead_letters_and_told() -> None:
    bench = Bench()
    workflow_id = bench.start("sms")
    bench.turn()
    bench.answer()
    bench.update(message_uuid(workflow_id, 1))
    bench.turn()

    bench.end_update(PROBLEM, workflow_id=workflow_id)

    assert [("update_failed", COMMANDS)] == bench.dead
    assert False is bench.store.timeline(workflow_id)[-1].facts["done"]
    assert [] == bench.unacked


def test_an_inbound_message_has_no_journal() -> None:
    bench = Bench()
    bench.update("in-1", UpdateStatus.READ)
    bench.update("in-2", UpdateStatus.READ)
    bench.turn()

    bench.end_update()
    bench.end_update(PROBLEM)

    assert [("update_failed", COMMANDS)] == bench.dead
    assert [] == bench.unacked


def test_a_wish_of_a_lost_connection_is_done_again_and_its_first_end_hurts_nobody() -> None:
    bench = Bench()
    workflow_id = bench.start("sms")
    bench.turn()
    bench.answer()
    bench.update(message_uuid(workflow_id, 1))
    bench.turn()
    (first,) = bench.senders.wishes

    bench.connection.cut()
    bench.connection.mend()
    bench.turn()
    assert 2 == len(bench.senders.wishes)
    bench.end_update(workflow_id=workflow_id)
    assert [COMMANDS] == bench.unacked
    bench.end_update(workflow_id=workflow_id)

    assert [] == bench.unacked
    assert first.update.message_uuid == message_uuid(workflow_id, 1)
