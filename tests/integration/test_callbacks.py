"""The courier on real sockets: signed, at least once, never inside, and nobody waits behind a dead endpoint."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import jwt
import pytest
from standardwebhooks.webhooks import Webhook

from deploy.ports import free_port
from services.dispatcher.callbacks import CallbackCourier, CourierLimits, CourierStore
from shared.errors import ConfigError, StoreUnavailable
from shared.store.directory import ApiKey, Directory, DirectoryChange, Tenant
from shared.store.opening import open_memory_store
from shared.store.port import Store
from shared.store.records import Batch, CallbackAnswer, CallbackRow
from shared.vonage.signatures import Verdict, verify
from tests.support.raw_server import Script, Visit, raw_server
from tests.support.vonage_accounts import account
from tests.support.waiting import wait_until

SECRET = "the signature secret of the caller"
KEY = ApiKey(api_key="abcd1234", tenant="acme", secret_hashes=(), signature_secret=SECRET, made_at=1_700_000_000.0)
LOOPBACK = ("127.0.0.0/8",)
LIMITS = CourierLimits(
    threads=4, per_host=2, in_hand=100, poll_s=0.02, lease_s=6.0, connect_s=0.5, total_s=1.0, stop_s=3.0
)


class Clock:
    """The store's time; it can be moved forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s


