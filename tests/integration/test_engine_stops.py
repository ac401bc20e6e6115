"""Stops: pauses, skips and faults with their probes; what is in hand goes back, nothing is dead-lettered."""

from dataclasses import replace

import pytest

from shared.model import Outcome, Problem, Scope, State, Stop, StopKind
from shared.outcomes import Accepted, OurFault, Refused, Stale
from shared.queue import envelope
from shared.store.directory import Route
from shared.wire.announcements import read_event
from shared.wire.envelopes import CommandName
from tests.support.engine_bench import EPOCH, Bench, account

PROBLEM = Problem(code="1070", title="Quota exceeded")


def paused(bench: Bench, channel: str, kind: StopKind = StopKind.PAUSE) -> Stop:
    stop = Stop(kind=kind, channel=channel, reason="maintenance", since=EPOCH + bench.now, by="operator:ann")
    bench.store.put_stop(stop)
    return stop


def test_a_paused_channel_claims_nothing_and_its_messages_go_back_through_the_store() -> None:
    bench = Bench()
    for _ in range(8):
        bench.start("sms")
    bench.turn()
    paused(bench, "sms")
    bench.pass_time(2.0)

    assert 4 == len(bench.senders.tickets)  # those that were claimed before
    assert [] == bench.unacked
    assert 4 == len(bench.rabbit.queues["cascade.send.sms"])
    assert "cascade.send.sms" not in bench.connection.prefetch
    assert not any(message.redelivered for message in bench.rabbit.queues["cascade.send.sms"])
    assert [] == bench.dead


def test_a_workflow_behind_a_pause_is_found_expires_and_can_be_cancelled() -> None:
    bench = Bench()
    paused(bench, "viber_service")
    expiring = bench.start("viber_service", "sms", valid_for=30)
    cancelled = bench.start("viber_service", "sms")
    bench.pass_time(2.0)

    assert State.READY is bench.workflow(expiring).state

    bench.command(CommandName.CANCEL, cancelled)
    bench.pass_time(29.0)

    assert Outcome.CANCELLED == bench.workflow(cancelled).outcome
    assert Outcome.EXPIRED == bench.workflow(expiring).outcome
    assert [] == bench.senders.tickets


def test_after_a_pause_everything_is_sent_and_nothing_is_dead() -> None:
    bench = Bench()
    stop = paused(bench, "sms")
    ids = [bench.start("sms") for _ in range(10)]
    bench.pass_time(120.0, step_s=1.0)
    bench.store.lift_stop(stop.key)
    bench.pass_time(1.0)
    while bench.senders.tickets:
        bench.answer()
        bench.pass_time(0.25)

    assert {"waiting"} == {bench.workflow(each).state.value for each in ids}
    assert [] == bench.dead
    assert all(1 == bench.story(each).count("claimed") for each in ids)


def test_a_skipped_channel_passes_its_workflows_on_as_their_messages_are_read() -> None:
    bench = Bench()
    paused(bench, "viber_service", StopKind.SKIP)
    workflow_id = bench.start("viber_service", "sms")
    bench.pass_time(1.0)

    assert ["accepted", "next skipped", "claimed"] == bench.story(workflow_id)
    assert ["sms"] == [ticket.message.channel for ticket in bench.senders.tickets]


def test_workflows_whose_messages_wait_behind_a_pause_go_on_within_a_minute_of_a_skip() -> None:
    bench = Bench()
    paused(bench, "viber_service")
    workflow_id = bench.start("viber_service", "sms")
    bench.pass_time(2.0)
    bench.rabbit.queues["cascade.send.viber_service"].clear()  # whoever has it will not read it soon
    paused(bench, "viber_service", StopKind.SKIP)
    bench.pass_time(62.0, step_s=1.0)

    assert "next skipped" in bench.story(workflow_id)


def test_a_fault_is_probed_after_ten_seconds_by_one_call_and_lifted_by_its_answer() -> None:
    bench = Bench()
    first, second = bench.start("sms"), bench.start("sms")
    bench.turn()
    for workflow_id in (first, second):
        bench.answer(OurFault(problem=PROBLEM, scope=Scope.ACCOUNT), ticket=bench.call_of(workflow_id))
    bench.pass_time(9.0)

    assert [] == bench.senders.tickets

    bench.pass_time(3.0)

    assert 1 == len(bench.senders.tickets)
    assert 1 == len(bench.store.controls().stops)

    bench.answer(Refused(problem=PROBLEM))  # any outcome but a fault of ours
    bench.pass_time(2.0)

    assert () == bench.store.controls().stops
    assert 1 == len(bench.senders.tickets)  # the other one's turn has come
    assert "channel.resumed" in [read_event(message.body).event for message in bench.told(envelope.EVENT)]


