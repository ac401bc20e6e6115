"""Due rows are found by two clocks, spread over those who look, and left alone while in quarantine."""

from dataclasses import replace

import pytest

from shared.errors import CommitFailed
from shared.model import State, Stop, StopKind, What
from shared.store.port import Store
from shared.store.records import Change
from tests.support.store_rows import EPOCH, batch, change, outbox_row, start, step, workflow, workflow_id


def waking(number: int, wake_at: float, ungated_at: float | None = None) -> Change:
    return start(workflow(number), wake_at=wake_at, wake_ungated_at=ungated_at)


def due(store: Store, *, now: float, read_to: float, limit: int = 100, seed: int = 0) -> set[str]:
    return set(store.due(now=now, read_to=read_to, limit=limit, seed=seed))


def test_a_gated_clock_is_due_by_the_watermark_and_an_ungated_one_by_the_time(store: Store) -> None:
    store.commit(
        batch(
            waking(1, EPOCH + 10),
            waking(2, EPOCH + 20),
            waking(3, EPOCH + 20, EPOCH + 20),
            waking(4, EPOCH + 10, EPOCH + 20),
            waking(5, EPOCH + 30, EPOCH + 40),
        )
    )

    assert set() == due(store, now=EPOCH + 15, read_to=EPOCH + 9)
    assert {workflow_id(1), workflow_id(4)} == due(store, now=EPOCH + 10, read_to=EPOCH + 10)
    assert {workflow_id(number) for number in (1, 3, 4)} == due(store, now=EPOCH + 20, read_to=EPOCH + 15)
    assert {workflow_id(number) for number in (1, 2, 3, 4, 5)} == due(store, now=EPOCH + 50, read_to=EPOCH + 30)


def test_no_more_than_the_limit_are_due_at_once_and_none_twice(store: Store) -> None:
    store.commit(batch(*(waking(number, EPOCH + number % 3, EPOCH + number % 3) for number in range(1, 31))))

    found = [store.due(now=EPOCH + 9, read_to=EPOCH + 9, limit=7, seed=seed) for seed in range(40)]

    assert {7} == {len(each) for each in found}
    assert {7} == {len(set(each)) for each in found}


def test_the_seed_chooses_the_place_and_every_due_row_is_reached(store: Store) -> None:
    rows = {workflow_id(number) for number in range(1, 31)}
    store.commit(batch(*(waking(number, EPOCH) for number in range(1, 31))))

    places = [store.due(now=EPOCH, read_to=EPOCH, limit=5, seed=seed) for seed in range(100)]

    assert places[3] == store.due(now=EPOCH, read_to=EPOCH, limit=5, seed=3)
    assert len(set(places)) > 10
    assert rows == {each for place in places for each in place}


def test_a_row_in_quarantine_is_left_alone_until_then_and_says_why(store: Store) -> None:
    store.commit(batch(waking(1, EPOCH, EPOCH + 1), waking(2, EPOCH, EPOCH + 1)))
    before = store.now()

    store.quarantine(workflow_id(1), until=EPOCH + 3600, error="KeyError: 'text'")

    stored = store.find(workflow_id(1))
    assert stored is not None
    assert (2, 2, EPOCH + 3600, EPOCH + 3600) == (
        stored.version,
        stored.workflow.sequence,
        stored.wake_at,
        stored.quarantined_until,
    )
    entry = store.timeline(workflow_id(1))[-1]
    assert (2, What.QUARANTINED, EPOCH + 3600, {"error": "KeyError: 'text'"}) == (
        entry.sequence,
        entry.what,
        entry.next_at,
        dict(entry.facts),
    )
    assert before <= entry.at <= store.now()
    assert {workflow_id(2)} == due(store, now=EPOCH + 3599, read_to=EPOCH + 3599)
    assert {workflow_id(1), workflow_id(2)} == due(store, now=EPOCH + 3600, read_to=EPOCH + 3600)


def test_what_was_decided_before_the_quarantine_is_lost_and_the_next_change_ends_it(store: Store) -> None:
    store.commit(batch(start(workflow(1))))
    store.quarantine(workflow_id(1), until=store.now() + 3600, error="x")

    lost = store.commit(batch(change(workflow(1), version=1))).lost
    stored = store.load([workflow_id(1)]).workflows[workflow_id(1)]
    assert (1, frozenset({workflow_id(1)})) == (store.backlog().quarantined, lost)

    replayed = store.commit(batch(change(stored.workflow, version=stored.version)))

    after = store.find(workflow_id(1))
    assert after is not None
    assert (frozenset(), None, 0) == (replayed.lost, after.quarantined_until, store.backlog().quarantined)
    assert [1, 2, 3] == [each.sequence for each in store.timeline(workflow_id(1))]


def test_the_quarantine_makes_no_clock_earlier_and_gives_none_to_what_has_ended(store: Store) -> None:
    held = start(workflow(1, state=State.HELD), wake_at=EPOCH + 9000)
    store.commit(batch(held, start(workflow(2, state=State.FINAL))))

    for number in (1, 2, 3):
        store.quarantine(workflow_id(number), until=EPOCH + 3600, error="x")

    found = store.load([workflow_id(1), workflow_id(2), workflow_id(3)]).workflows
    assert {workflow_id(1): EPOCH + 9000, workflow_id(2): None} == {key: each.wake_at for key, each in found.items()}


