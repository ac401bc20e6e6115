"""The sender pools: a slot for each call, an answer for each ticket, and no channel that stops another."""

import threading
import time
from collections import Counter

import pytest

from services.dispatcher.ports import CallAnswer, CallTicket, UpdateWish
from services.dispatcher.senders import SenderPools
from shared.errors import StoreUnavailable
from shared.model import Message, Scope
from shared.outcomes import Accepted, CallOutcome, OurFault, Stale, Unsure
from shared.store.directory import Account
from shared.wire.envelopes import MessageUpdate, UpdateStatus
from tests.support.updates import delivery_of
from tests.support.vonage_accounts import account
from tests.support.waiting import wait_until

ACCOUNT = account(with_token=False)


class Provider:
    """Takes calls; those of a closed channel wait until it is opened."""

    def __init__(self) -> None:
        self.opened = {"sms": threading.Event(), "viber_service": threading.Event()}
        self.lock = threading.Lock()
        self.running: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.threads: set[threading.Thread] = set()

    def call(self, ticket: CallTicket, account: Account) -> CallOutcome:
        channel = ticket.message.channel
        with self.lock:
            self.running[channel] += 1
            self.most[channel] = max(self.most[channel], self.running[channel])
            self.threads.add(threading.current_thread())
        assert self.opened[channel].wait(10.0)
        with self.lock:
            self.running[channel] -= 1
        if ticket.reference == "crash":
            raise ZeroDivisionError
        return Accepted(provider_uuid=f"{account.name}/{ticket.reference}")


def an_update() -> UpdateWish:
    update = MessageUpdate(message_uuid="m", tenant="acme", by="caller", at=1.0, status=UpdateStatus.READ)
    return UpdateWish(update=update, delivery=delivery_of(update))


class House:
    """Pools with their provider and what came back."""

    def __init__(self, *, slots: int = 3, slots_of: dict[str, int] | None = None) -> None:
        self.provider = Provider()
        self.answers: list[CallAnswer] = []
        self.wishes: list[UpdateWish] = []
        self.pools = SenderPools(
            transport=self.provider,
            account_named=self.account_named,
            deliver=self.deliver,
            update=self.wishes.append,
            slots=slots,
            slots_of=slots_of,
        )

    def account_named(self, name: str) -> Account | None:
        if name == "store is away":
            raise StoreUnavailable("away")
        if name == "bug":
            raise KeyError(name)
        return ACCOUNT if name == "default" else None

    def deliver(self, answer: CallAnswer) -> None:
        self.answers.append(answer)
        if answer.ticket.reference == "deaf":
            raise ZeroDivisionError

    def outcomes(self) -> dict[str, CallOutcome]:
        return {answer.ticket.reference: answer.outcome for answer in self.answers}


def ticket(reference: str, *, channel: str = "sms", account_name: str = "default") -> CallTicket:
    return CallTicket(
        workflow_id="w",
        step=1,
        attempt=1,
        reference=reference,
        account=account_name,
        message=Message(channel=channel, kind="text", recipient="447700900000", sender="Acme"),
        ttl=None,
        claimed_at=0.0,
        claimed_monotonic=time.monotonic(),
    )


def test_every_ticket_comes_back_and_no_more_run_at_a_time_than_there_are_slots() -> None:
    house = House(slots=3)
    house.provider.opened["sms"].set()
    house.pools.submit([ticket(str(number)) for number in range(200)])
    wait_until(lambda: house.pools.in_flight == 0)

    assert {str(number): Accepted(provider_uuid=f"default/{number}") for number in range(200)} == house.outcomes()
    assert house.provider.most["sms"] <= 3
    assert {thread.name for thread in house.provider.threads} <= {"send-sms-1", "send-sms-2", "send-sms-3"}
    assert 3 == house.pools.free("sms")


def test_a_call_takes_a_slot_of_its_own_channel_only() -> None:
    house = House(slots=3, slots_of={"viber_service": 1})
    house.pools.submit([ticket("a", channel="viber_service"), ticket("b"), ticket("c")])

    assert (0, 1, 3) == (house.pools.free("viber_service"), house.pools.free("sms"), house.pools.in_flight)
    for opened in house.provider.opened.values():
        opened.set()
    wait_until(lambda: house.pools.in_flight == 0)


