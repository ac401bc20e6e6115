"""Workflows that the provider runs, hit by everything in any order: a Hypothesis state machine with its invariants.

Where the provider will not run one, it goes on as a workflow of ours, under the invariants of those.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.dispatcher.clocks import wake_at
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
    Reported,
    Republished,
    Resumed,
    SeenMessage,
    StepMessage,
    Stopped,
    TellEnd,
    Updated,
)
from services.dispatcher.failover import begin, decide
from shared.model import (
    AttemptState,
    Engine,
    Outcome,
    Problem,
    Receipt,
    RequestKind,
    Scope,
    State,
    Status,
    Step,
    Stop,
    StopKind,
    What,
    Workflow,
)
from shared.outcomes import Busy, CallOutcome, HandedOver, OurFault, Refused, Stale, Unsure
from shared.vonage.codes import meaning_of
from tests.support.failover_invariants import check_decision, check_row
from tests.support.plans import NUMBER, START, step, workflow

PROBLEM = Problem(code="1", title="a problem")
BUSY = Busy(problem=PROBLEM)
OUTCOMES = st.sampled_from(
    [
        *(HandedOver(workflow_id="d-1"), HandedOver(workflow_id="d-1", provider_uuid="m-1")),
        *(Unsure(problem=PROBLEM), Unsure(problem=PROBLEM), Busy(problem=PROBLEM), Stale(), Refused(problem=PROBLEM)),
        *(OurFault(problem=PROBLEM, scope=Scope.ACCOUNT), OurFault(problem=PROBLEM, scope=Scope.CHANNEL)),
    ]
)
CHAINS: tuple[tuple[Step, ...], ...] = (
    (step(1, "viber_service", window=600), step(2, "sms")),
    (step(1, "viber_service", window=15, condition="read"), step(2, "sms", window=15), step(3, "sms")),
    (step(1, "sms", window=60), step(2, "sms", recipient="447700900555")),
    (step(1, "sms"),),
)
CODES = ("1300", "1000", "1240", "1070", "1320", "1360")
OURS_ALONE = frozenset({What.NEXT, What.RESEND, What.BACKED_OFF, What.PUT_OFF, What.WAITING_ON, What.STRUCK_OUT})
"""What the journal of a workflow that the provider runs never says."""
Life = tuple[tuple[Step, ...], bool, int, CallOutcome | str | None]
LIVES = st.tuples(
    st.sampled_from(CHAINS),
    st.booleans(),
    st.sampled_from([700, 259_200]),
    # Fresh, called, or with this answer.
    st.sampled_from([None, "called", "called", HandedOver(workflow_id="d-1"), Unsure(problem=PROBLEM), BUSY]),
)
Decide = Callable[[Workflow, AnyEvent, float], Decision]


class HandedOverWhole(RuleBasedStateMachine):
    """One workflow that the provider is to run."""

    decide: Decide = staticmethod(decide)
    """The core; a broken one must not survive."""

    @initialize(life=LIVES)
    def the_first_life(self, life: Life) -> None:
        self._begin(life)

    @precondition(lambda self: self.workflow.state is State.FINAL)
    @rule(life=LIVES)
    def the_next_life(self, life: Life) -> None:
        self._begin(life)

    def _begin(self, life: Life) -> None:
        steps, v1, valid_for, beginning = life
        self.now = START
        self.outside = Outside()
        self.seen: Counter[str] = Counter()
        self.in_flight: list[tuple[int, int, float]] = []
        self.messages: list[tuple[int, int]] = []
        self.made = self.not_made = 0
        self.spoken_of = False
        kind = RequestKind.MESSAGE if v1 and len(steps) > 1 else RequestKind.WORKFLOW
        self.workflow = workflow(*steps, kind=kind, engine=Engine.PROVIDER, valid_for=valid_for)
        self._take(None, begin(self.workflow, self.now))
        if beginning is not None:
            self.its_turn_comes()
        if isinstance(beginning, Unsure | HandedOver | Busy):
            self.the_call_comes_back(beginning, 0.0)

    # What may happen

    @precondition(lambda self: self.workflow.state is State.READY)
    @rule()
    def its_turn_comes(self) -> None:
        current = self.workflow.step
        self._send(StepMessage(step=current.number, attempt=current.next_attempt))

    @precondition(lambda self: self.workflow.state is not State.FINAL)
    @rule(data=st.data())
    def a_message_is_read_that_may_be_stale(self, data: st.DataObject) -> None:
        number, attempt = data.draw(st.sampled_from(self.messages))
        self._send(StepMessage(step=number, attempt=attempt))

    @precondition(lambda self: self.in_flight)
    @rule(outcome=OUTCOMES, age_s=st.sampled_from([0.0, 2.0]))
    def the_call_comes_back(self, outcome: CallOutcome, age_s: float) -> None:
        number, attempt, claimed_at = self.in_flight.pop(0)
        self._send(Answered(step=number, attempt=attempt, outcome=outcome, age_s=age_s, claimed_at=claimed_at))

    @precondition(lambda self: self.workflow.run_by_provider)
    @rule(
        status=st.sampled_from(list(Status)),
        uuid=st.sampled_from(["m-1", "m-2", "m-3", "m-4"]),
        number=st.integers(0, 4),
        code=st.sampled_from(CODES),
    )
    def the_provider_speaks_of_a_message(self, status: Status, uuid: str, number: int, code: str) -> None:
        message = self.workflow.steps[max(number, 1) % len(self.workflow.steps)].message
        seen = SeenMessage(
            workflow_id="d-1", channel=message.channel, recipient=message.recipient, sender=message.sender
        )
        problem = Problem(code=code, title=code) if status.negative else None
        receipt = Receipt(status=status, problem=problem, provider_uuid=uuid, price="0.01")
        meaning = meaning_of(code) if status.negative else None
        self._send(Received(step=number, attempt=min(number, 1), receipt=receipt, meaning=meaning, message=seen))

    @precondition(lambda self: self.workflow.run_by_provider and self.now > START + 14)
    @rule(completed=st.booleans(), status=st.sampled_from([None, *Status]))
    def the_final_report_comes(self, completed: bool, status: Status | None) -> None:
        said = () if status is None else (self._said(status),)
        self._send(Reported(completed=completed, messages=said))

    @precondition(lambda self: self.workflow.state is not State.FINAL)
    @rule(late=st.sampled_from([0.0, 0.0, 60.0]))
    def the_next_clock_is_over(self, late: float) -> None:
        self.now = max(self.now, wake_at(self.workflow) or 0.0) + late
        self._send(Due(read_to=self.now))

    @precondition(lambda self: self.workflow.state is not State.FINAL)
    @rule(seconds=st.sampled_from([0.1, 14.0, 650.0]), blind=st.booleans())
    def time_passes(self, seconds: float, blind: bool) -> None:
        self.now += seconds
        self._send(Due(read_to=self.now - 20.0, blind=blind))

    @precondition(lambda self: self.workflow.state is not State.FINAL)
    @rule(kind=st.sampled_from([None, *StopKind]), opted_out=st.booleans(), accounts=st.booleans())
    def the_world_changes(self, kind: StopKind | None, opted_out: bool, accounts: bool) -> None:
        stop = Stop(kind=kind or StopKind.FAULT, account="default", reason="r", since=self.now)
        self.outside = Outside(
            stops=() if kind is None else (stop,),
            suppressed=frozenset({f"number:{NUMBER}"}) if opted_out else frozenset(),
            accounts=tuple(f"a{step.number}" for step in self.workflow.steps) if accounts and opted_out else (),
        )
        self._send(Stopped() if kind is not None else Resumed(since=START))

    @rule(event=st.sampled_from([Resumed(), Republished(), NextNow(), Updated(step=1, status="revoked")]))
    def somebody_commands(self, event: AnyEvent) -> None:
        self._send(event)

    @precondition(lambda self: self.now > START + 500)
    @rule()
    def somebody_cancels(self) -> None:
        handed_over = self.workflow.handed_over
        self._send(Cancel())
        assert not handed_over or self.workflow.state is not State.FINAL, "what runs elsewhere can't be cancelled"

    # What must hold

    @invariant()
    def the_row_wakes_until_its_end(self) -> None:
        assert (wake_at(self.workflow) is None) is (self.workflow.state is State.FINAL)

    @invariant()
    def the_row_tells_the_truth(self) -> None:
        if not self.workflow.run_by_provider:
            check_row(self.workflow, self.messages)
            return
        whole = self.workflow.steps[0].attempts
        if self.workflow.state in (State.SENDING, State.WAITING):
            assert whole, "somebody waits for a call that was never made"
        if self.workflow.state in (State.READY, State.BACKING_OFF, State.HELD):
            assert not any(step.may_be_out for step in self.workflow.steps), "it would be handed over twice"
            assert not self.spoken_of, "what the provider has is not handed over again"
        assert (self.workflow.state is State.SENDING) is any(each.state is AttemptState.CLAIMED for each in whole)
        for known in self.workflow.steps:
            ranks = [status.rank for status in known.told if not status.negative]
            assert ranks == sorted(set(ranks)), "a status is told once, upward"
            assert len(known.attempts) <= 1, "the whole is one attempt"

    def _said(self, status: Status) -> Received:
        channel = self.workflow.steps[0].message.channel
        return Received(
            step=0,
            attempt=0,
            receipt=Receipt(status=status, provider_uuid="m-1"),
            message=SeenMessage(workflow_id="d-1", channel=channel),
        )

    def _send(self, event: AnyEvent) -> None:
        event = replace(event, outside=self.outside)
        self._take(event, type(self).decide(self.workflow, event, self.now))

    def _take(self, event: AnyEvent | None, decision: Decision) -> None:
        before, self.workflow = self.workflow, decision.workflow
        if before.run_by_provider and self.workflow.run_by_provider:
            self._check(before, event, decision)
        elif before.run_by_provider:
            self._check_taken_over(event, decision)
        else:
            check_decision(before, event, decision, now=self.now, seen=self.seen)
        for effect in decision.effects:
            if isinstance(effect, Call):
                self.in_flight.append((effect.step, effect.attempt, effect.claimed_at))
            if isinstance(effect, PutStep):
                self.messages.append((effect.step, effect.attempt))

    def _check(self, before: Workflow, event: AnyEvent | None, decision: Decision) -> None:
        after = decision.workflow
        sequences = [entry.sequence for entry in decision.entries]
        assert sequences == list(range(before.sequence + 1, before.sequence + 1 + len(sequences))), "no gaps"
        assert after.sequence == before.sequence + len(sequences)
        assert decision.entries or (before is after and not decision.effects), "what changes is written"
        whats = [entry.what for entry in decision.entries]
        assert OURS_ALONE.isdisjoint(whats), "the provider decides"
        self.seen["workflow.final"] += whats.count(What.FINAL)
        assert self.seen["workflow.final"] == (after.state is State.FINAL), "one end"
        assert sum(isinstance(effect, TellEnd) for effect in decision.effects) == (
            What.FINAL in whats and after.kind is RequestKind.WORKFLOW
        )
        if before.state is State.FINAL:
            assert (before.outcome, before.condition_met) == (after.outcome, after.condition_met), "the end stays"
            assert not any(isinstance(effect, Call | PutStep | TellEnd) for effect in decision.effects)
        self._calls(before, event, decision)
        if isinstance(event, Received | Reported) and decision.entries:
            self.spoken_of = True
        self._truth(event, after)

    def _calls(self, before: Workflow, event: AnyEvent | None, decision: Decision) -> None:
        """It is handed over once: again only after an answer that proves that nothing was."""
        for effect in decision.effects:
            if isinstance(effect, Call):
                assert effect.whole
                assert self.now < before.send_by
                assert before.state is State.READY
                self.made += 1
        taken_back = any(entry.what is What.NOT_SENT for entry in decision.entries)
        assert not taken_back or isinstance(event, Answered)
        self.not_made += taken_back
        assert self.made <= 1 + self.not_made, "never a second call on a guess"

    def _truth(self, event: AnyEvent | None, after: Workflow) -> None:
        reached = any(known.reached for known in after.steps)
        if after.outcome is Outcome.UNCONFIRMED and after.reported is None:
            assert reached is bool(after.also_reached), "who was reached is named"
        if isinstance(event, Reported) and after.reported is not None:
            assert after.state is State.FINAL, "a final report is the end"

    def _check_taken_over(self, event: AnyEvent | None, decision: Decision) -> None:
        assert not self.spoken_of, "what the provider runs is never taken over"
        refused = isinstance(event, Answered) and isinstance(event.outcome, Refused)
        assert refused or isinstance(event, StepMessage), "only where nothing can have left"
        assert any(entry.what is What.TAKEN_OVER for entry in decision.entries), "it is said"
        assert not any(isinstance(effect, Call) and effect.whole for effect in decision.effects)
        self.seen["workflow.final"] += sum(entry.what is What.FINAL for entry in decision.entries)
        self.seen[f"{What.FINAL} "] += sum(entry.what is What.FINAL for entry in decision.entries)
