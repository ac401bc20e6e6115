"""All events in all states, in any order: a Hypothesis state machine that drives a core under named invariants.

It starts fresh, in doubt, held, waiting or on its second step, so that forty events reach deep. Every claim is answered
at most once, as in life; receipts come of any attempt, early, late and twice; messages are read when they are stale.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

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
)
from services.dispatcher.failover import begin, decide
from shared.model import (
    CodeClass,
    CodeMeaning,
    Delivery,
    Problem,
    Receipt,
    Scope,
    State,
    Status,
    Step,
    Stop,
    StopKind,
    WhenStopped,
    Workflow,
)
from shared.outcomes import Accepted, Busy, CallOutcome, OurFault, Refused, Stale, Unsure
from tests.support.failover_invariants import check_decision, check_row
from tests.support.plans import NUMBER, START, step, workflow

PROBLEM = Problem(code="1", title="a problem")
TAKEN = Accepted(provider_uuid="u")
UNSURE = Unsure(problem=PROBLEM)
BUSY = Busy(problem=PROBLEM)
FAULTS = tuple(OurFault(problem=PROBLEM, scope=scope) for scope in Scope)
OUTCOMES = st.sampled_from(
    # Weighted: doubt and what did not happen lead deep, an acceptance just waits.
    [TAKEN, TAKEN, UNSURE, UNSURE, UNSURE, BUSY, BUSY, Stale(), Refused(problem=PROBLEM), *FAULTS]
)
FAULT_MEANINGS = tuple(CodeMeaning(code_class=CodeClass.FAULT, scope=scope) for scope in (*Scope, None))
AGAIN = CodeMeaning(code_class=CodeClass.AGAIN)
MEANINGS = st.sampled_from(
    [
        None,
        AGAIN,
        AGAIN,
        *(CodeMeaning(code_class=each) for each in CodeClass if each is not CodeClass.FAULT),
        *FAULT_MEANINGS,
    ]
)
STATUSES = st.sampled_from([Status.SUBMITTED, Status.SUBMITTED, Status.REJECTED, Status.REJECTED, *Status])
SCOPES = ((None, "viber_service"), ("default", None), ("default", "sms"), ("default", "viber_service"))
STOPS = st.lists(
    st.tuples(st.sampled_from(list(StopKind)), st.sampled_from(SCOPES), st.sampled_from([0.0, 5.0, 700.0])), max_size=3
)
ONCE = Delivery.AT_MOST_ONCE
PLANS = st.sampled_from(
    [
        (step(1, "sms"),),
        (step(1, "sms", delivery=ONCE),),
        (step(1, "viber_service", window=600), step(2, "sms")),
        (step(1, "viber_service", window=600, condition="read"), step(2, "sms")),
        (step(1, "viber_service", window=15, condition="read"), step(2, "messenger", window=600), step(3, "sms")),
        (step(1, "viber_service"), step(2, "sms")),
        (step(1, "messenger", delivery=ONCE), step(2, "viber_service", window=600), step(3, "sms", delivery=ONCE)),
        (
            step(1, "viber_service", window=600),
            step(2, "sms", window=15),
            step(3, "viber_service", window=600),
            step(4, "sms"),
        ),
        (step(1, "viber_service", window=600), step(2, "sms", recipient="447700900555"), step(3, "sms")),
    ]
)
BEGINNINGS = st.sampled_from(
    ["fresh", "waiting", "in doubt", "sent again", "taken and sent again", "held", "busy", "impatient", "second step"]
)
Life = tuple[tuple[Step, ...], int, int | None, WhenStopped, str]
LIVES = st.tuples(
    PLANS,
    st.sampled_from([700, 259_200, 259_200]),
    st.sampled_from([None, 60, 3600]),
    st.sampled_from([WhenStopped.HOLD, WhenStopped.HOLD, WhenStopped.NEXT]),
    BEGINNINGS,
)
Decide = Callable[[Workflow, AnyEvent, float], Decision]


class Failover(RuleBasedStateMachine):
    """One workflow, hit by everything."""

    decide: Decide = staticmethod(decide)
    """The core; a sabotaged one must not survive."""

    now: float
    outside: Outside
    workflow: Workflow
    seen: Counter[str]
    """What must come once: counted by `check_decision`."""

    @initialize(life=LIVES)
    def the_first_life(self, life: Life) -> None:
        self._begin(life)

    @precondition(lambda self: not self.open)
    @rule(life=LIVES)
    def the_next_life(self, life: Life) -> None:
        self._begin(life)

    # What may happen

    @precondition(lambda self: self.workflow.state is State.READY)
    @rule()
    def its_turn_comes(self) -> None:
        current = self.workflow.step
        self._send(StepMessage(step=current.number, attempt=current.next_attempt))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def a_message_is_read_that_may_be_stale(self, data: st.DataObject) -> None:
        number, attempt = data.draw(st.sampled_from(self.messages))
        self._send(StepMessage(step=number, attempt=attempt))

    @precondition(lambda self: self.in_flight)
    @rule(outcome=OUTCOMES, age_s=st.sampled_from([0.0, 0.0, 2.0]))
    def the_newest_call_comes_back(self, outcome: CallOutcome, age_s: float) -> None:
        self._answer(-1, outcome, age_s)

    @precondition(lambda self: self.in_flight)
    @rule(outcome=OUTCOMES)
    def the_oldest_call_comes_back(self, outcome: CallOutcome) -> None:
        self._answer(0, outcome)

    @precondition(lambda self: self.workflow.step.attempts and self.somebody_listens)
    @rule(back=st.integers(1, 2), status=STATUSES, meaning=MEANINGS)
    def a_receipt_of_the_current_step_comes(self, back: int, status: Status, meaning: CodeMeaning | None) -> None:
        attempts = self.workflow.step.attempts
        self._receive(self.workflow.current, attempts[-min(back, len(attempts))].number, status, meaning)

    @precondition(lambda self: self.calls_made and self.somebody_listens)
    @rule(data=st.data(), status=STATUSES, meaning=MEANINGS)
    def a_receipt_of_any_step_comes(self, data: st.DataObject, status: Status, meaning: CodeMeaning | None) -> None:
        number, attempt = data.draw(st.sampled_from(self.calls_made))
        self._receive(number, attempt, status, meaning)

    @precondition(lambda self: self.somebody_listens)
    @rule(number=st.integers(0, 12), attempt=st.integers(0, 5), status=st.sampled_from(list(Status)))
    def a_receipt_of_nothing_comes(self, number: int, attempt: int, status: Status) -> None:
        if (number, attempt) not in self.calls_made:
            before = self.workflow
            self._receive(number, attempt, status, None)
            assert before is self.workflow

    @precondition(lambda self: self.open)
    @rule(late=st.sampled_from([0.0, 0.0, 0.5, 60.0]))
    def the_next_clock_is_over(self, late: float) -> None:
        self.now = max(self.now, wake_at(self.workflow) or 0.0) + late
        self._send(Due(read_to=self.now))

    @precondition(lambda self: self.open)
    @rule(
        seconds=st.sampled_from([0.1, 4.0, 14.0, 130.0, 650.0]), lag=st.sampled_from([0.0, 20.0]), blind=st.booleans()
    )
    def time_passes(self, seconds: float, lag: float, blind: bool) -> None:
        self.now += seconds
        self._send(Due(read_to=self.now - lag, blind=blind))

    @precondition(lambda self: self.open)
    @rule(stops=STOPS, opted_out=st.sampled_from([False, False, False, True]))
    def the_world_changes(
        self, stops: list[tuple[StopKind, tuple[str | None, str | None], float]], opted_out: bool
    ) -> None:
        made = tuple(
            Stop(kind=kind, account=account, channel=channel, reason="r", since=max(START, self.now - ago))
            for kind, (account, channel), ago in stops
        )
        gone = [each for each in self.outside.stops if each not in made]
        suppressed = frozenset({f"number:{NUMBER}"}) if opted_out else frozenset()
        self.outside = Outside(stops=made, suppressed=suppressed)
        self._send(Stopped())
        for each in gone:
            self._send(Resumed(since=each.since))

    @precondition(lambda self: self.open)
    @rule(event=st.sampled_from([Stopped(), Resumed(), Resumed(since=START), Republished(), NextNow(), Cancel()]))
    def somebody_commands(self, event: AnyEvent) -> None:
        if not isinstance(event, Cancel) or self.now > START + 500:  # most plays go on for longer
            self._send(event)

    # What must hold

    @invariant()
    def the_row_tells_the_truth(self) -> None:
        check_row(self.workflow, self.messages)
        assert (wake_at(self.workflow) is None) is (self.workflow.state is State.FINAL)
        assert not self.open or wake_at(self.workflow) is not None
        assert self.open or wake_ungated_at(self.workflow) is None

    @property
    def open(self) -> bool:
        return self.workflow.state is not State.FINAL

    @property
    def somebody_listens(self) -> bool:
        """False when a few receipts came after the end: there is more to be seen in the next life."""
        return self.open or self.seen_after_the_end < 3

    @property
    def calls_made(self) -> list[tuple[int, int]]:
        return [(s.number, a.number) for s in self.workflow.steps for a in s.attempts]

    def _begin(self, life: Life) -> None:
        steps, valid_for, final_receipt_time, when_stopped, beginning = life
        self.now = START
        self.outside = Outside()
        self.seen = Counter()
        self.seen_after_the_end = 0
        self.messages: list[tuple[int, int]] = []
        self.in_flight: list[tuple[int, int, float]] = []
        self.workflow = workflow(
            *steps, valid_for=valid_for, final_receipt_time=final_receipt_time, when_stopped=when_stopped
        )
        self._take(None, begin(self.workflow, self.now))
        if beginning != "fresh":
            self._go_to(beginning)

    def _go_to(self, beginning: str) -> None:
        self.its_turn_comes()
        match beginning:
            case "waiting":
                self._answer(-1, TAKEN)
            case "held":
                self._answer(-1, FAULTS[0])
            case "in doubt":
                self._answer(-1, UNSURE)
            case "sent again" | "taken and sent again":
                self._answer(-1, UNSURE)
                self.the_next_clock_is_over(0.0)
                self.its_turn_comes()
                if "taken" in beginning:
                    self._receive(self.workflow.current, 1, Status.SUBMITTED, None)
            case "busy":
                self._answer(-1, BUSY)
            case "impatient":
                self._answer(-1, BUSY)
                self.now += 550
                self._send(Due(read_to=self.now))
                self.outside = Outside(
                    stops=(Stop(kind=StopKind.FAULT, account="default", reason="r", since=self.now),)
                )
            case "second step":
                self._answer(-1, TAKEN)
                self.the_next_clock_is_over(0.0)
                self.its_turn_comes()

    def _receive(self, number: int, attempt: int, status: Status, meaning: CodeMeaning | None) -> None:
        self.seen_after_the_end += not self.open
        receipt = Receipt(status=status, problem=PROBLEM if status.negative else None, price="0.03")
        self._send(
            Received(step=number, attempt=attempt, receipt=receipt, meaning=meaning if status.negative else None)
        )

    def _answer(self, which: int, outcome: CallOutcome, age_s: float = 0.0) -> None:
        if self.in_flight:
            number, attempt, claimed_at = self.in_flight.pop(which)
            self._send(Answered(step=number, attempt=attempt, outcome=outcome, age_s=age_s, claimed_at=claimed_at))

    def _send(self, event: AnyEvent) -> None:
        event = replace(event, outside=self.outside)
        self._take(event, type(self).decide(self.workflow, event, self.now))

    def _take(self, event: AnyEvent | None, decision: Decision) -> None:
        before, self.workflow = self.workflow, decision.workflow
        check_decision(before, event, decision, now=self.now, seen=self.seen)
        for effect in decision.effects:
            if isinstance(effect, Call):
                self.in_flight.append((effect.step, effect.attempt, effect.claimed_at))
            if isinstance(effect, PutStep):
                self.messages.append((effect.step, effect.attempt))
