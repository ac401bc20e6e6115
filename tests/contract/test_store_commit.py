"""A batch is one transaction: who wins is decided by version, and a row's everything is written or nothing of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from shared.errors import CommitFailed
from shared.ids import reference
from shared.model import Outcome, State, What
from shared.store.port import Store
from shared.store.records import Batch, Committed
from tests.support.store_rows import (
    EPOCH,
    attempt_row,
    batch,
    callback_row,
    change,
    entry,
    outbox_row,
    parked,
    start,
    step,
    stop,
    suppression,
    tombstone,
    well_travelled,
    workflow,
    workflow_id,
)


def test_a_workflow_comes_back_exactly_as_it_was_written(store: Store) -> None:
    written = well_travelled()

    store.commit(batch(start(written)))

    stored = store.load([written.workflow_id]).workflows[written.workflow_id]
    assert written == stored.workflow
    assert (1, written.accepted_at + 60) == (stored.version, stored.wake_at)
    assert stored == store.find(written.workflow_id)


def test_a_change_of_the_stored_version_moves_the_row_on(store: Store) -> None:
    first = workflow()
    store.commit(batch(start(first)))

    committed = store.commit(batch(change(first, version=1, wake_at=EPOCH + 5)))

    stored = store.find(first.workflow_id)
    assert Committed() == committed
    assert stored is not None
    assert (2, 2, EPOCH + 5) == (stored.version, stored.workflow.sequence, stored.wake_at)
    assert [1, 2] == [each.sequence for each in store.timeline(first.workflow_id)]


def test_a_journal_entry_comes_back_exactly(store: Store) -> None:
    first = replace(workflow(), sequence=2)
    entries = (entry(1, What.CLAIMED, text="ü \u0000", list=[1, 2.5, None]), replace(entry(2), reason=None, step=None))

    store.commit(batch(start(first, entries=entries)))

    assert entries == store.timeline(first.workflow_id)


def test_nothing_of_a_loser_is_written_and_everything_of_the_others(store: Store) -> None:
    loser, winner = workflow(1), workflow(2)
    store.commit(batch(start(loser), start(winner)))
    store.commit(batch(change(loser, version=1)))

    def follow_ups(name: str, number: int) -> dict[str, object]:
        of = workflow(number)
        return {
            "outbox": (outbox_row(name),),
            "attempts": (attempt_row(of, uuid=name),),
            "callbacks": (callback_row(name, of=of.workflow_id),),
            "suppressions": (suppression(f"number:{name}"),),
            "stops": (stop(channel=name),),
        }

    committed = store.commit(
        batch(
            change(loser, version=1, **follow_ups("loser", 1)),
            change(winner, version=1, **follow_ups("winner", 2)),
            outbox=(outbox_row("loose"),),
        )
    )

    assert frozenset({loser.workflow_id}) == committed.lost
    later = store.now() + 60
    assert ["winner", "loose"] == [
        row.message_id for row in store.outbox_of_others(now=later, older_than_s=1, limit=10)
    ]
    assert {"winner"} == set(store.load([], ["winner", "loser"]).by_provider_uuid)
    assert ["winner"] == [row.callback_id for row in store.take_callbacks(now=later, lease_s=1, limit=10)]
    assert ["winner"] == [each.channel for each in store.controls().stops]
    assert (2, 2) == (len(store.timeline(loser.workflow_id)), len(store.timeline(winner.workflow_id)))


def test_an_insert_whose_id_is_there_is_lost(store: Store) -> None:
    store.commit(batch(start(workflow(1))))

    committed = store.commit(batch(start(replace(workflow(1), tenant="other")), start(workflow(2))))

    assert frozenset({workflow_id(1)}) == committed.lost
    assert {"acme"} == {
        each.workflow.tenant for each in store.load([workflow_id(1), workflow_id(2)]).workflows.values()
    }


def test_a_change_of_a_row_that_is_not_there_is_lost(store: Store) -> None:
    committed = store.commit(batch(change(workflow(1), version=3)))

    assert frozenset({workflow_id(1)}) == committed.lost
    assert store.find(workflow_id(1)) is None


def test_outbox_ids_follow_the_order_of_the_won_changes_and_then_the_loose_rows(store: Store) -> None:
    # Given changes that are not in the order of their ids, one of which is lost
    store.commit(batch(start(workflow(2))))
    committed = store.commit(
        batch(
            start(workflow(3), outbox=(outbox_row("3a"), outbox_row("3b"))),
            start(workflow(2), outbox=(outbox_row("2"),)),
            start(workflow(1), outbox=(outbox_row("1"),)),
            outbox=(outbox_row("loose"),),
        )
    )

    # Then each id is the row of the message in that place
    rows = {row.row_id: row for row in store.outbox_of_others(now=store.now() + 60, older_than_s=1, limit=10)}
    assert ["3a", "3b", "1", "loose"] == [rows[row_id].message_id for row_id in committed.outbox_ids]


def test_an_outbox_id_is_never_given_twice(store: Store) -> None:
    first = store.commit(Batch(outbox=(outbox_row("a"), outbox_row("b")))).outbox_ids
    store.outbox_sent(first)

    second = store.commit(Batch(outbox=(outbox_row("c"),))).outbox_ids

    assert min(second) > max(first)


IMPOSSIBLE: dict[str, Callable[[], Batch]] = {
    "facts that are no JSON": lambda: batch(
        start(workflow(1), entries=(entry(1, What.RECEIPT, odd=object()),)), start(workflow(2))
    ),
    "half a surrogate pair": lambda: batch(start(replace(workflow(1), tenant="\ud800")), start(workflow(2))),
    "an entry too few": lambda: batch(start(replace(workflow(1), sequence=2), entries=(entry(1),)), start(workflow(2))),
    "no entry": lambda: batch(start(workflow(1), entries=()), start(workflow(2))),
    "entries with a gap": lambda: batch(
        start(replace(workflow(1), sequence=3), entries=(entry(1), entry(3))), start(workflow(2))
    ),
    "no wake time before the end": lambda: batch(start(workflow(1), wake_at=None), start(workflow(2))),
    "the same workflow twice": lambda: batch(start(workflow(1)), start(workflow(1)), start(workflow(2))),
    "headers that are no JSON": lambda: batch(start(workflow(2)), outbox=(outbox_row("a", odd=object()),)),
    "a journal that begins in its middle": lambda: batch(
        start(replace(workflow(1), sequence=2), entries=(entry(2),)), start(workflow(2))
    ),
    "a gap behind the journal": lambda: batch(change(replace(workflow(9), sequence=2), version=1), start(workflow(2))),
    "an entry that is there already": lambda: batch(
        change(workflow(9), version=1, workflow=workflow(9), entries=(entry(1),)), start(workflow(2))
    ),
}


@pytest.mark.parametrize("make", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_a_batch_that_cannot_be_written_is_said_to_be_and_leaves_nothing(
    store: Store, make: Callable[[], Batch]
) -> None:
    store.commit(batch(start(workflow(9))))

    with pytest.raises(CommitFailed):
        store.commit(make())

    assert {workflow_id(9)} == set(store.load([workflow_id(1), workflow_id(2), workflow_id(9)]).workflows)
    assert 0 == store.outbox_count()
    assert 1 == len(store.timeline(workflow_id(9)))


def test_two_threads_that_race_for_one_due_row_make_one_transition(store: Store) -> None:
    rows = [workflow(number) for number in range(1, 21)]
    store.commit(batch(*(start(each) for each in rows)))
    barrier = Barrier(2)

    def race(name: str) -> int:
        barrier.wait()
        won = 0
        for each in rows:
            barrier.wait()
            entries = (replace(entry(2), by=name),)
            won += not store.commit(batch(change(each, version=1, entries=entries))).lost
        return won

    with ThreadPoolExecutor(2) as pool:
        won = sum(pool.map(race, ["one", "two"]))

    assert len(rows) == won
    assert {2} == {len(store.timeline(each.workflow_id)) for each in rows}


def test_overlapping_batches_of_several_threads_neither_block_each_other_nor_write_twice(store: Store) -> None:
    rows = [workflow(number) for number in range(1, 41)]
    store.commit(batch(*(start(each) for each in rows)))

    def push(seed: int) -> int:
        won = 0
        for turn in range(10):
            chosen = rows[(seed * 7 + turn * 5) % 20 :][:20]
            # Each thread hands its rows over in an order of its own.
            chosen = chosen if seed % 2 else chosen[::-1]
            loaded = store.load([each.workflow_id for each in chosen]).workflows
            changes = [
                change(loaded[each.workflow_id].workflow, version=loaded[each.workflow_id].version) for each in chosen
            ]
            won += len(changes) - len(store.commit(batch(*changes, outbox=(outbox_row(f"{seed}.{turn}"),))).lost)
        return won

    with ThreadPoolExecutor(4) as pool:
        won = sum(pool.map(push, range(4)))

    assert len(rows) + won == sum(len(store.timeline(each.workflow_id)) for each in rows)
    assert 40 == store.outbox_count()


def test_threads_that_insert_the_same_workflows_insert_each_once(store: Store) -> None:
    barrier = Barrier(4)

    def put(name: int) -> int:
        barrier.wait()
        rows = [start(workflow(number), outbox=(outbox_row(f"{name}.{number}"),)) for number in range(1, 31)]
        return len(rows) - len(store.commit(batch(*rows[:: 1 if name % 2 else -1])).lost)

    with ThreadPoolExecutor(4) as pool:
        won = sum(pool.map(put, range(4)))

    assert 30 == won
    assert 30 == store.outbox_count()


def test_the_attempt_s_provider_uuid_leads_to_its_workflow(store: Store) -> None:
    first, second = workflow(1), workflow(2)
    store.commit(batch(start(first, attempts=(attempt_row(first),)), start(second)))
    store.commit(batch(change(first, version=1, attempts=(attempt_row(first, uuid="p-1"),))))

    turn = store.load([], ["p-1", "p-2"])

    assert {"p-1": attempt_row(first, uuid="p-1")} == turn.by_provider_uuid
    assert {first.workflow_id} == set(turn.workflows)
    assert {attempt_row(first).reference: attempt_row(first, uuid="p-1")} == turn.attempts


def test_the_provider_s_id_of_a_workflow_that_it_runs_leads_to_it_as_step_0(store: Store) -> None:
    first = workflow(1)
    whole = replace(attempt_row(first, uuid="d-1"), reference=reference(first.workflow_id, 0, 1), step=0)
    store.commit(batch(start(first, attempts=(attempt_row(first), whole))))

    turn = store.load([], ["d-1"])

    assert {"d-1": whole} == turn.by_provider_uuid
    assert {first.workflow_id} == set(turn.workflows)


def test_a_known_provider_uuid_stays_and_the_account_is_that_of_the_latest_claim(store: Store) -> None:
    first = workflow(1)
    store.commit(batch(start(first, attempts=(attempt_row(first, uuid="p-1", account="old"),))))
    claimed_again = replace(attempt_row(first, account="new"), made_at=EPOCH + 99)
    store.commit(batch(change(first, version=1, attempts=(claimed_again,))))

    assert (attempt_row(first, uuid="p-1", account="new"),) == store.attempts_of(first.workflow_id)


def test_an_attempt_without_a_time_gets_the_store_s(store: Store) -> None:
    first = workflow(1)
    before = store.now()
    store.commit(batch(start(first, attempts=(replace(attempt_row(first), made_at=0.0),))))

    (made,) = store.attempts_of(first.workflow_id)
    assert before <= made.made_at <= store.now()


def test_a_turn_brings_the_suppressed_persons_of_all_steps_and_of_no_other_tenant(store: Store) -> None:
    first = workflow(1, steps=(step(1, person="number:1"), step(2, person="number:2"), step(3, person="number:3")))
    other = replace(first, workflow_id=workflow_id(2), tenant="other")
    suppressions = (
        suppression("number:1"),
        suppression("number:3"),
        suppression("number:2", tenant="other"),
        suppression("number:4"),
        suppression("number:1", tenant="third"),
    )
    store.commit(batch(start(first, suppressions=suppressions), start(other)))

    assert frozenset({("acme", "number:1"), ("acme", "number:3")}) == store.load([first.workflow_id]).suppressed
    assert frozenset({("other", "number:2")}) == store.load([other.workflow_id]).suppressed
    assert 3 == len(store.load([first.workflow_id, other.workflow_id]).suppressed)


def test_a_person_suppressed_twice_is_suppressed(store: Store) -> None:
    for number in (1, 2):
        store.commit(batch(start(workflow(number), suppressions=(suppression("number:4915100000001"),))))

    assert frozenset({("acme", "number:4915100000001")}) == store.load([workflow_id(1)]).suppressed


def test_a_tombstone_is_found_by_the_start_that_comes_after_it(store: Store) -> None:
    committed = store.commit(Batch(tombstones=(tombstone(1), tombstone(2))))

    assert Committed() == committed
    assert {workflow_id(1): tombstone(1)} == store.load([workflow_id(1), workflow_id(3)]).tombstones
    assert store.has_tombstone(workflow_id(1))
    assert not store.has_tombstone(workflow_id(3))


def test_a_tombstone_of_a_workflow_that_is_there_is_lost(store: Store) -> None:
    store.commit(batch(start(workflow(1))))

    committed = store.commit(Batch(tombstones=(tombstone(1), tombstone(2))))

    assert frozenset({workflow_id(1)}) == committed.lost
    assert (False, True) == (store.has_tombstone(workflow_id(1)), store.has_tombstone(workflow_id(2)))


def test_a_start_decided_without_knowing_its_tombstone_is_lost_until_it_ends_at_once(store: Store) -> None:
    store.commit(Batch(tombstones=(tombstone(1),)))

    lost = store.commit(batch(start(workflow(1), outbox=(outbox_row("a"),)), start(workflow(2)))).lost
    ended = store.commit(batch(start(workflow(1, state=State.FINAL)))).lost

    assert (frozenset({workflow_id(1)}), frozenset()) == (lost, ended)
    assert 0 == store.outbox_count()


def test_of_a_start_and_a_cancel_that_meet_one_is_decided_again(store: Store) -> None:
    barrier = Barrier(2)

    def put(changes: Callable[[int], Batch]) -> list[frozenset[str]]:
        lost = []
        for number in range(1, 21):
            barrier.wait()
            lost.append(store.commit(changes(number)).lost)
        return lost

    makers: list[Callable[[int], Batch]] = [
        lambda number: batch(start(workflow(number))),
        lambda number: Batch(tombstones=(tombstone(number),)),
    ]
    with ThreadPoolExecutor(2) as pool:
        starts, cancels = pool.map(put, makers)

    assert [1] * 20 == [len(one) + len(other) for one, other in zip(starts, cancels, strict=True)]


def test_the_watermark_never_goes_back(store: Store) -> None:
    assert 0.0 == store.controls().read_to

    seen = []
    for read_to in (EPOCH + 2, EPOCH + 1, None, EPOCH + 3):
        store.commit(Batch(read_to=read_to))
        seen.append(store.controls().read_to)

    assert [EPOCH + 2, EPOCH + 2, EPOCH + 2, EPOCH + 3] == seen


def test_parked_receipts_are_replaced_and_taken_out_with_the_commit(store: Store) -> None:
    store.commit(Batch(parked=(parked("a", next_at=EPOCH), parked("b", next_at=EPOCH))))
    store.commit(Batch(parked=(replace(parked("a", next_at=EPOCH + 5), tries=2),), unparked=("b", "c")))

    assert () == store.due_parked(now=EPOCH + 1, limit=10)
    assert (replace(parked("a", next_at=EPOCH + 5), tries=2),) == store.due_parked(now=EPOCH + 5, limit=10)


def test_an_ended_workflow_wakes_no_more_and_keeps_its_outcome(store: Store) -> None:
    first = workflow(1)
    store.commit(batch(start(first)))
    ended = replace(first, state=State.FINAL, outcome=Outcome.DELIVERED, finished_at=EPOCH, sequence=2)
    store.commit(batch(change(first, version=1, workflow=ended, wake_at=None)))

    stored = store.find(first.workflow_id)
    assert stored is not None
    assert (ended, None) == (stored.workflow, stored.wake_at)
    assert () == store.due(now=EPOCH * 2, read_to=EPOCH * 2, limit=10, seed=1)


def test_an_empty_batch_and_an_empty_load_are_nothing(store: Store) -> None:
    assert Committed() == store.commit(Batch())
    assert {} == store.load([]).workflows
    store.outbox_sent([])