def test_a_channel_whose_calls_hang_stops_no_other() -> None:
    house = House(slots=2)
    house.provider.opened["sms"].set()
    house.pools.submit([ticket(f"v{number}", channel="viber_service") for number in range(10)])
    house.pools.submit([ticket(f"s{number}") for number in range(50)])
    wait_until(lambda: len(house.answers) == 50)

    assert 10 == house.pools.in_flight
    house.provider.opened["viber_service"].set()
    wait_until(lambda: house.pools.in_flight == 0)


def test_as_many_run_at_a_time_as_there_are_slots() -> None:
    house = House(slots=3)
    house.pools.submit([ticket(str(number)) for number in range(5)])
    wait_until(lambda: house.provider.running["sms"] == 3)
    house.provider.opened["sms"].set()
    wait_until(lambda: house.pools.in_flight == 0)

    assert 3 == house.provider.most["sms"]


def test_a_slot_is_free_again_when_its_answer_arrives() -> None:
    free: list[int] = []
    provider = Provider()
    provider.opened["sms"].set()
    pools = SenderPools(
        transport=provider,
        account_named=lambda _: ACCOUNT,
        deliver=lambda _: free.append(pools.free("sms")),
        update=lambda _: None,
        slots=1,
    )
    pools.submit([ticket("a")])
    wait_until(lambda: pools.in_flight == 0)

    assert [1] == free


def test_a_call_that_crashes_is_unsure_and_its_thread_goes_on() -> None:
    house = House(slots=1)
    house.provider.opened["sms"].set()
    house.pools.submit([ticket("crash"), ticket("next")])
    wait_until(lambda: house.pools.in_flight == 0)
    crashed = house.outcomes()["crash"]

    assert isinstance(crashed, Unsure)
    assert ("crashed", "ZeroDivisionError") == (crashed.problem.code, crashed.problem.detail)
    assert Accepted(provider_uuid="default/next") == house.outcomes()["next"]


def test_an_answer_that_nobody_takes_does_not_stop_the_next_one() -> None:
    house = House(slots=1)
    house.provider.opened["sms"].set()
    house.pools.submit([ticket("deaf"), ticket("next")])
    wait_until(lambda: house.pools.in_flight == 0)

    assert ["deaf", "next"] == [answer.ticket.reference for answer in house.answers]


@pytest.mark.parametrize(
    ("account_name", "expected"),
    [("nobody", OurFault), ("store is away", Stale), ("bug", Unsure)],
)
def test_a_ticket_without_its_account_comes_back_too(account_name: str, expected: type) -> None:
    house = House()
    house.pools.submit([ticket("a", account_name=account_name)])
    wait_until(lambda: house.pools.in_flight == 0)
    outcome = house.outcomes()["a"]

    assert isinstance(outcome, expected)
    assert not isinstance(outcome, OurFault) or outcome.scope is Scope.ACCOUNT


def test_draining_waits_for_calls_in_flight_and_takes_no_more() -> None:
    house = House(slots=1)
    house.pools.submit([ticket("running")])
    draining = threading.Thread(target=house.pools.drain, args=(time.monotonic() + 10.0,))
    draining.start()
    wait_until(lambda: house.pools.free("sms") == 0)
    house.pools.submit([ticket("too late")])
    wait_until(lambda: len(house.answers) == 1)
    house.provider.opened["sms"].set()
    draining.join(10.0)

    assert not draining.is_alive()
    assert {"running": Accepted(provider_uuid="default/running"), "too late": Stale()} == house.outcomes()
    assert 0 == house.pools.in_flight


def test_draining_gives_up_at_its_deadline_and_says_how_many_are_out() -> None:
    house = House(slots=2)
    house.pools.submit([ticket("a"), ticket("b"), ticket("waits for a slot")])
    started = time.monotonic()

    assert 3 == house.pools.drain(started + 0.2)
    assert time.monotonic() - started < 1.0
    house.provider.opened["sms"].set()
    wait_until(lambda: house.pools.in_flight == 0)


def test_threads_end_after_draining() -> None:
    house = House(slots=2)
    house.provider.opened["sms"].set()
    house.pools.submit([ticket("a"), ticket("b")])
    house.pools.drain(time.monotonic() + 5.0)

    wait_until(lambda: not any(thread.is_alive() for thread in house.provider.threads))


def test_an_update_is_begun_unless_the_pools_drain() -> None:
    house = House()
    wish = an_update()
    house.pools.update(wish)
    house.pools.drain(0.0)

    house.pools.update(wish)

    assert [wish] == house.wishes
