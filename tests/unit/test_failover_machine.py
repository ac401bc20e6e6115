"""All events in all states, in any order: a Hypothesis state machine drives `decide()` under named invariants."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.dispatcher.clocks import wake_at, wake_ungated_at
from services.dispatcher.events import (
    Answered,
    AnyEvent,
    Call,
    Cancel,
    Decision,
    Due,
    NextNow,
    Outside,
    PutStep,
    Received,
    Republished,
    Resumed,
    StepMessage,
    Stopped,
    TellEnd,
)
from services.dispatcher.failover import begin, decide
from shared.model import (
    AttemptState,
    CodeClass,
    CodeMeaning,
    Delivery,
    Problem,
    Receipt,
    Scope,
    State,
    Status,
    Stop,
    StopKind,
    What,
    WhenStopped,
    Workflow,
)
from shared.outcomes import Accepted, Busy, OurFault, Refused, Stale, Unsure
from tests.support.plans import START, step, workflow

PROBLEM = Problem(code="1", title="a problem")
OUTCOMES = st.sampled_from(
    [
        Accepted(provider_uuid="u"),
        Refused(problem=PROBLEM),
        Busy(problem=PROBLEM),
        Busy(problem=PROBLEM, retry_after_s=7.0),
        Unsure(problem=PROBLEM),
        Stale(),
        *(OurFault(problem=PROBLEM, scope=scope) for scope in Scope),
    ]
)
MEANINGS = st.sampled_from(
    [
        None,
        *(CodeMeaning(code_class=c) for c in CodeClass if c is not CodeClass.FAULT),
        *(CodeMeaning(code_class=CodeClass.FAULT, scope=scope) for scope in Scope),
    ]
)
WORLDS = st.sampled_from(
    [
        Outside(),
        Outside(suppressed=frozenset({"number:447700900000"})),
        *(
            Outside(stops=(Stop(kind=kind, account=account, channel=channel, reason="r", since=START),))
            for kind in StopKind
            for account, channel in ((None, "viber_service"), ("default", None), ("default", "sms"))
        ),
    ]
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["sms", "viber_service", "messenger"]),
        st.sampled_from([None, 15, 600]),
        st.sampled_from(["delivered", "read"]),
        st.sampled_from(list(Delivery)),
    ),
    min_size=1,
    max_size=4,
)


class Failover(RuleBasedStateMachine):
    """One workflow, hit by everything."""

    @initialize(
        rows=STEPS,
        valid_for=st.sampled_from([15, 700, 259_200]),
        final_receipt_time=st.sampled_from([None, 60, 3600]),
        when_stopped=st.sampled_from(list(WhenStopped)),
        buried=st.booleans(),
    )
    def start(
        self,
        rows: list[tuple[str, int | None, str, Delivery]],
        valid_for: int,
        final_receipt_time: int | None,
        when_stopped: WhenStopped,
        buried: bool,
    ) -> None:
        last = len(rows)
        steps = tuple(
            step(
                number,
                channel,
                window=None if number == last else window,
                condition="delivered" if number == last or window is None else condition,
                delivery=delivery,
            )
            for number, (channel, window, condition, delivery) in enumerate(rows, 1)
        )
        planned = workflow(
            *steps, valid_for=valid_for, final_receipt_time=final_receipt_time, when_stopped=when_stopped
        )
        self.now = START
        self.outside = Outside()
        self.ends = 0
        self.final_events = 0
        self.order: list[int] = []
        self.reasons_left: set[int] = set()
        self.waiting_messages: list[tuple[int, int]] = []
        self.workflow = planned
        self._take(begin(planned, self.now, cancelled_by="caller" if buried and last > 3 else None))

    # what may happen

    @rule(world=WORLDS)
    def the_world_changes(self, world: Outside) -> None:
        self.outside = world

    @rule(seconds=st.sampled_from([0.1, 1.0, 4.0, 14.0, 31.0, 130.0, 650.0, 90_000.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def the_next_clock_is_over(self) -> None:
        wakes = wake_at(self.workflow)
        if wakes is not None:
            self.now = max(self.now, wakes)
            self._send(Due(read_to=self.now))

    @rule(lag=st.sampled_from([0.0, 20.0, 10_000.0]), blind=st.booleans())
    def due(self, lag: float, blind: bool) -> None:
        self._send(Due(read_to=self.now - lag, blind=blind))

    @precondition(lambda self: self.waiting_messages)
    @rule(data=st.data())
    def a_step_message_is_read(self, data: st.DataObject) -> None:
        number, attempt = data.draw(st.sampled_from(self.waiting_messages))
        self._send(StepMessage(step=number, attempt=attempt))

    @precondition(lambda self: self._calls_made())
    @rule(data=st.data(), outcome=OUTCOMES, age_s=st.sampled_from([0.0, 2.0]))
    def a_call_comes_back(self, data: st.DataObject, outcome: object, age_s: float) -> None:
        number, attempt = data.draw(st.sampled_from(self._calls_made()))
        self._send(Answered(step=number, attempt=attempt, outcome=outcome, age_s=age_s))  # type: ignore[arg-type]

    @precondition(lambda self: self._calls_made())
    @rule(data=st.data(), status=st.sampled_from(list(Status)), meaning=MEANINGS)
    def a_receipt_comes(self, data: st.DataObject, status: Status, meaning: CodeMeaning | None) -> None:
        number, attempt = data.draw(st.sampled_from(self._calls_made()))
        receipt = Receipt(status=status, problem=PROBLEM if status.negative else None, price="0.03")
        self._send(Received(step=number, attempt=attempt, receipt=receipt, meaning=meaning))

    @rule(number=st.integers(0, 12), attempt=st.integers(0, 5), status=st.sampled_from(list(Status)))
    def a_receipt_of_nothing_comes(self, number: int, attempt: int, status: Status) -> None:
        if (number, attempt) not in self._calls_made():
            before = self.workflow
            self._send(Received(step=number, attempt=attempt, receipt=Receipt(status=status)))
            assert before is self.workflow

    @rule(event=st.sampled_from([Stopped(), Resumed(), Cancel(), NextNow(), Republished()]))
    def somebody_commands(self, event: AnyEvent) -> None:
        if not isinstance(event, Cancel) or self.now > START + 500:
            self._send(event)

    # what must hold

    @invariant()
    def one_final_outcome(self) -> None:
        assert self.ends <= 1
        assert self.final_events == self.ends
        assert (self.workflow.state is State.FINAL) == (self.workflow.outcome is not None)

    @invariant()
    def order_of_channels(self) -> None:
        assert self.order == sorted(self.order)
        assert set(self.order[:-1]) <= self.reasons_left | {self.workflow.current}

    @invariant()
    def every_open_row_wakes(self) -> None:
        if self.workflow.state is State.FINAL:
            assert wake_at(self.workflow) is None
            assert wake_ungated_at(self.workflow) is None
        else:
            assert wake_at(self.workflow) is not None

    @invariant()
    def every_ready_row_has_a_message(self) -> None:
        if self.workflow.state is State.READY:
            expected = (self.workflow.current, self.workflow.step.next_attempt)
            assert expected in self.waiting_messages

    @invariant()
    def the_state_tells_the_truth_about_the_call(self) -> None:
        current = self.workflow.step
        claimed = [a for a in current.attempts if a.state is AttemptState.CLAIMED]
        if self.workflow.state is State.SENDING:
            assert [current.attempts[-1]] == claimed
            assert self.workflow.lease_until is not None
        elif self.workflow.state is not State.FINAL:
            assert [] == claimed
        if self.workflow.state is State.WAITING:
            assert current.may_be_out or current.reached

    def _send(self, event: AnyEvent) -> None:
        from dataclasses import replace

        self._take(decide(self.workflow, replace(event, outside=self.outside), self.now))

    def _no_second_claim_while_a_call_may_be_out(self, before: Workflow) -> None:
        """Beyond the one re-send that the journal named."""
        step = before.step
        out = [attempt for attempt in step.attempts if attempt.state.may_be_out]
        if out:
            assert [AttemptState.UNSURE] == [attempt.state for attempt in out], "what was taken is never sent again"
            assert step.next_attempt == step.resend, "only the re-send that the journal named"

    def _calls_made(self) -> list[tuple[int, int]]:
        return [(s.number, a.number) for s in self.workflow.steps for a in s.attempts]

    def _take(self, decision: Decision) -> None:
        before, self.workflow = self.workflow, decision.workflow
        sequences = [entry.sequence for entry in decision.entries]
        assert list(range(before.sequence + 1, before.sequence + 1 + len(sequences))) == sequences
        assert self.workflow.sequence == before.sequence + len(sequences)
        if not decision.entries:
            assert before is decision.workflow
            assert not decision.effects
        for entry in decision.entries:
            self.ends += entry.what is What.FINAL
            self.final_events += entry.event == "workflow.final"
            if entry.what is What.NEXT and entry.step is not None:
                assert entry.reason is not None
                self.reasons_left.add(entry.step)
            if entry.what is What.RESEND and entry.step is not None:
                assert self.workflow.steps[entry.step - 1].resend == entry.attempt
        for effect in decision.effects:
            match effect:
                case Call():
                    assert before.outcome is None, "no claim after a committed success"
                    self._no_second_claim_while_a_call_may_be_out(before)
                    assert self.now < self.workflow.send_by
                    self.order.append(effect.step)
                case PutStep():
                    self.waiting_messages.append((effect.step, effect.attempt))
                case TellEnd():
                    assert self.workflow.state is State.FINAL
                case _:
                    pass
        if before.state is State.FINAL:
            assert before.outcome is self.workflow.outcome
            assert all(not isinstance(effect, Call | PutStep | TellEnd) for effect in decision.effects)
        for told in (current.told for current in self.workflow.steps):
            ranks = [status.rank for status in told if not status.negative]
            assert ranks == sorted(set(ranks))
            assert sum(status.negative for status in told) <= 1


Failover.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestFailover = Failover.TestCase
