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
    RaiseStop,
    Received,
    Reported,
    Republished,
    Resumed,
    SeenMessage,
    StepMessage,
    Stopped,
    Suppress,
    TellEnd,
    TellStatus,
)
from services.dispatcher.failover import begin, decide
from shared.model import CodeMeaning, Entry, Problem, Receipt, State, Status, What, Workflow
from shared.outcomes import CallOutcome
from shared.vonage.codes import meaning_of
from tests.support.plans import NUMBER, START, TAKEN


class Play:
    """One workflow, one clock. Times are seconds after the start."""

    def __init__(self, workflow: Workflow, *, outside: Outside | None = None, cancelled_by: str | None = None) -> None:
        self.now = START
        self.outside = outside or Outside()
        self.entries: list[Entry] = []
        self.effects: list[Effect] = []
        self.last = Decision(workflow=workflow)
        self._take(begin(workflow, self.now, cancelled_by=cancelled_by, outside=self.outside))

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
    def lanes(self) -> list[bool]:
        """Of each step message: whether it goes on (True) or is new work (False)."""
        return [effect.goes_on for effect in self.effects if isinstance(effect, PutStep)]

    @property
    def stops(self) -> list[tuple[str, int, str, str]]:
        """(scope, step, account, reason) of each stop that was raised, in order."""
        return [
            (effect.scope.value, effect.step, effect.account, effect.reason)
            for effect in self.effects
            if isinstance(effect, RaiseStop)
        ]

    @property
    def suppressed(self) -> list[tuple[str, str]]:
        """(person, why) of each suppression, in order."""
        return [(effect.person, effect.why) for effect in self.effects if isinstance(effect, Suppress)]

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

    def attempt(self, number: int, *, step: int = 1) -> str:
        """State of an attempt, as a word."""
        attempts = self.workflow.steps[step - 1].attempts
        return next(each.state.value for each in attempts if each.number == number)

    def after(self, moment: float | None) -> float | None:
        """Return a moment of the row as seconds after the start, to the millisecond; None stays None."""
        return None if moment is None else round(moment - START, 3)

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

    def read_message(self, step: int, attempt: int) -> Play:
        """Read any step message, also a stale one."""
        self.send(StepMessage(step=step, attempt=attempt))
        return self

    def answer(
        self,
        outcome: CallOutcome,
        *,
        step: int | None = None,
        attempt: int | None = None,
        age_s: float = 0.0,
        claimed: float | None = None,
    ) -> Play:
        """Answer a call; `claimed` names its claim by seconds after the start."""
        current = self.workflow.step
        number = step or current.number
        attempts = self.workflow.steps[number - 1].attempts
        self.send(
            Answered(
                step=number,
                attempt=attempt or attempts[-1].number,
                outcome=outcome,
                age_s=age_s,
                claimed_at=None if claimed is None else START + claimed,
            )
        )
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
        uuid: str | None = None,
    ) -> Play:
        number = step or self.workflow.current
        if attempt is None:
            attempt = self.workflow.steps[number - 1].attempts[-1].number
        problem = None if code is None else Problem(code=code, title=f"code {code}")
        self.send(
            Received(
                step=number,
                attempt=attempt,
                receipt=Receipt(
                    status=Status(status),
                    problem=problem,
                    provider_uuid=uuid,
                    price=price,
                    currency=None if price is None else "EUR",
                    timestamp=f"at {self.seconds:g}",
                ),
                meaning=meaning,
            )
        )
        return self

    def negative(
        self, code: str, *, status: str = "rejected", step: int | None = None, attempt: int | None = None
    ) -> Play:
        """Receive a negative receipt whose code means what the provider's table says."""
        return self.receipt(status, step=step, attempt=attempt, code=code, meaning=meaning_of(code))

    def seen(
        self,
        status: str,
        *,
        uuid: str,
        channel: str | None = "viber_service",
        recipient: str | None = NUMBER,
        sender: str | None = "Acme",
        code: str | None = None,
        item: int | None = None,
        workflow_id: str | None = "d-1",
    ) -> Play:
        """Receive a status that names the provider's workflow and a message of it, and nothing of ours."""
        message = SeenMessage(
            workflow_id=workflow_id, channel=channel, recipient=recipient, sender=sender, item_number=item
        )
        problem = None if code is None else Problem(code=code, title=f"code {code}")
        receipt = Receipt(status=Status(status), problem=problem, provider_uuid=uuid, price="0.03", currency="EUR")
        meaning = None if code is None else meaning_of(code)
        self.send(Received(step=0, attempt=0, receipt=receipt, meaning=meaning, message=message))
        return self

    def report(self, word: str = "completed", *messages: tuple[str, str, str], price: str | None = None) -> Play:
        """Receive the final report; `messages` are (uuid, channel, status) of each that was sent, for `price` each."""
        said = tuple(
            Received(
                step=0,
                attempt=0,
                receipt=Receipt(
                    status=Status(status), provider_uuid=uuid, price=price, currency=None if price is None else "EUR"
                ),
                message=SeenMessage(workflow_id="d-1", channel=channel),
            )
            for uuid, channel, status in messages
        )
        self.send(Reported(completed=word == "completed", messages=said))
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

    def republished(self) -> Play:
        self.send(Republished())
        return self

    def _take(self, decision: Decision) -> None:
        self.last = decision
        self.entries.extend(decision.entries)
        self.effects.extend(decision.effects)
