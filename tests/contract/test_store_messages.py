"""What leaves and what arrives: the outbox, deliveries to callers, parked receipts, inbound messages."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

from shared.store.port import Store
from shared.store.records import Batch, CallbackAnswer, CallbackRow, InboundRow, OutboxRow
from tests.support.store_rows import EPOCH, batch, callback_row, outbox_row, parked, start, workflow, workflow_id


def all_outbox(store: Store) -> tuple[OutboxRow, ...]:
    return store.outbox_of_others(now=store.now() + 60, older_than_s=1, limit=100)


def test_an_outbox_row_comes_back_exactly_with_its_number_and_the_store_s_time(store: Store) -> None:
    row = outbox_row("a", tenant="acme", number=1, nested={"list": [1, None]})
    before = store.now()

    (number,) = store.commit(Batch(outbox=(replace(row, made_at=1.0),))).outbox_ids

    (found,) = all_outbox(store)
    assert replace(row, row_id=number, made_at=found.made_at) == found
    assert before <= found.made_at <= store.now()


def test_rows_belong_to_anyone_only_when_they_are_old_enough_and_oldest_first(store: Store) -> None:
    numbers = [store.commit(Batch(outbox=(outbox_row(name),))).outbox_ids[0] for name in "abc"]
    rows = all_outbox(store)

    assert numbers == [row.row_id for row in rows]
    assert () == store.outbox_of_others(now=rows[0].made_at + 5, older_than_s=5, limit=10)
    assert rows[:2] == store.outbox_of_others(now=rows[-1].made_at + 60, older_than_s=5, limit=2)


def test_what_was_confirmed_is_gone_and_may_be_told_twice(store: Store) -> None:
    first, second = store.commit(Batch(outbox=(outbox_row("a"), outbox_row("b")))).outbox_ids

    store.outbox_sent([first, 999_999])
    store.outbox_sent([first])

    assert (1, ["b"]) == (store.outbox_count(), [row.message_id for row in all_outbox(store)])
    store.outbox_sent([second, first])
    assert 0 == store.outbox_count()


def take(store: Store, now: float, *, lease_s: float = 30.0, limit: int = 10) -> tuple[CallbackRow, ...]:
    return store.take_callbacks(now=now, lease_s=lease_s, limit=limit)


def test_a_callback_is_taken_by_one_until_its_lease_is_over(store: Store) -> None:
    before = store.now()
    store.commit(batch(start(workflow(1), callbacks=(callback_row("a", of=workflow_id(1)),))))
    now = store.now() + 1

    (taken,) = take(store, now)

    assert replace(callback_row("a", of=workflow_id(1)), made_at=taken.made_at, next_at=now + 30) == taken
    assert before <= taken.made_at <= now
    assert () == take(store, now + 29)
    assert ["a"] == [row.callback_id for row in take(store, now + 30)]


def test_callbacks_are_taken_oldest_first_and_no_more_than_asked(store: Store) -> None:
    later = callback_row("later", next_at=EPOCH * 2)
    store.commit(Batch(callbacks=(callback_row("b"), callback_row("a"), later, callback_row("c", next_at=None))))
    now = store.now() + 1

    assert ["b"] == [row.callback_id for row in take(store, now, limit=1)]
    assert ["a"] == [row.callback_id for row in take(store, now)]
    assert ["later"] == [row.callback_id for row in take(store, EPOCH * 2)][-1:]


def test_a_callback_with_a_known_id_is_ignored(store: Store) -> None:
    store.commit(Batch(callbacks=(callback_row("a", of=workflow_id(1)),)))
    store.commit(Batch(callbacks=(replace(callback_row("a", of=workflow_id(1)), url="https://example.com/other"),)))

    assert ["https://example.com/status"] == [row.url for row in store.callbacks_of(workflow_id(1))]


def test_an_answer_is_recorded_and_counted_and_says_when_to_try_again(store: Store) -> None:
    store.commit(Batch(callbacks=(callback_row("a", of=workflow_id(1)),)))
    now = store.now() + 1
    take(store, now)

    store.settle_callback("a", CallbackAnswer(at=now, status=503, error="Service Unavailable", next_at=now + 5))
    (row,) = store.callbacks_of(workflow_id(1))
    assert (1, 503, "Service Unavailable", now + 5, None) == (
        row.attempts,
        row.last_status,
        row.last_error,
        row.next_at,
        row.delivered_at,
    )

    (again,) = take(store, now + 5)
    store.settle_callback("a", CallbackAnswer(at=now + 6, status=200, delivered=True))
    (row,) = store.callbacks_of(workflow_id(1))
    assert (1, 2, 200, None, None, now + 6) == (
        again.attempts,
        row.attempts,
        row.last_status,
        row.last_error,
        row.next_at,
        row.delivered_at,
    )
    assert () == take(store, EPOCH * 2)


def test_a_delivered_callback_stays_delivered_whatever_a_slower_taker_says(store: Store) -> None:
    store.commit(Batch(callbacks=(callback_row("a", of=workflow_id(1)),)))
    store.settle_callback("a", CallbackAnswer(at=EPOCH, status=200, delivered=True))
    store.settle_callback("a", CallbackAnswer(at=EPOCH + 1, status=None, error="timeout", next_at=EPOCH + 5))
    store.settle_callback("b", CallbackAnswer(at=EPOCH + 1, status=200, delivered=True))

    (row,) = store.callbacks_of(workflow_id(1))
    assert (EPOCH, None) == (row.delivered_at, row.next_at)


def test_a_callback_given_up_is_kept_as_a_log(store: Store) -> None:
    store.commit(Batch(callbacks=(callback_row("a", of=workflow_id(1)),)))
    store.settle_callback("a", CallbackAnswer(at=EPOCH, status=410, error="Gone", next_at=None))

    assert () == take(store, EPOCH * 2)
    assert [410] == [row.last_status for row in store.callbacks_of(workflow_id(1))]


def test_what_did_not_arrive_is_listed_by_what_is_to_become_of_it(store: Store) -> None:
    store.commit(Batch(callbacks=tuple(callback_row(name) for name in ("gone", "late", "fine", "new", "others"))))
    store.settle_callback("gone", CallbackAnswer(at=EPOCH, status=410, error="HTTP 410"))
    store.settle_callback("late", CallbackAnswer(at=EPOCH, status=503, error="HTTP 503", next_at=EPOCH * 2))
    store.settle_callback("fine", CallbackAnswer(at=EPOCH, status=200, delivered=True))
    store.commit(Batch(callbacks=(replace(callback_row("rival"), tenant="rival"),)))
    store.settle_callback("rival", CallbackAnswer(at=EPOCH, status=None, error="no answer"))

    def failed(**how: object) -> list[str]:
        return [row.callback_id for row in store.failed_callbacks(**{"since": 0.0, "limit": 9, **how})]  # type: ignore[arg-type]

    assert ["gone", "rival"] == failed()
    assert ["late"] == failed(given_up=False)
    assert ["rival"] == failed(tenant="rival")
    assert ["gone"] == failed(limit=1)
    assert [] == failed(since=store.now() + 1)


def test_a_delivery_is_sent_again_as_if_it_were_made_now(store: Store) -> None:
    store.commit(Batch(callbacks=(callback_row("a"), callback_row("b"))))
    store.settle_callback("a", CallbackAnswer(at=EPOCH, status=410, error="HTTP 410"))
    store.settle_callback("b", CallbackAnswer(at=EPOCH, status=200, delivered=True))
    later = store.now() + 100_000

    assert (True, True, False) == tuple(store.send_callback_again(name, now=later) for name in ("a", "b", "c"))
    assert ["a", "b"] == sorted(row.callback_id for row in take(store, later))
    row = store.callback("a")
    assert row is not None
    assert (later, 0, 410, None) == (row.made_at, row.attempts, row.last_status, row.delivered_at)

    store.settle_callback("b", CallbackAnswer(at=later, status=503, error="HTTP 503", next_at=later + 5))
    again = store.callback("b")
    assert again is not None
    assert (EPOCH, None) == (again.delivered_at, again.next_at)
    assert store.callback("c") is None


def test_all_that_were_given_up_since_a_time_are_sent_again(store: Store) -> None:
    rows = (callback_row("gone"), callback_row("late"), replace(callback_row("rival"), tenant="rival"))
    store.commit(Batch(callbacks=rows))
    for name in ("gone", "rival"):
        store.settle_callback(name, CallbackAnswer(at=EPOCH, status=None, error="no answer"))
    store.settle_callback("late", CallbackAnswer(at=EPOCH, status=503, error="HTTP 503", next_at=EPOCH * 2))
    now = store.now() + 1

    assert 0 == store.recover_callbacks(since=now, now=now)
    assert 1 == store.recover_callbacks(since=0.0, now=now, tenant="acme")
    assert 1 == store.recover_callbacks(since=0.0, now=now)
    assert 0 == store.recover_callbacks(since=0.0, now=now)
    assert ["gone", "rival"] == sorted(row.callback_id for row in take(store, now))


def test_the_delivery_log_is_in_the_order_of_making(store: Store) -> None:
    of = workflow_id(1)
    store.commit(Batch(callbacks=tuple(callback_row(name, of=of) for name in ("d", "b", "c"))))
    store.commit(Batch(callbacks=(callback_row("a", of=of), callback_row("x", of=workflow_id(2)))))

    assert ["d", "b", "c", "a"] == [row.callback_id for row in store.callbacks_of(of)]


def test_takers_that_race_share_the_due_callbacks(store: Store) -> None:
    names = {f"{number:03}" for number in range(60)}
    store.commit(Batch(callbacks=tuple(callback_row(name) for name in sorted(names))))
    now = store.now() + 1
    barrier = Barrier(3)

    def take_all(_: int) -> list[str]:
        barrier.wait()
        taken: list[str] = []
        while rows := take(store, now, limit=7):
            taken += [row.callback_id for row in rows]
        return taken

    with ThreadPoolExecutor(3) as pool:
        taken = [name for names_of_one in pool.map(take_all, range(3)) for name in names_of_one]
    # Rows another was taking at that moment were skipped, and are there for the next look.
    taken += [row.callback_id for row in take(store, now, limit=100)]

    assert (60, names) == (len(taken), set(taken))


def test_due_receipts_are_tried_and_given_up_ones_are_counted(store: Store) -> None:
    rows = (parked("a", next_at=EPOCH + 2), parked("b", next_at=EPOCH + 1), parked("c", next_at=None))
    store.commit(Batch(parked=rows))

    assert () == store.due_parked(now=EPOCH, limit=10)
    assert (rows[1], rows[0]) == store.due_parked(now=EPOCH + 2, limit=10)
    assert (rows[1],) == store.due_parked(now=EPOCH + 2, limit=1)
    assert 1 == store.count_orphans()


def test_parked_receipts_are_deleted_when_their_time_is_over_or_there_are_too_many(store: Store) -> None:
    old = parked("old", next_at=None, keep_until=EPOCH + 1)
    rows = tuple(parked(f"{number}", next_at=None, first_at=EPOCH + number) for number in range(5))
    store.commit(Batch(parked=(old, *rows)))

    assert 0 == store.purge_parked(now=EPOCH + 1)
    assert 1 == store.purge_parked(now=EPOCH + 2)
    assert 2 == store.purge_parked(now=EPOCH + 2, keep_at_most=3)
    assert 3 == store.count_orphans()
    store.commit(Batch(unparked=("2", "3", "4")))
    assert 0 == store.count_orphans()


def test_an_inbound_message_is_kept_once(store: Store) -> None:
    row = InboundRow(
        provider_uuid="p-1",
        tenant="acme",
        account="default",
        channel="sms",
        sender="49151",
        recipient="Acme",
        region_url=None,
        raw=b"{}",
        received_at=EPOCH,
    )

    store.commit(Batch(inbound=(row,)))
    committed = store.commit(Batch(inbound=(replace(row, raw=b"[]"), replace(row, provider_uuid="p-2"))))

    assert frozenset() == committed.lost
