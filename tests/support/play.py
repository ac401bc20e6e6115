"""A workflow on a stage: scenarios are played event by event against the real core, on a clock of their own."""

from __future__ import annotations

from dataclasses import replace

from services.dispatcher.clocks import wake_at
from services.dispatcher.events import (
    Answered,
    AnyEvent,
    Call,
    Cancel,
    Decision,
    Due,
    Effect,
    NextNow,
    Outside,
    PutStep,
    Received,
    Resumed,
    StepMessage,
    Stopped,
    TellEnd,
    TellStatus,
)
from services.dispatcher.failover import begin, decide
from shared.channels import CHANNELS, person_of
from shared.ids import queued_workflow_id
from shared.model import (
    CodeMeaning,
    Delivery,
    Entry,
    Generation,
    Message,
    Problem,
    Receipt,
    RequestKind,
    State,
    Status,
    Step,
    What,
    WhenStopped,
    Workflow,
)
from shared.outcomes import Accepted, Busy, CallOutcome, OurFault, Refused, Unsure

START = 1_700_000_000.0
"""Store time at which every play begins."""
PROVIDER_UUID = "11111111-1111-4111-8111-111111111111"
NO_ANSWER = Unsure(problem=Problem(code="timeout", title="no answer in 15 s"))
REFUSAL = Refused(problem=Problem(code="1330", title="refused"))
BUSY = Busy(problem=Problem(code="429", title="too many"))
TAKEN = Accepted(provider_uuid=PROVIDER_UUID)

NUMBER = "447700900000"


def step(
    number: int,
    channel: str,
    *,
    window: int | None = None,
    condition: str = "delivered",
    recipient: str | None = None,
    person: str | None = None,
    delivery: Delivery | None = None,
    align_ttl: bool = True,
    ttl: int | None = None,
) -> Step:
    """Return a step as intake would make it."""
    to = recipient or ("psid-1" if channel == "messenger" else NUMBER)
    return Step(
        number=number,
        message=Message(
            channel=channel, kind="text", recipient=to, sender="Acme", content={"text": f"hello {number}"}, ttl=ttl
        ),
        person=person_of(channel, to, person),
        expiry_time=window,
        condition=Status(condition),
        delivery=delivery or CHANNELS[channel].delivery,
        align_ttl=align_ttl,
    )


def workflow(
    *steps: Step,
    valid_for: float = 259_200.0,
    final_receipt_time: int | None = None,
    when_stopped: WhenStopped = WhenStopped.HOLD,
    kind: RequestKind = RequestKind.WORKFLOW,
    message_id: str = "m-1",
) -> Workflow:
    """Return a workflow as intake would make it, before its first decision."""
    return Workflow(
        workflow_id=queued_workflow_id(tenant="acme", message_id=message_id),
        tenant="acme",
        generation=Generation.V0_1 if kind is RequestKind.WORKFLOW else Generation.V1,
        kind=kind,
        steps=steps,
        accepted_at=START,
        send_by=START + valid_for,
        final_receipt_time=final_receipt_time,
        when_stopped=when_stopped,
    )


