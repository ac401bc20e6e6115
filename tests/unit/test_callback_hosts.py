"""Whose callback goes next: hosts in turn, and the slow and the dead at their own cost."""

from services.dispatcher.callback_hosts import Hosts, Taken
from services.dispatcher.callback_plan import Reply
from shared.store.records import CallbackRow

OK = Reply(status=200)
SILENT = Reply(error="no answer in time")


def taken(host: str, name: str = "c", *, start_by: float = 20.0) -> Taken:
    row = CallbackRow(
        callback_id=f"{host}-{name}",
        workflow_id=None,
        tenant="acme",
        kind="status",
        url=f"https://{host}/",
        body=b"{}",
        key="k",
    )
    return Taken(row=row, host=host, start_by=start_by, store_offset=0.0)


def drawn(hosts: Hosts, now: float = 0.0) -> list[str]:
    """Draw until nobody may be called."""
    found = []
    while (each := hosts.next(now)) is not None:
        found.append(each.row.callback_id)
    return found


def test_hosts_take_turns_and_none_gets_more_than_its_share() -> None:
    hosts = Hosts(threads=10, per_host=2)
    for host in ("a", "b"):
        for number in range(3):
            assert hosts.keep(taken(host, str(number)), 0.0)

    assert ["a-0", "b-0", "a-1", "b-1"] == drawn(hosts)
    assert (2, 4) == (hosts.waiting, hosts.running)


def test_a_host_that_was_silent_rests_then_gets_one_try_then_all() -> None:
    hosts = Hosts(threads=10, per_host=3)
    for number in range(4):
        hosts.keep(taken("a", str(number)), 0.0)
    first = hosts.next(0.0)
    assert first is not None
    hosts.ended(first, SILENT, took_s=1.0, now=1.0)

    assert 0 == hosts.waiting
    assert not hosts.keep(taken("a", "while it rests"), 2.9)
    for number in range(4):
        assert hosts.keep(taken("a", f"again-{number}"), 3.0)
    probe = hosts.next(3.0)
    assert probe is not None
    assert [] == drawn(hosts, 3.0)
    hosts.ended(probe, OK, took_s=0.1, now=3.1)
    assert ["a-again-1", "a-again-2", "a-again-3"] == drawn(hosts, 3.1)


def test_the_rest_doubles_up_to_a_minute_and_is_as_long_as_was_asked_for() -> None:
    hosts, now, rests = Hosts(threads=10, per_host=1), 0.0, []
    for _ in range(7):
        assert hosts.keep(taken("a", start_by=now + 20.0), now)
        each = hosts.next(now)
        assert each is not None
        hosts.ended(each, SILENT, took_s=1.0, now=now)
        rest = next(rest for rest in range(1, 100) if hosts.keep(taken("a", start_by=now + rest + 20.0), now + rest))
        hosts.clear()
        rests.append(rest)
        now += rest

    assert [2, 4, 8, 16, 32, 60, 60] == rests
    hosts.keep(taken("b", start_by=now + 500.0), now)
    each = hosts.next(now)
    assert each is not None
    hosts.ended(each, Reply(status=429, retry_after_s=300.0), took_s=0.1, now=now)
    assert not hosts.keep(taken("b", start_by=now + 500.0), now + 299.0)
    assert hosts.keep(taken("b", start_by=now + 500.0), now + 300.0)


def test_of_a_slow_host_no_more_is_held_than_it_can_take_in_time() -> None:
    hosts = Hosts(threads=10, per_host=2)
    for number in range(40):
        hosts.keep(taken("a", str(number)), 0.0)
        each = hosts.next(0.0)
        assert each is not None
        hosts.ended(each, OK, took_s=4.0, now=0.0)

    held = sum(hosts.keep(taken("a", str(number)), 0.0) for number in range(50))
    assert held in (10, 11)  # two at a time, four seconds each, twenty seconds


def test_slow_and_dead_hosts_together_get_half_of_the_threads() -> None:
    hosts = Hosts(threads=4, per_host=4)
    for number in range(10):
        hosts.keep(taken(f"dead-{number}"), 0.0)
        each = hosts.next(0.0)
        assert each is not None
        hosts.ended(each, SILENT, took_s=1.0, now=0.0)
    for number in range(10):
        assert hosts.keep(taken(f"dead-{number}", start_by=30.0), 5.0)
    hosts.keep(taken("good", start_by=30.0), 5.0)

    assert ["dead-0-c", "dead-1-c", "good-c"] == drawn(hosts, 5.0)


def test_a_row_that_waited_too_long_is_let_go() -> None:
    hosts = Hosts(threads=4, per_host=4)
    hosts.keep(taken("a", "old", start_by=5.0), 0.0)
    hosts.keep(taken("a", "young", start_by=9.0), 0.0)

    assert ["a-young"] == drawn(hosts, 6.0)
    assert 0 == hosts.waiting


def test_a_reason_of_ours_is_not_held_against_the_host() -> None:
    hosts = Hosts(threads=4, per_host=4)
    hosts.keep(taken("a", "0"), 0.0)
    each = hosts.next(0.0)
    assert each is not None
    hosts.ended(each, Reply(error="no key", ours=True), took_s=0.0, now=0.0)

    assert hosts.keep(taken("a", "1"), 0.0)


def test_hosts_that_nothing_is_heard_of_are_forgotten() -> None:
    hosts = Hosts(threads=4, per_host=4)
    for name in ("a", "b"):
        hosts.keep(taken(name), 0.0)
    each = hosts.next(0.0)
    assert each is not None
    hosts.ended(each, SILENT, took_s=1.0, now=0.0)
    hosts.forget(700.0)

    assert ["b"] == list(hosts._hosts)