class House:
    """A store with one caller, and a courier."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        store.change_directory(Tenant(name="acme"))
        self.directory: Directory
        self.change(KEY)

    def change(self, record: DirectoryChange) -> None:
        self.store.change_directory(record)
        self.directory = self.store.directory()

    def put(self, url: str, *names: str, key: str = "abcd1234") -> None:
        rows = tuple(
            CallbackRow(
                callback_id=name,
                workflow_id="w1",
                tenant="acme",
                kind="status",
                url=url,
                body=json.dumps({"mark": name, "text": "Привет"}).encode(),
                key=key,
                application_id="a-1",
                made_at=self.store.now(),
            )
            for name in names
        )
        self.store.commit(Batch(callbacks=rows))

    def row(self, name: str) -> CallbackRow:
        return next(row for row in self.store.callbacks_of("w1") if row.callback_id == name)

    def answered(self, *names: str) -> bool:
        return all(self.row(name).attempts for name in names)

    def delivered(self, *names: str) -> bool:
        return all(self.row(name).delivered_at is not None for name in names)


@pytest.fixture
def house() -> Iterator[House]:
    clock = Clock()
    store = open_memory_store(clock=clock)
    yield House(store, clock)
    store.close()


@contextmanager
def courier(
    house: House,
    *,
    allowed: tuple[str, ...] = LOOPBACK,
    limits: CourierLimits = LIMITS,
    store: CourierStore | None = None,
) -> Iterator[CallbackCourier]:
    running = CallbackCourier(
        store=store or house.store, directory=lambda: house.directory, allowed_networks=allowed, limits=limits
    )
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.stop()
        thread.join(10.0)
    assert not thread.is_alive()


def says(*statuses: int, headers: tuple[str, ...] = ()) -> Script:
    """Answer the requests of all connections in turn, the last status repeated."""
    left = list(statuses)
    lock = threading.Lock()

    def script(visit: Visit) -> None:
        while visit.read_request():
            with lock:
                status = left.pop(0) if len(left) > 1 else left[0]
            visit.answer(status, b"ok", *headers)

    return script


def parts(request: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")[1:]
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}, body


def marks(requests: list[bytes]) -> list[str]:
    return [json.loads(parts(request)[1])["mark"] for request in requests]


def test_a_callback_arrives_as_it_was_written_signed_in_both_ways(house: House) -> None:
    with raw_server(says(200)) as server, courier(house):
        house.put(f"{server.url}/hooks?a=b", "c1")
        wait_until(lambda: house.delivered("c1"))

    (request,) = server.requests
    headers, body = parts(request)
    row = house.row("c1")
    assert row.body == body
    assert request.startswith(b"POST /hooks?a=b HTTP/1.1\r\n")
    assert (200, None, 1, None) == (row.last_status, row.last_error, row.attempts, row.next_at)
    assert "application/json" == headers["content-type"]
    assert headers["user-agent"].startswith("cascade/")
    found = verify(body, [headers["authorization"]], [account(api_key="abcd1234", secrets=(SECRET,))], now=time.time())
    assert found.verdict is Verdict.OK
    assert "c1" == headers["webhook-id"]
    assert {"mark": "c1", "text": "Привет"} == Webhook(SECRET.encode()).verify(body, headers)


def test_a_server_error_is_tried_again_after_five_seconds_under_the_same_id(house: House) -> None:
    with raw_server(says(500, 502, 200)) as server, courier(house):
        house.put(server.url, "c1")
        wait_until(lambda: house.row("c1").attempts == 1)
        first = house.row("c1")
        house.clock.ahead_s += 5.1
        wait_until(lambda: house.row("c1").attempts == 2)
        second = house.row("c1")
        house.clock.ahead_s += 10.1
        wait_until(lambda: house.delivered("c1"))

    assert (500, "HTTP 500") == (first.last_status, first.last_error)
    assert first.next_at is not None
    assert second.next_at is not None
    assert 4.0 < first.next_at - first.made_at < 7.0
    assert 9.0 < second.next_at - first.next_at < 12.0
    assert 3 == house.row("c1").attempts
    assert {"c1"} == {parts(request)[0]["webhook-id"] for request in server.requests}
    assert 3 == len({parts(request)[0]["authorization"] for request in server.requests})


@pytest.mark.parametrize("status", [301, 307, 400, 404, 410])
def test_a_refusal_or_redirect_is_given_up_and_not_followed(house: House, status: int) -> None:
    with raw_server(says(200)) as elsewhere:
        location = f"Location: {elsewhere.url}/stolen"
        with raw_server(says(status, headers=(location,))) as server, courier(house):
            house.put(server.url, "c1")
            wait_until(lambda: house.answered("c1"))

    row = house.row("c1")
    assert (status, None, None) == (row.last_status, row.next_at, row.delivered_at)
    assert [] == elsewhere.visits


def test_what_was_given_up_is_sent_again_under_its_id_and_tried_for_another_day(house: House) -> None:
    with raw_server(says(410, 500, 200)) as server, courier(house) as running:
        house.put(server.url, "c1")
        wait_until(lambda: house.answered("c1"))
        house.clock.ahead_s += 2 * 86_400.0  # long after its day
        assert house.store.send_callback_again("c1", now=house.store.now())
        running.nudge()
        wait_until(lambda: house.row("c1").last_status == 500)
        again = house.row("c1").next_at
        house.clock.ahead_s += 5.1
        wait_until(lambda: house.delivered("c1"))

    assert again is not None
    assert ["c1"] * 3 == [parts(request)[0]["webhook-id"] for request in server.requests]


def test_a_rate_limit_is_waited_for_as_long_as_it_asks(house: House) -> None:
    with raw_server(says(429, headers=("Retry-After: 100",))) as server, courier(house):
        house.put(server.url, "c1")
        wait_until(lambda: house.answered("c1"))
        row = house.row("c1")

    assert row.next_at is not None
    assert 99.0 < row.next_at - row.made_at < 103.0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "127.1"])
def test_an_address_inside_is_never_connected_to_however_it_is_written(house: House, host: str) -> None:
    with raw_server(says(200)) as server, courier(house, allowed=()):
        house.put(f"http://{host}:{server.port}/", "c1")
        wait_until(lambda: house.answered("c1"))

    row = house.row("c1")
    assert [] == server.visits
    assert row.delivered_at is None
    assert row.next_at is not None
    assert row.last_error is not None


def test_an_address_inside_is_named_as_the_reason(house: House) -> None:
    with courier(house, allowed=("10.0.0.0/8",)):
        house.put(f"http://127.0.0.1:{free_port()}/", "c1")
        wait_until(lambda: house.answered("c1"))

    assert "refused: the address lies inside a network that callbacks may not reach" == house.row("c1").last_error


def test_why_there_was_no_answer_is_said_in_words(house: House) -> None:
    with raw_server(Visit.reset) as resets, courier(house):
        house.put(f"http://127.0.0.1:{free_port()}/", "closed")
        house.put("http://nobody.invalid/", "unnamed")
        house.put(resets.url, "resets")
        house.put(resets.url.replace("http:", "https:"), "no-tls")
        names = ("closed", "unnamed", "resets", "no-tls")
        wait_until(lambda: house.answered(*names))
        said = {name: house.row(name).last_error for name in names}

    assert "no answer: the connection was refused" == said["closed"]
    assert "no answer: the name of the address could not be resolved" == said["unnamed"]
    assert "no answer: the connection broke" == said["resets"]
    assert [] == [words for words in said.values() if words is None or "Error" in words]


@pytest.mark.parametrize("url", ["ftp://acme.example/", "file:///etc/passwd", "acme.example", "http://", "http://a b/"])
def test_an_address_that_makes_no_sense_is_given_up(house: House, url: str) -> None:
    with courier(house):
        house.put(url, "c1")
        wait_until(lambda: house.answered("c1"))

    assert (None, None) == (house.row("c1").next_at, house.row("c1").delivered_at)


def test_a_dead_endpoint_with_older_work_slows_nobody(house: House) -> None:
    with raw_server(Visit.hang) as dead, raw_server(says(200)) as alive:
        house.put(dead.url, *(f"dead-{number}" for number in range(200)))
        good = [f"good-{number}" for number in range(50)]
        house.put(alive.url, *good)
        started = time.monotonic()
        with courier(house):
            wait_until(lambda: house.delivered(*good))
            took_s = time.monotonic() - started

    assert took_s < 10.0  # one try at the dead endpoint takes as long as its read time-out
    assert len(dead.visits) < 10


def test_a_closed_port_with_older_work_slows_nobody(house: House) -> None:
    with raw_server(says(200)) as alive:
        house.put(f"http://127.0.0.1:{free_port()}", *(f"dead-{number}" for number in range(200)))
        good = [f"good-{number}" for number in range(50)]
        house.put(alive.url, *good)
        with courier(house):
            wait_until(lambda: house.delivered(*good), 5.0)


def test_an_endpoint_that_comes_back_gets_everything(house: House) -> None:
    back = threading.Event()

    def script(visit: Visit) -> None:
        while visit.read_request():
            if not back.is_set():
                visit.reset()
                return
            visit.answer(200)

    names = [f"c{number}" for number in range(20)]
    with raw_server(script) as server, courier(house):
        house.put(server.url, *names)
        wait_until(lambda: any(house.row(name).attempts for name in names))
        back.set()

        def all_delivered() -> bool:
            house.clock.ahead_s += 1.0  # the courier's own rests are real seconds, the leases are not
            return house.delivered(*names)

        wait_until(all_delivered, 20.0, every_s=0.1)


def test_a_slow_endpoint_is_never_called_more_often_at_a_time_than_allowed(house: House) -> None:
    running, most = [0], [0]
    lock = threading.Lock()

    def script(visit: Visit) -> None:
        while visit.read_request():
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            visit.stopping.wait(0.02)
            with lock:
                running[0] -= 1
            visit.answer(200)

    names = [f"c{number}" for number in range(40)]
    with raw_server(script) as server, courier(house):
        house.put(server.url, *names)

        def all_delivered() -> bool:
            house.clock.ahead_s += 1.0
            return house.delivered(*names)

        wait_until(all_delivered, 20.0)

    assert LIMITS.per_host == most[0]


def test_an_answer_that_drips_is_cut_off(house: House) -> None:
    def script(visit: Visit) -> None:
        visit.read_request()
        visit.drip(visit.head(200, "X: " + "y" * 500), 0.05)

    with raw_server(script) as server, courier(house):
        house.put(server.url, "c1")
        started = time.monotonic()
        wait_until(lambda: house.answered("c1"))

    assert time.monotonic() - started < LIMITS.total_s + 5.0  # the answer drips for 25 s
    assert "no answer in time" == house.row("c1").last_error


def signer(request: bytes) -> str:
    token = parts(request)[0]["authorization"].removeprefix("Bearer ")
    claims: dict[str, str] = jwt.decode(token, options={"verify_signature": False})
    return claims["api_key"]


def test_without_a_live_key_nothing_is_sent_until_one_is_made(house: House) -> None:
    house.change(replace(KEY, revoked=True))
    with raw_server(says(200)) as server, courier(house):
        house.put(server.url, "none", key="")
        house.put(server.url, "revoked")
        wait_until(lambda: house.answered("none", "revoked"))
        waiting = [house.row(name) for name in ("none", "revoked")]
        before = list(server.visits)
        house.change(replace(KEY, api_key="new1"))
        house.clock.ahead_s += 5.1
        wait_until(lambda: house.delivered("none", "revoked"))

    assert [] == before
    assert {"tenant acme has no api key: cascade key create --tenant acme"} == {row.last_error for row in waiting}
    assert all(row.next_at is not None for row in waiting)
    assert ["new1", "new1"] == [signer(request) for request in server.requests]


def test_a_second_key_changes_no_signer_and_a_revoked_one_signs_nothing_more(house: House) -> None:
    house.change(replace(KEY, api_key="0000", made_at=KEY.made_at + 1))
    with raw_server(says(200)) as server, courier(house):
        for name, key in (("by-none", ""), ("by-first", KEY.api_key), ("by-second", "0000")):
            house.put(server.url, name, key=key)
            wait_until(partial(house.delivered, name))
        house.change(replace(KEY, revoked=True))
        house.put(server.url, "after")
        wait_until(lambda: house.delivered("after"))

    assert [KEY.api_key, KEY.api_key, "0000", "0000"] == [signer(request) for request in server.requests]


class AilingStore:
    """A store that is away for the first settlements."""

    def __init__(self, store: Store, failures: int) -> None:
        self.store = store
        self.failures = failures

    def now(self) -> float:
        return self.store.now()

    def take_callbacks(self, *, now: float, lease_s: float, limit: int) -> tuple[CallbackRow, ...]:
        return self.store.take_callbacks(now=now, lease_s=lease_s, limit=limit)

    def settle_callback(self, callback_id: str, answer: CallbackAnswer) -> None:
        self.failures -= 1
        if self.failures >= 0:
            raise StoreUnavailable("away")
        self.store.settle_callback(callback_id, answer)


def test_an_answer_that_could_not_be_written_is_had_again_when_the_lease_ends(house: House) -> None:
    with raw_server(says(200)) as server, courier(house, store=AilingStore(house.store, failures=1)):
        house.put(server.url, "c1")
        wait_until(lambda: len(server.requests) == 1)
        house.clock.ahead_s += LIMITS.lease_s
        wait_until(lambda: house.delivered("c1"))

    assert ["c1", "c1"] == marks(server.requests)


def test_stopping_lets_the_running_one_finish_and_leaves_the_rest_due(house: House) -> None:
    def script(visit: Visit) -> None:
        while visit.read_request():
            visit.stopping.wait(0.3)
            visit.answer(200)

    names = [f"c{number}" for number in range(8)]
    with raw_server(script) as server:
        with courier(house):
            house.put(server.url, *names)
            wait_until(lambda: len(server.requests) == 2)
        delivered = [name for name in names if house.delivered(name)]

    assert sorted(delivered) == sorted(marks(server.requests))
    assert {True} == {house.row(name).next_at is not None for name in names if name not in delivered}


def test_a_nudge_makes_it_look_at_once(house: House) -> None:
    limits = CourierLimits(threads=1, poll_s=60.0, connect_s=0.5, total_s=1.0)
    with raw_server(says(200)) as server, courier(house, limits=limits) as running:
        wait_until(lambda: any(thread.name == "callback-1" for thread in threading.enumerate()))
        house.put(server.url, "c1")
        running.nudge()
        wait_until(lambda: house.delivered("c1"), 5.0)


def test_a_network_that_is_none_stops_the_start(house: House) -> None:
    with pytest.raises(ConfigError, match="300"):
        CallbackCourier(store=house.store, directory=lambda: house.directory, allowed_networks=("300.0.0.0/8",))