def test_a_probe_that_fails_doubles_the_time_to_the_next() -> None:
    bench = Bench()
    bench.start("sms")
    bench.turn()
    bench.answer(OurFault(problem=PROBLEM, scope=Scope.CHANNEL))
    probes: list[float] = []
    since = bench.now
    while len(probes) < 4:
        bench.pass_time(0.5)
        if bench.senders.tickets:
            probes.append(bench.now - since)
            since = bench.now
            bench.answer(OurFault(problem=PROBLEM, scope=Scope.CHANNEL))

    expected = (10.0, 20.0, 40.0, 80.0)
    assert all(least <= seen <= least + 2.0 for least, seen in zip(expected, probes, strict=True)), probes


def test_a_probe_that_was_never_called_lifts_nothing() -> None:
    bench = Bench()
    bench.start("sms")
    bench.turn()
    bench.answer(OurFault(problem=PROBLEM, scope=Scope.CHANNEL))
    bench.pass_time(12.0)
    bench.answer(Stale())
    bench.pass_time(2.0)

    assert 1 == len(bench.store.controls().stops)


def test_one_probe_is_made_by_all_dispatchers_together() -> None:
    bench = Bench()
    bench.start("sms")
    bench.start("sms")
    bench.turn()
    for ticket in list(bench.senders.tickets):
        bench.answer(OurFault(problem=PROBLEM, scope=Scope.ACCOUNT), ticket=ticket)
    bench.pass_time(1.0)
    (stop,) = bench.store.controls().stops
    taken_by_another = bench.store.take_probe(stop.key, probe_count=0, next_probe_at=EPOCH + bench.now + 1000)
    bench.pass_time(30.0)

    assert taken_by_another
    assert [] == bench.senders.tickets


def test_a_stop_of_one_account_does_not_stop_another_on_the_same_channel() -> None:
    bench = Bench()
    bench.store.change_directory(account("second"))
    bench.store.change_directory(Route(account="second", channel="sms", sender="Second"))
    bench.pass_time(6.0)  # the directory is read anew
    stopped = bench.start("sms")
    bench.turn()
    bench.answer(OurFault(problem=PROBLEM, scope=Scope.CHANNEL))
    waiting = bench.start("sms")
    other = bench.start("sms", **{"from": "Second"})
    bench.pass_time(2.0)

    assert [other] == [ticket.workflow_id for ticket in bench.senders.tickets]
    assert State.READY is bench.workflow(waiting).state
    assert [] == bench.unacked

    (stop,) = bench.store.controls().stops
    bench.store.lift_stop(stop.key)
    bench.pass_time(2.0)

    assert {stopped, waiting, other} == {ticket.workflow_id for ticket in bench.senders.tickets}


BEFORE = EPOCH - 100.0


def two_accounts() -> Bench:
    bench = Bench()
    bench.store.change_directory(account("second"))
    bench.store.change_directory(Route(account="second", channel="sms", sender="Second"))
    bench.pass_time(6.0)  # the directory is read anew
    return bench


def fault(*, channel: str | None = None, sender: str | None = None) -> Stop:
    return Stop(kind=StopKind.FAULT, account="default", channel=channel, sender=sender, reason="made up", since=BEFORE)


def busy_with_the_other_account(bench: Bench) -> None:
    """More work than slots: the queues of the channel are never empty."""
    for _ in range(40):
        bench.start("sms", **{"from": "Second"})


def answer_all_for(bench: Bench, seconds: float) -> list[str]:
    """Let time go by while calls are answered; returns the workflows that were called."""
    called: list[str] = []
    end = bench.now + seconds
    while bench.now < end:
        bench.pass_time(0.5)
        for ticket in list(bench.senders.tickets):
            called.append(ticket.workflow_id)
            bench.answer(Accepted(provider_uuid=f"uuid-{ticket.workflow_id}"), ticket=ticket)
    return called


def test_a_restart_under_a_stop_of_one_account_forgets_no_message_of_it() -> None:
    bench = two_accounts()
    stop = fault(channel="sms")
    bench.store.put_stop(stop)
    bench.pass_time(1.0)
    waiting = bench.start("sms")
    bench.pass_time(1.0)
    read_under_the_stop = not bench.rabbit.queues["cascade.send.sms"] and bench.unacked == []
    bench.restart()
    bench.pass_time(1.0)
    busy_with_the_other_account(bench)
    bench.store.lift_stop(stop.key)
    called = answer_all_for(bench, 20.0)

    assert read_under_the_stop
    assert 1 == called.count(waiting)
    assert "republished republished" not in bench.story(waiting)  # nothing was lost


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(
    "stops",
    [
        (fault(channel="sms"), fault(channel="sms", sender="Shop")),
        (fault(channel="sms", sender="Shop"), Stop(kind=StopKind.PAUSE, channel="sms", reason="made up", since=BEFORE)),
    ],
    ids=["an account and a sender", "a sender and the whole channel"],
)
def test_a_message_read_under_two_stops_goes_out_when_the_last_of_them_ends(
    stops: tuple[Stop, Stop], first: int
) -> None:
    bench = two_accounts()
    bench.store.put_stop(stops[0])
    bench.pass_time(1.0)
    waiting = bench.start("sms")
    bench.pass_time(1.0)
    bench.store.put_stop(stops[1])
    bench.pass_time(1.0)
    busy_with_the_other_account(bench)
    bench.store.lift_stop(stops[first].key)
    before = answer_all_for(bench, 3.0)
    busy_with_the_other_account(bench)
    bench.store.lift_stop(stops[1 - first].key)
    after = answer_all_for(bench, 20.0)

    assert (0, 1) == (before.count(waiting), after.count(waiting))


