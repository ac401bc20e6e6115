"""What requests need of a store: searches newest first, inbound messages by uuid, keys of repeated requests."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from shared.model import State, Workflow
from shared.store.migrations import upgrade
from shared.store.opening import open_memory_store, open_store
from shared.store.port import KEPT_S, RETAKEN_AFTER_S, Store
from shared.store.records import Batch, InboundRow
from shared.store.records_requests import KeyedRequest, KeyState, SearchQuery
from tests.support.store_rows import EPOCH, batch, change, start, step, workflow, workflow_id

VIBER_THEN_SMS = (
    replace(step(1), client_ref="order-1"),
    replace(step(2, channel="sms"), client_ref="order-2"),
)


def found(store: Store, **asked: object) -> list[str]:
    """Return the ids of the first page."""
    query = SearchQuery(**{"tenant": "acme", **asked})  # type: ignore[arg-type] # the tests name fields of the query
    return [stored.workflow.workflow_id for stored in store.search(query).workflows]


def put(store: Store, *workflows: Workflow) -> None:
    assert not store.commit(batch(*(start(each) for each in workflows))).lost


def to_each(number: int) -> Workflow:
    """Return a workflow whose two steps go to two people."""
    first, second = VIBER_THEN_SMS
    return workflow(
        number,
        steps=(
            replace(first, message=replace(first.message, recipient=f"4477009000{number:02}")),
            replace(second, message=replace(second.message, recipient="447700900999")),
        ),
    )


def test_a_workflow_is_found_by_the_recipient_and_the_reference_of_any_step(store: Store) -> None:
    put(store, to_each(1), to_each(2), workflow(3))

    assert [workflow_id(1)] == found(store, recipient="447700900001")
    assert [workflow_id(2), workflow_id(1)] == found(store, recipient="447700900999")
    assert [workflow_id(2), workflow_id(1)] == found(store, client_ref="order-2")
    assert [workflow_id(2)] == found(store, client_ref="order-1", recipient="447700900002")
    assert [] == found(store, recipient="4477009009")
    assert [] == found(store, client_ref="order-2", recipient="4915100000001")


def test_nobody_finds_what_another_tenant_sent(store: Store) -> None:
    put(store, to_each(1), replace(to_each(2), tenant="other"))

    assert [workflow_id(1)] == found(store)
    assert [workflow_id(1)] == found(store, recipient="447700900999")
    assert [workflow_id(2)] == found(store, tenant="other", client_ref="order-1")


def test_times_states_and_outcomes_narrow_a_search(store: Store) -> None:
    put(store, workflow(1), workflow(2, state=State.WAITING), workflow(3, state=State.FINAL))

    assert [workflow_id(3), workflow_id(2)] == found(store, from_time=EPOCH + 2)
    assert [workflow_id(1)] == found(store, to_time=EPOCH + 2)
    assert [workflow_id(2)] == found(store, state="waiting")
    assert [workflow_id(3)] == found(store, outcome="cancelled")
    assert [workflow_id(2)] == found(store, recipient="4915100000001", state="waiting", from_time=EPOCH + 1)


def test_a_search_follows_what_becomes_of_a_workflow(store: Store) -> None:
    first = to_each(1)
    put(store, first)
    store.commit(batch(change(replace(first, state=State.FINAL, current=2), version=1, wake_at=None)))

    assert [workflow_id(1)] == found(store, recipient="447700900001", state="final")
    assert [] == found(store, recipient="447700900001", state="ready")


def test_pages_hold_every_workflow_once_and_newest_first_though_more_arrive(store: Store) -> None:
    # Several of one moment: the id decides between them.
    workflows = [replace(workflow(number), accepted_at=EPOCH + number // 3) for number in range(1, 12)]
    put(store, *workflows)

    pages: list[list[str]] = []
    query = SearchQuery(tenant="acme", recipient="4915100000001", limit=4)
    while True:
        page = store.search(query)
        pages.append([stored.workflow.workflow_id for stored in page.workflows])
        put(store, workflow(100 + len(pages)))
        if page.next is None:
            break
        query = replace(query, upto=page.next)

    newest_first = sorted(workflows, key=lambda each: (each.accepted_at, each.workflow_id), reverse=True)
    assert [4, 4, 3] == [len(page) for page in pages]
    assert [each.workflow_id for each in newest_first] == [each for page in pages for each in page]


def test_a_page_that_is_just_full_is_the_last_one(store: Store) -> None:
    put(store, workflow(1), workflow(2))

    assert store.search(SearchQuery(tenant="acme", limit=2)).next is None


def test_signs_that_no_database_takes_are_found_by_what_stands_for_them(store: Store) -> None:
    odd = replace(step(1), client_ref="order\0007")
    put(store, workflow(1, steps=(odd, step(2, channel="sms"))))

    assert [workflow_id(1)] == found(store, client_ref="order\0007")


RECEIVED = InboundRow(
    provider_uuid="6a0f7c1e-2f5b-4c1d-8a57-0b5f0f1c2d3e",
    tenant="acme",
    account="default",
    channel="whatsapp",
    sender="447700900000",
    recipient="447700900001",
    region_url="https://api-eu.vonage.com/v1/messages/6a0f7c1e-2f5b-4c1d-8a57-0b5f0f1c2d3e",
    raw=b'{"\xff',
    received_at=EPOCH + 0.25,
)


def test_an_inbound_message_is_found_by_the_provider_s_uuid(store: Store) -> None:
    row = RECEIVED
    store.commit(Batch(inbound=(row,)))

    assert (row,) == store.find_inbound(row.provider_uuid)
    assert () == store.find_inbound(workflow_id(1))


def test_an_id_that_one_account_took_is_free_for_the_others(store: Store) -> None:
    first = replace(RECEIVED, account="b", tenant="rival")
    second = replace(RECEIVED, account="a", raw=b"[]")
    store.commit(Batch(inbound=(first,)))
    store.commit(Batch(inbound=(second, replace(first, raw=b"again"))))

    assert (second, first) == store.find_inbound(RECEIVED.provider_uuid)


REQUEST = KeyedRequest(tenant="acme", key="order-17", fingerprint="a" * 64, workflow_id=workflow_id(1))


def test_a_key_stands_for_one_request_and_its_answer(store: Store) -> None:
    assert KeyState.TAKEN == store.take_key(REQUEST).state
    assert KeyState.BUSY == store.take_key(replace(REQUEST, workflow_id=workflow_id(2))).state
    assert KeyState.OTHER == store.take_key(replace(REQUEST, fingerprint="b" * 64)).state

    store.answer_key(tenant="acme", key="order-17", workflow_id=workflow_id(1), answer=b'{"a": "\xc3\xbc"}')

    again = store.take_key(replace(REQUEST, workflow_id=workflow_id(2)))
    assert (KeyState.ANSWERED, workflow_id(1), b'{"a": "\xc3\xbc"}') == (again.state, again.workflow_id, again.answer)
    assert KeyState.OTHER == store.take_key(replace(REQUEST, fingerprint="b" * 64)).state


def test_a_key_is_the_tenant_s_own(store: Store) -> None:
    others = replace(REQUEST, tenant="other", workflow_id=workflow_id(2))

    assert KeyState.TAKEN == store.take_key(REQUEST).state
    assert (KeyState.TAKEN, workflow_id(2)) == (store.take_key(others).state, store.take_key(others).workflow_id)


def test_a_key_that_is_given_back_is_taken_over_under_the_same_id(store: Store) -> None:
    store.take_key(REQUEST)
    store.give_back_key(tenant="acme", key="order-17", workflow_id=workflow_id(1))

    again = store.take_key(replace(REQUEST, workflow_id=workflow_id(2)))
    assert (KeyState.TAKEN, workflow_id(1)) == (again.state, again.workflow_id)
    assert KeyState.BUSY == store.take_key(REQUEST).state


def test_of_many_at_once_one_takes_a_key(store: Store) -> None:
    requests = [replace(REQUEST, workflow_id=workflow_id(number)) for number in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(store.take_key, requests))

    assert [KeyState.BUSY] * 7 + [KeyState.TAKEN] == sorted(each.state for each in taken)
    assert 1 == len({each.workflow_id for each in taken})


@pytest.fixture(params=["memory", "sqlite"])
def timed(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    """A store whose time the test sets, and the setting of it. PostgreSQL has a clock of its own."""
    at = [EPOCH]

    def clock() -> float:
        return at[0]

    with ExitStack() as stack:
        store: Store = open_memory_store(clock=clock)
        if request.param == "sqlite":
            upgrade(f"sqlite:///{tmp_path}/store.db")
            store = open_store(f"sqlite:///{tmp_path}/store.db", clock=clock)
        stack.callback(store.close)

        def later(seconds: float) -> None:
            at[0] += seconds

        yield store, later


Timed = tuple[Store, Callable[[float], None]]


def test_a_key_without_an_answer_is_taken_over_after_half_a_minute(timed: Timed) -> None:
    store, later = timed
    store.take_key(REQUEST)
    later(RETAKEN_AFTER_S - 0.01)
    assert KeyState.BUSY == store.take_key(REQUEST).state

    later(0.01)
    over = store.take_key(replace(REQUEST, workflow_id=workflow_id(2)))
    assert (KeyState.TAKEN, workflow_id(1)) == (over.state, over.workflow_id)
    assert KeyState.BUSY == store.take_key(REQUEST).state


def test_a_key_is_forgotten_after_a_day_whether_it_was_purged_or_not(timed: Timed) -> None:
    store, later = timed
    for key in ("order-17", "order-18"):
        store.take_key(replace(REQUEST, key=key))
        store.answer_key(tenant="acme", key=key, workflow_id=workflow_id(1), answer=b"{}")
    later(KEPT_S - 0.01)
    assert 0 == store.purge_keys()
    assert KeyState.ANSWERED == store.take_key(REQUEST).state

    later(0.01)
    anew = store.take_key(replace(REQUEST, fingerprint="b" * 64, workflow_id=workflow_id(2)))
    assert (KeyState.TAKEN, workflow_id(2)) == (anew.state, anew.workflow_id)
    assert 1 == store.purge_keys()
    store.answer_key(tenant="acme", key="order-17", workflow_id=workflow_id(1), answer=b"late")
    assert KeyState.BUSY == store.take_key(replace(REQUEST, fingerprint="b" * 64)).state
