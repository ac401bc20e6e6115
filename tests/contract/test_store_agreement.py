"""The store in memory and the one on a database give the same answers to the same long story.

What the simulation proves on the store in memory holds for the other only because of this.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from shared.errors import CommitFailed
from shared.model import State, Stop, StopKind, What
from shared.store.migrations import upgrade
from shared.store.opening import open_memory_store, open_store
from shared.store.port import Store
from shared.store.records import Batch, CallbackAnswer, Change, DispatcherRow
from tests.support.store_rows import (
    EPOCH,
    attempt_row,
    callback_row,
    change,
    entry,
    outbox_row,
    parked,
    start,
    stop,
    suppression,
    tombstone,
    workflow,
    workflow_id,
)

IDS = range(1, 13)


class Story:
    """Random calls, each made of both stores."""

    def __init__(self, seed: int, stores: tuple[Store, Store], pass_time: Callable[[float], float]) -> None:
        self._random = Random(seed)
        self._stores = stores
        self._pass_time = pass_time
        self._now = EPOCH

    def turn(self) -> None:
        self._now = self._pass_time(self._random.choice((0.0, 0.5, 7.0)))
        call = self._call()
        first, second = (_answer(call, store) for store in self._stores)
        assert first == second

    def _call(self) -> Callable[[Store], object]:
        pick, now = self._random, self._now
        ids = [workflow_id(number) for number in pick.sample(IDS, pick.randint(0, 5))]
        number, seed, limit = pick.choice(IDS), pick.random(), pick.randint(1, 6)
        channel, shown = pick.choice(("viber_service", "sms")), self._stop()
        earlier, name = now - pick.choice((0.0, 3.0, 20.0)), workflow_id(number)
        answer = CallbackAnswer(at=now, status=200, delivered=seed < 0.4, next_at=now + 1 if seed < 0.8 else None)
        alive = DispatcherRow(
            name=f"d{limit}", host="h", pid=1, version="1", since=now, seen_at=now, calls_in_flight=number
        )
        if pick.random() < 0.25:
            batch = self._batch()
            return lambda store: store.commit(batch)
        calls: tuple[Callable[[Store], object], ...] = (
            lambda store: store.load(ids, [f"u{number}", "u0"]),
            lambda store: store.due(now=now, read_to=earlier, limit=limit, seed=int(seed * 99)),
            lambda store: store.outbox_of_others(now=now, older_than_s=1, limit=limit),
            lambda store: store.outbox_sent([number, limit, 999]),
            lambda store: store.take_callbacks(now=now, lease_s=5, limit=limit),
            lambda store: store.settle_callback(f"c{number}", answer),
            lambda store: (store.due_parked(now=now, limit=limit), store.count_orphans()),
            lambda store: store.purge_parked(now=now, keep_at_most=8),
            lambda store: store.controls(),
            lambda store: store.put_stop(shown),
            lambda store: store.lift_stop(shown.key),
            lambda store: store.take_probe(shown.key, probe_count=limit % 2, next_probe_at=now + 4),
            lambda store: (store.timeline(name), store.attempts_of(name), store.callbacks_of(name)),
            lambda store: store.ready_since(channel=channel, before=earlier, limit=limit),
            lambda store: store.in_state(("ready", "held"), stop=shown, limit=limit, after=workflow_id(2)),
            lambda store: (store.backlog(), store.snapshot(), store.has_tombstone(name)),
            lambda store: store.heartbeat(alive),
            lambda store: store.dispatchers(),
            lambda store: store.quarantine(name, until=now + 9, error="x"),
        )
        return pick.choice(calls)

    def _batch(self) -> Batch:
        pick = self._random
        numbers = pick.sample(IDS, pick.randint(0, 6))
        return Batch(
            changes=tuple(self._change(number) for number in numbers),
            outbox=tuple(outbox_row(f"m{pick.random()}") for _ in range(pick.randint(0, 2))),
            parked=tuple(
                parked(
                    f"p{pick.randint(1, 20)}",
                    next_at=pick.choice((None, self._now, self._now + 5)),
                    first_at=self._now + pick.random(),
                    keep_until=self._now + pick.choice((2, 90)),
                )
                for _ in range(pick.randint(0, 1))
            ),
            unparked=(f"p{pick.randint(1, 20)}",),
            callbacks=(callback_row(f"c{pick.choice(IDS)}", of=workflow_id(pick.choice(IDS))),),
            tombstones=(tombstone(pick.choice(IDS)),) if pick.random() < 0.1 else (),
            read_to=self._now - pick.random() if pick.random() < 0.5 else None,
        )

    def _change(self, number: int) -> Change:
        pick, now = self._random, self._now
        stored = self._stores[0].find(workflow_id(number))
        state = pick.choice([*State][1:])
        of = replace(workflow(number, state=state), current=pick.randint(1, 2))
        wakes = {"wake_at": None if state is State.FINAL else now + pick.choice((-1.0, 3.0, 8.0))}
        wakes["wake_ungated_at"] = None if state is State.FINAL else pick.choice((None, now + 2.0))
        more = wakes | {
            "account": pick.choice(("default", "us")),
            "outbox": tuple(outbox_row(f"w{number}") for _ in range(pick.randint(0, 2))),
            "attempts": (attempt_row(of, pick.randint(1, 2), uuid=pick.choice((None, f"u{number}", "u0"))),),
            "suppressions": (suppression("number:4915100000001"),) if pick.random() < 0.1 else (),
            "stops": (self._stop(),) if pick.random() < 0.1 else (),
        }
        if stored is None or pick.random() < 0.1:
            return start(of, **more)
        version = stored.version - (pick.random() < 0.2)
        of = replace(of, sequence=stored.workflow.sequence - (pick.random() < 0.02))
        moved = change(of, version=version, **more)
        what = pick.choice((What.RECEIPT, What.REPUBLISHED))
        return replace(moved, entries=(entry(of.sequence + 1, what),))

    def _stop(self) -> Stop:
        pick = self._random
        return stop(
            pick.choice((StopKind.FAULT, StopKind.PAUSE, StopKind.SKIP)),
            account=pick.choice((None, "default")),
            channel=pick.choice((None, "sms", "viber_service")),
            since=self._now,
        )


def _answer(call: Callable[[Store], object], store: Store) -> object:
    try:
        return call(store)
    except CommitFailed:
        return "commit failed"


@pytest.mark.parametrize("seed", range(8))
def test_both_give_the_same_answers(seed: int, tmp_path: Path) -> None:
    time = [EPOCH]

    def pass_time(seconds: float) -> float:
        time[0] += seconds
        return time[0]

    url = f"sqlite:///{tmp_path}/store.db"
    upgrade(url)
    database = open_store(url, clock=lambda: time[0])
    story = Story(seed, (open_memory_store(clock=lambda: time[0]), database), pass_time)

    for _ in range(250):
        story.turn()

    database.close()


def test_a_copy_in_memory_goes_its_own_way() -> None:
    store = open_memory_store(clock=lambda: EPOCH)
    store.commit(Batch(changes=(start(workflow(1), attempts=(attempt_row(workflow(1), uuid="u"),)),)))
    copy = store.copy()

    store.commit(
        Batch(changes=(change(workflow(1), version=1), start(workflow(2))), outbox=(outbox_row("a"),), read_to=1)
    )
    store.put_stop(stop())

    assert ({workflow_id(1)}, 1) == (
        set(copy.load([workflow_id(1), workflow_id(2)]).workflows),
        len(copy.timeline(workflow_id(1))),
    )
    assert (0, (), 0.0) == (copy.outbox_count(), copy.controls().stops, copy.controls().read_to)
    assert frozenset() == copy.commit(Batch(changes=(change(workflow(1), version=1),))).lost
