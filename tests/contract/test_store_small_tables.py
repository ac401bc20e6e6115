"""Stops and their probes, the directory, who is alive, what the doctor counts."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from shared.errors import NotStored
from shared.model import Outcome, State, StopKind
from shared.store.directory import Account, ApiKey, Application, DirectoryChange, Publisher, Route, Tenant
from shared.store.port import Store
from shared.store.records import DispatcherRow
from tests.support.store_rows import EPOCH, batch, change, start, step, stop, workflow, workflow_id


def test_a_stop_is_read_back_as_it_was_put(store: Store) -> None:
    pause = replace(
        stop(StopKind.PAUSE, account=None, channel="viber_service"), by="operator:ann", reason="Maintenance — 10 min"
    )
    fault = replace(stop(), probe_at=EPOCH + 10, probe_count=0)

    store.put_stop(pause)
    store.put_stop(fault)

    controls = store.controls()
    assert {pause, fault} == set(controls.stops)
    assert abs(store.now() - controls.now) < 5


def test_a_stop_put_again_keeps_the_earlier_since_and_the_further_probe(store: Store) -> None:
    first = replace(stop(since=EPOCH), probe_at=EPOCH + 10)
    store.put_stop(first)
    store.take_probe(first.key, probe_count=0, next_probe_at=EPOCH + 30)

    store.put_stop(replace(stop(since=EPOCH + 12), reason="Forbidden", probe_at=EPOCH + 22))

    (kept,) = store.controls().stops
    assert replace(first, reason="Forbidden", probe_at=EPOCH + 30, probe_count=1) == kept


def test_a_stop_that_comes_with_a_change_is_merged_like_any_other(store: Store) -> None:
    store.put_stop(stop(since=EPOCH + 5))
    store.commit(batch(start(workflow(1), stops=(stop(since=EPOCH + 9), stop(channel="sms")))))

    assert {stop(since=EPOCH + 5), stop(channel="sms")} == set(store.controls().stops)


def test_an_operator_s_pause_is_another_stop_than_a_fault_of_the_same_scope(store: Store) -> None:
    for kind in (StopKind.FAULT, StopKind.PAUSE, StopKind.SKIP, StopKind.BREAKER):
        store.put_stop(stop(kind))

    assert {StopKind.FAULT, StopKind.SKIP, StopKind.BREAKER} == {each.kind for each in store.controls().stops}


def test_a_lifted_stop_is_returned_once(store: Store) -> None:
    store.put_stop(stop())

    assert stop() == store.lift_stop(stop().key)
    assert store.lift_stop(stop().key) is None
    assert () == store.controls().stops


def test_one_of_all_dispatchers_gets_the_probe(store: Store) -> None:
    store.put_stop(stop())
    barrier = Barrier(4)

    def probe(_: int) -> bool:
        barrier.wait()
        return store.take_probe(stop().key, probe_count=0, next_probe_at=EPOCH + 20)

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(probe, range(4)))

    assert 1 == sum(taken)
    assert not store.take_probe("fault|*|*|*", probe_count=0, next_probe_at=EPOCH)
    assert [(1, EPOCH + 20)] == [(each.probe_count, each.probe_at) for each in store.controls().stops]


def test_threads_that_put_the_same_stop_keep_the_earliest_since(store: Store) -> None:
    barrier = Barrier(4)

    def put(number: int) -> None:
        barrier.wait()
        store.put_stop(stop(since=EPOCH + number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(4)))

    assert (stop(since=EPOCH),) == store.controls().stops


ACCOUNT = Account(
    name="eu",
    base_url="https://api.example.com",
    generation="v1",
    api_key="abcd",
    application_id="11111111-2222-4333-8444-555555555555",
    private_key="-----BEGIN PRIVATE KEY-----\n",
    api_secret=None,
    signature_secrets=("new", "old"),
)
TENANT = Tenant(name="acme", status_url="https://example.com/status")
APPLICATION = Application(application_id="app-1", tenant="acme", public_key="-----BEGIN PUBLIC KEY-----\n")
KEY = ApiKey(api_key="key-1", tenant="acme", secret_hashes=("ab" * 32, "cd" * 32), signature_secret="s", made_at=7.5)
PUBLISHER = Publisher(user="billing", tenant="acme")
ROUTE = Route(account="eu", tenant="acme", channel="sms")


def test_the_directory_is_read_back_whole(store: Store) -> None:
    routes = (ROUTE, Route(account="eu"), Route(account="eu", sender="Acme"))
    for record in (ACCOUNT, TENANT, APPLICATION, KEY, PUBLISHER, *routes):
        store.change_directory(record)

    directory = store.directory()

    assert {"eu": ACCOUNT} == directory.accounts
    assert {"acme": TENANT} == directory.tenants
    assert {"app-1": APPLICATION} == directory.applications
    assert {"key-1": KEY} == directory.keys
    assert {"billing": PUBLISHER} == directory.publishers
    assert set(routes) == set(directory.routes)
    assert abs(store.now() - directory.now) < 5


REPLACED: dict[str, tuple[DirectoryChange, DirectoryChange]] = {
    "an account": (ACCOUNT, replace(ACCOUNT, signature_secrets=(), private_key=None, api_secret="basic")),
    "a tenant": (TENANT, replace(TENANT, status_url=None, inbound_url="https://example.com/inbound")),
    "an application": (APPLICATION, replace(APPLICATION, revoked=True, webhook_version="v0.1")),
    "a key": (KEY, replace(KEY, revoked=True, secret_hashes=("ef" * 32,))),
    "a publisher": (PUBLISHER, replace(PUBLISHER, tenant="other")),
    "a route": (ROUTE, replace(ROUTE, account="us")),
}


@pytest.mark.parametrize(("old", "new"), REPLACED.values(), ids=REPLACED.keys())
def test_a_record_put_again_is_replaced(store: Store, old: DirectoryChange, new: DirectoryChange) -> None:
    for record in (ACCOUNT, replace(ACCOUNT, name="us"), TENANT, Tenant(name="other"), old, new):
        store.change_directory(record)

    directory = store.directory()
    everything = [
        *directory.accounts.values(),
        *directory.tenants.values(),
        *directory.applications.values(),
        *directory.keys.values(),
        *directory.publishers.values(),
        *directory.routes,
    ]

    assert (1, 0) == (everything.count(new), everything.count(old))


@pytest.mark.parametrize(
    "record",
    [ROUTE, Route(account="nowhere"), APPLICATION, KEY, PUBLISHER, Route(account="eu", tenant="nobody")],
    ids=["a route of no tenant", "a route to no account", "an application", "a key", "a publisher", "another route"],
)
def test_a_record_that_names_what_is_not_there_is_refused(store: Store, record: DirectoryChange) -> None:
    store.change_directory(ACCOUNT)
    before = store.directory()

    with pytest.raises(NotStored):
        store.change_directory(record)

    assert replace(before, now=0.0) == replace(store.directory(), now=0.0)


def test_a_key_keeps_the_time_at_which_it_was_first_put(store: Store) -> None:
    store.change_directory(TENANT)
    store.change_directory(replace(KEY, made_at=0.0))
    first = store.directory().keys["key-1"].made_at
    store.change_directory(replace(KEY, made_at=0.0, revoked=True))
    store.change_directory(replace(KEY, made_at=9.0))

    assert abs(store.now() - first) < 5
    assert replace(KEY, made_at=first) == store.directory().keys["key-1"]


def test_the_deployment_s_secret_is_32_bytes_and_stays(store: Store) -> None:
    secret = store.directory().deployment_secret

    assert 32 == len(secret)
    assert secret == store.directory().deployment_secret


def beat(name: str, seen_at: float, calls: int = 0) -> DispatcherRow:
    return DispatcherRow(
        name=name, host="h", pid=7, version="0.1.0", since=EPOCH, seen_at=seen_at, calls_in_flight=calls
    )


def test_a_dispatcher_is_listed_with_its_last_beat_until_it_was_not_seen_for_a_day(store: Store) -> None:
    for row in (beat("b", EPOCH), beat("a", EPOCH + 1), beat("b", EPOCH + 2, calls=3)):
        store.heartbeat(row)

    assert (beat("a", EPOCH + 1), beat("b", EPOCH + 2, calls=3)) == store.dispatchers()
    store.heartbeat(beat("c", EPOCH + 86_402))
    assert ["b", "c"] == [row.name for row in store.dispatchers()]


def test_rows_under_a_stop_are_listed_in_lots_in_id_order(store: Store) -> None:
    viber = [workflow(number, state=State.HELD) for number in range(1, 6)]
    other_sender = workflow(6, state=State.HELD, steps=(step(1, sender="Other"),))
    sms = workflow(7, state=State.HELD, steps=(step(1, channel="sms"),))
    ready = workflow(8)
    elsewhere = workflow(9, state=State.HELD)
    store.commit(
        batch(
            *(start(each) for each in (*viber, other_sender, sms, ready)),
            start(elsewhere, account="us"),
        )
    )

    def held(limit: int = 100, after: str = "", *, states: tuple[str, ...] = ("held",), **scope: str) -> list[int]:
        found = store.in_state(states, stop=stop(**{"account": None} | scope), limit=limit, after=after)  # type: ignore[arg-type]
        return [number for number in range(1, 10) for each in found if each == workflow_id(number)]

    assert [1, 2, 3, 4, 5, 6, 7] == held(account="default")
    assert [1, 2, 3, 4, 5, 6, 7, 9] == held()
    assert [1, 2, 3, 4, 5, 6] == held(account="default", channel="viber_service")
    assert [6] == held(account="default", channel="viber_service", sender="Other")
    assert [9] == held(account="us")
    assert [1, 2, 3, 4, 5, 6, 8, 9] == held(channel="viber_service", states=("held", "ready"))
    assert [3, 4] == held(limit=2, after=workflow_id(2), account="default")
    assert [6, 7] == held(limit=2, after=workflow_id(5), account="default")
    assert () == store.in_state((), stop=stop(), limit=5)


def test_the_snapshot_counts_states_and_outcomes(store: Store) -> None:
    store.commit(batch(*(start(workflow(number)) for number in (1, 2)), start(workflow(3, state=State.FINAL))))
    ended = replace(workflow(2), state=State.FINAL, outcome=Outcome.READ, sequence=2)
    store.commit(batch(change(workflow(2), version=1, workflow=ended, wake_at=None)))

    snapshot = store.snapshot()

    assert {"ready": 1, "final": 2} == snapshot.by_state
    assert {"cancelled": 1, "read": 1} == snapshot.by_outcome


def test_what_is_not_there_is_nothing(store: Store) -> None:
    assert store.find(workflow_id(1)) is None
    assert ((), (), ()) == (
        store.timeline(workflow_id(1)),
        store.attempts_of(workflow_id(1)),
        store.callbacks_of(workflow_id(1)),
    )
