"""Markers: how often, with which time, and through what outages."""

import json
import time

from services.ingress.known import KnownCallers
from services.ingress.markers import Markers
from services.ingress.upkeep import Upkeep
from shared.store.port import KEPT_S
from shared.store.records_requests import KeyedRequest
from shared.wire.envelopes import Marker, write
from tests.support.ingress_room import EPOCH, Room
from tests.support.waiting import wait_until


def markers_of(room: Room) -> Markers:
    house = room.house
    return Markers(house.publisher, house.known, house.store_time, house.clock, body=lambda at: write(Marker(at=at)))


def run(room: Room, markers: Markers, seconds: float) -> None:
    """Turn the clock as a thread would wait."""
    ends = room.clock.at + seconds
    while room.clock.at < ends - 1e-9:
        room.clock.at = min(room.clock.at + markers.step(), ends)


def stamps(room: Room) -> list[float]:
    return [json.loads(message.body)["at"] - EPOCH for message in room.broker.published]


def test_five_a_second_while_somebody_reads() -> None:
    room = Room()
    run(room, markers_of(room), 10.0)

    assert 50 == len(room.broker.published)
    assert sorted(stamps(room)) == stamps(room)
    assert {("cascade.receipts", "receipt", "marker.1")} == {
        (each.exchange, each.routing_key, each.type) for each in room.broker.published
    }
    assert 10 == len(room.broker.asked)


def test_one_in_ten_seconds_while_nobody_reads() -> None:
    room = Room()
    room.broker.consumers = 0
    run(room, markers_of(room), 60.0)

    assert 6 == len(room.broker.published)


def test_they_come_often_again_within_a_second_of_the_first_reader() -> None:
    room = Room()
    room.broker.consumers = 0
    markers = markers_of(room)
    run(room, markers, 15.0)
    room.broker.consumers = 1
    before = len(room.broker.published)
    run(room, markers, 2.0)

    assert len(room.broker.published) - before >= 5


def test_a_lost_broker_costs_nothing_but_the_markers_of_that_time() -> None:
    room = Room()
    markers = markers_of(room)
    run(room, markers, 1.0)
    room.broker.away = True
    run(room, markers, 30.0)
    assert 5 == len(room.broker.published)

    room.broker.away = False
    run(room, markers, 2.0)
    assert len(room.broker.published) >= 10
    assert stamps(room)[5] >= 30.0


def test_none_is_made_before_the_stores_time_is_known_and_all_go_on_without_the_store_afterwards() -> None:
    room = Room()
    room.store.away = True
    markers = markers_of(room)
    run(room, markers, 5.0)
    assert [] == room.broker.published

    room.store.away = False
    run(room, markers, 5.0)
    room.store.away = True
    run(room, markers, 5.0)
    assert len(room.broker.published) >= 48
    assert room.clock.at - 0.5 <= stamps(room)[-1] <= room.clock.at


def test_the_threads_outlive_a_bug_and_end_when_told() -> None:
    room = Room()
    steps: list[float] = []

    class Breaking(Markers):
        def step(self) -> float:
            steps.append(time.monotonic())
            raise ZeroDivisionError

    house = room.house
    known = KnownCallers(room.store, room.clock, house.store_time)
    breaking = Breaking(house.publisher, known, house.store_time, house.clock, body=lambda _: b"")
    upkeep = Upkeep(breaking, known, room.store)
    upkeep.start()
    wait_until(lambda: len(steps) >= 2 and room.store.looks >= 1)
    upkeep.stop()
    seen = len(steps)

    assert [] == [thread for thread in upkeep._threads if thread.is_alive()]
    assert seen == len(steps)


def test_old_keys_of_repeated_requests_are_deleted_in_the_background() -> None:
    room = Room()
    request = KeyedRequest(tenant="acme", key="order-17", fingerprint="a", workflow_id="w")
    room.rows.take_key(request)
    room.clock.at = KEPT_S
    house = room.house
    upkeep = Upkeep(markers_of(room), house.known, room.store)
    upkeep.start()
    try:
        wait_until(lambda: bool(room.store.purged))
    finally:
        upkeep.stop()

    assert [1] == room.store.purged