def test_when_stopped_next_goes_on_at_the_fault_if_the_next_channel_is_open() -> None:
    bench = Bench()
    workflow_id = bench.start("viber_service", "sms", when_stopped="next")
    bench.turn()
    bench.answer(OurFault(problem=PROBLEM, scope=Scope.CHANNEL))

    assert ["sms"] == [ticket.message.channel for ticket in bench.senders.tickets]
    assert "next skipped" in bench.story(workflow_id)


def test_a_workflow_that_comes_to_a_stopped_channel_goes_on_within_a_minute_where_it_asks_to() -> None:
    bench = Bench()
    bench.start("viber_service", "sms")
    bench.turn()
    bench.answer(OurFault(problem=PROBLEM, scope=Scope.CHANNEL))
    bench.pass_time(1.0)
    workflow_id = bench.start("viber_service", "sms", when_stopped="next")
    for _ in range(31):
        bench.pass_time(2.0)
        for ticket in list(bench.senders.tickets):
            if ticket.message.channel == "viber_service":  # the probe fails
                bench.answer(OurFault(problem=PROBLEM, scope=Scope.CHANNEL), ticket=ticket)

    assert "next skipped" in bench.story(workflow_id)


def test_rows_held_by_a_stop_that_nobody_remembers_are_woken_by_the_reconciler() -> None:
    bench = Bench()
    workflow_id = bench.start("sms")
    bench.turn()
    bench.answer(OurFault(problem=PROBLEM, scope=Scope.ACCOUNT))
    bench.pass_time(1.0)
    (stop,) = bench.store.controls().stops
    bench.store.lift_stop(stop.key)  # and everybody dies before a single row was told
    bench.restart()
    bench.pass_time(62.0, step_s=1.0)

    assert [workflow_id] == [ticket.workflow_id for ticket in bench.senders.tickets]


def test_hundreds_of_held_rows_become_ready_when_the_stop_ends() -> None:
    bench = Bench()
    ids = [bench.start("sms") for _ in range(30)]
    bench.turn()
    while bench.senders.tickets:
        bench.answer(OurFault(problem=PROBLEM, scope=Scope.SENDER))
    bench.pass_time(12.0)
    assert 1 == len(bench.senders.tickets)
    bench.answer()
    for _ in range(30):
        bench.pass_time(0.5)
        while bench.senders.tickets:
            bench.answer(Accepted(provider_uuid=f"uuid-{bench.senders.tickets[0].workflow_id}"))

    assert {"waiting"} == {bench.workflow(each).state.value for each in ids}


def test_fallbacks_are_served_first_and_one_turn_in_five_belongs_to_new_work() -> None:
    bench = Bench()
    first = [bench.start("viber_service", "sms") for _ in range(4)]
    bench.turn()
    stop = paused(bench, "sms")
    bench.pass_time(1.0)
    new = [bench.start("sms") for _ in range(4)]
    for ticket in list(bench.senders.tickets):
        bench.answer(Refused(problem=PROBLEM), ticket=ticket)
    bench.pass_time(1.0)
    bench.store.lift_stop(stop.key)
    bench.pass_time(1.0)

    assert set(first) == {ticket.workflow_id for ticket in bench.senders.tickets}

    bench.answer()
    bench.pass_time(0.5)

    assert 1 == len({ticket.workflow_id for ticket in bench.senders.tickets}.intersection(new))


UNPROVISIONED = Refused(problem=Problem(code="403", title="Forbidden"))
CANT_BE_SAID = Refused(problem=Problem(code="not_expressible", title="v0.1 has no words for it"), asked=False)


@pytest.mark.parametrize("refusal", [UNPROVISIONED, CANT_BE_SAID], ids=["by the provider's engine", "by ourselves"])
def test_a_probe_that_was_refused_before_the_fault_could_show_lifts_no_stop(refusal: Refused) -> None:
    bench = Bench()
    stop = fault()
    bench.store.put_stop(replace(stop, probe_at=EPOCH + 5.0))
    bench.pass_time(1.0)
    workflow_id = bench.start_dispatch() if refusal is UNPROVISIONED else bench.start("sms")
    bench.pass_time(5.0)

    bench.answer(refusal, ticket=bench.call_of(workflow_id))
    bench.pass_time(2.0)

    assert [stop.key] == [known.key for known in bench.store.controls().stops]


def test_a_probe_that_the_provider_refused_as_a_message_lifts_the_stop() -> None:
    bench = Bench()
    bench.store.put_stop(replace(fault(), probe_at=EPOCH + 5.0))
    bench.pass_time(1.0)
    bench.start("sms")
    bench.pass_time(5.0)

    bench.answer(Refused(problem=Problem(code="422", title="Invalid params")))
    bench.pass_time(2.0)

    assert () == bench.store.controls().stops