class Play:
    """One workflow, one clock. Times are seconds after the start."""

    def __init__(self, workflow: Workflow, *, outside: Outside | None = None, cancelled_by: str | None = None) -> None:
        self.now = START
        self.outside = outside or Outside()
        self.entries: list[Entry] = []
        self.effects: list[Effect] = []
        self.last = Decision(workflow=workflow)
        self._take(begin(workflow, self.now, cancelled_by=cancelled_by))

    @property
    def workflow(self) -> Workflow:
        return self.last.workflow

    @property
    def state(self) -> State:
        return self.workflow.state

    @property
    def seconds(self) -> float:
        return self.now - START

    @property
    def wakes_after(self) -> float | None:
        """Seconds after the start at which the row is looked at again."""
        at = wake_at(self.workflow)
        return None if at is None else at - START

    @property
    def calls(self) -> list[tuple[int, int]]:
        """(step, attempt) of each call that left, in order."""
        return [(effect.step, effect.attempt) for effect in self.effects if isinstance(effect, Call)]

    @property
    def put(self) -> list[tuple[int, int]]:
        """(step, attempt) of each step message, in order."""
        return [(effect.step, effect.attempt) for effect in self.effects if isinstance(effect, PutStep)]

    @property
    def told(self) -> list[tuple[int, str, str | None]]:
        """(step, status, code) of each status webhook, in order."""
        return [
            (effect.step, effect.status.value, effect.problem.code if effect.problem else None)
            for effect in self.effects
            if isinstance(effect, TellStatus)
        ]

    @property
    def reports(self) -> int:
        return sum(isinstance(effect, TellEnd) for effect in self.effects)

    @property
    def outcome(self) -> str | None:
        return self.workflow.outcome.value if self.workflow.outcome else None

    def entries_of(self, what: What) -> list[Entry]:
        return [entry for entry in self.entries if entry.what is what]

    def reasons_of_next(self) -> list[str | None]:
        return [entry.reason.value if entry.reason else None for entry in self.entries_of(What.NEXT)]

    def at(self, seconds: float) -> Play:
        """Move the clock to this many seconds after the start."""
        self.now = START + seconds
        return self

    def world(self, **fields: object) -> Play:
        """Change what the core is told of the outside from now on."""
        self.outside = replace(self.outside, **fields)  # type: ignore[arg-type]
        return self

    def send(self, event: AnyEvent) -> Decision:
        self._take(decide(self.workflow, replace(event, outside=self.outside), self.now))
        return self.last

    def claim(self) -> Play:
        current = self.workflow.step
        self.send(StepMessage(step=current.number, attempt=current.next_attempt))
        return self

    def answer(self, outcome: CallOutcome, *, step: int | None = None, attempt: int | None = None) -> Play:
        current = self.workflow.step
        number = step or current.number
        attempts = self.workflow.steps[number - 1].attempts
        self.send(Answered(step=number, attempt=attempt or attempts[-1].number, outcome=outcome))
        return self

    def accepted(self) -> Play:
        return self.answer(TAKEN)

    def receipt(
        self,
        status: str,
        *,
        step: int | None = None,
        attempt: int | None = None,
        code: str | None = None,
        meaning: CodeMeaning | None = None,
        price: str | None = None,
    ) -> Play:
        number = step or self.workflow.current
        attempts = self.workflow.steps[number - 1].attempts
        problem = None if code is None else Problem(code=code, title=f"code {code}")
        self.send(
            Received(
                step=number,
                attempt=attempt or attempts[-1].number,
                receipt=Receipt(status=Status(status), problem=problem, price=price),
                meaning=meaning,
            )
        )
        return self

    def due(self, *, read_to: float | None = None, blind: bool = False) -> Play:
        """Tell it that a timer may be over; receipts are read up to now, or to `read_to` seconds after the start."""
        self.send(Due(read_to=self.now if read_to is None else START + read_to, blind=blind))
        return self

    def due_at(self, seconds: float) -> Play:
        return self.at(seconds).due()

    def run_out(self, until: float) -> Play:
        """Let every timer fire when it is over, and claim whatever is ready, up to this many seconds."""
        for _ in range(10_000):
            if self.state is State.READY:
                self.claim()
                continue
            wakes = self.wakes_after
            if wakes is None or wakes > until:
                return self.at(until)
            self.due_at(wakes)
        raise AssertionError("the row wakes without end")

    def cancel(self) -> Play:
        self.send(Cancel(by="caller"))
        return self

    def next_now(self) -> Play:
        self.send(NextNow(by="operator:ann"))
        return self

    def stopped(self) -> Play:
        self.send(Stopped())
        return self

    def resumed(self, *, since: float | None = None) -> Play:
        self.send(Resumed(since=None if since is None else START + since))
        return self

    def _take(self, decision: Decision) -> None:
        self.last = decision
        self.entries.extend(decision.entries)
        self.effects.extend(decision.effects)


def viber_then_sms(**fields: object) -> Workflow:
    """Return the workflow of the README: Viber with a window of ten minutes, then SMS."""
    window = fields.pop("window", 600)
    condition = fields.pop("condition", "delivered")
    first = step(1, "viber_service", window=int(str(window)), condition=str(condition))
    return workflow(first, step(2, "sms"), **fields)  # type: ignore[arg-type]


def our_fault(scope: str, code: str = "402") -> OurFault:
    """Return an answer that says it is our account, channel or sender."""
    from shared.model import Scope

    return OurFault(problem=Problem(code=code, title="Low balance"), scope=Scope(scope))