def test_a_ready_row_is_looked_at_when_its_quarantine_ends_since_its_message_is_gone(store: Store) -> None:
    store.commit(batch(waking(1, EPOCH + 9000, EPOCH + 9000)))

    store.quarantine(workflow_id(1), until=EPOCH + 3600, error="x")

    stored = store.find(workflow_id(1))
    assert stored is not None
    assert EPOCH + 3600 == stored.wake_at
    assert set() == due(store, now=EPOCH + 3599, read_to=EPOCH + 3599)
    assert {workflow_id(1)} == due(store, now=EPOCH + 3600, read_to=0.0)


def test_a_quarantine_that_cannot_be_written_leaves_the_row_as_it_was(store: Store) -> None:
    store.commit(batch(start(workflow(1))))

    with pytest.raises(CommitFailed):
        store.quarantine(workflow_id(1), until=EPOCH, error="\ud800")

    stored = store.find(workflow_id(1))
    assert stored is not None
    assert (1, 1) == (stored.version, stored.workflow.sequence)


def test_ready_rows_are_listed_by_how_long_they_wait(store: Store) -> None:
    sms = replace(workflow(3), current=2)
    store.commit(batch(start(workflow(2)), start(sms), start(workflow(4, state=State.HELD))))
    store.commit(batch(start(workflow(1))))
    later = store.now() + 1

    def ready(channel: str, before: float, limit: int = 10) -> tuple[str, ...]:
        return store.ready_since(channel=channel, before=before, limit=limit)

    assert (workflow_id(2), workflow_id(1)) == ready("viber_service", later)
    assert (workflow_id(2),) == ready("viber_service", later, limit=1)
    assert (workflow_id(3),) == ready("sms", later)
    assert () == ready("viber_service", later - 3600)


def test_rows_under_a_stop_are_left_out_of_the_ready_ones_where_that_is_asked(store: Store) -> None:
    senders = {1: "Acme", 2: "Shop", 3: "Bank"}
    rows = {number: workflow(number, steps=(step(sender=sender),)) for number, sender in senders.items()}
    store.commit(batch(*(start(row) for row in rows.values())))
    stopped = Stop(kind=StopKind.FAULT, channel="viber_service", sender="Shop", reason="x", since=EPOCH)
    elsewhere = Stop(kind=StopKind.FAULT, channel="sms", reason="x", since=EPOCH)
    whole = Stop(kind=StopKind.PAUSE, channel="viber_service", reason="x", since=EPOCH)

    def ready(*stops: Stop) -> tuple[str, ...]:
        return store.ready_since(channel="viber_service", before=store.now() + 1, limit=9, but_under=stops)

    assert (workflow_id(1), workflow_id(2), workflow_id(3)) == ready(elsewhere)
    assert (workflow_id(1), workflow_id(3)) == ready(stopped, elsewhere)
    assert () == ready(stopped, whole)


def test_waiting_begins_anew_with_another_turn_and_not_with_a_note(store: Store) -> None:
    for number in (1, 2, 3, 4):
        store.commit(batch(start(workflow(number))))
    between = store.now()
    # Clocks may stand still for a moment; only what is later may count as later.
    while store.now() <= between:
        pass

    noted = change(workflow(1), version=1)
    next_step = change(workflow(2), version=1, workflow=replace(workflow(2), current=2, sequence=2))
    again = change(workflow(3), version=1)
    again = replace(again, entries=(replace(again.entries[0], what=What.REPUBLISHED),))
    gone = change(workflow(4), version=1, workflow=replace(workflow(4), state=State.SENDING, sequence=2))
    store.commit(batch(noted, next_step, again, gone))

    later = store.now() + 1
    assert (workflow_id(1),) == store.ready_since(channel="viber_service", before=between, limit=9)
    assert () == store.ready_since(channel="sms", before=between, limit=9)
    assert (workflow_id(1), workflow_id(3)) == store.ready_since(channel="viber_service", before=later, limit=9)
    assert (workflow_id(2),) == store.ready_since(channel="sms", before=later, limit=9)


def test_a_ready_row_in_quarantine_does_not_wait_for_its_message(store: Store) -> None:
    store.commit(batch(start(workflow(1))))
    store.quarantine(workflow_id(1), until=store.now() + 3600, error="x")

    assert () == store.ready_since(channel="viber_service", before=store.now() + 9000, limit=9)


def test_the_backlog_tells_ages_and_counts(store: Store) -> None:
    assert (0, 0.0, 0.0, 0, 0) == (
        store.backlog().outbox_count,
        store.backlog().outbox_oldest_s,
        store.backlog().overdue_s,
        store.backlog().leases_over,
        store.backlog().quarantined,
    )
    now = store.now()
    lost_call = start(workflow(1, state=State.SENDING), wake_at=now - 10, wake_ungated_at=now - 10)
    in_time = start(workflow(2, state=State.SENDING), wake_at=now + 60, wake_ungated_at=now + 60)
    store.commit(batch(lost_call, in_time, start(workflow(3), wake_at=now - 5, outbox=(outbox_row("a"),))))

    backlog = store.backlog()

    assert (1, 1, 0) == (backlog.outbox_count, backlog.leases_over, backlog.quarantined)
    assert 10.0 <= backlog.overdue_s < 60.0
    assert 0.0 <= backlog.outbox_oldest_s <= backlog.now - now
