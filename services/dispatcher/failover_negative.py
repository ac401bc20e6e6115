"""What a dead step leads to, by the class of its code (semantics 6). Pure."""

from __future__ import annotations

from services.dispatcher.draft import Draft
from services.dispatcher.failover_again import again_after_s, back_off_again
from services.dispatcher.failover_moves import go_on, hold
from shared.model import Attempt, CodeClass, CodeMeaning, Problem, Reason, Scope, Status

PLAIN = CodeMeaning(code_class=CodeClass.NEXT)
TTL_OVER = "1360"


def as_its_code_says(draft: Draft, attempt: Attempt) -> None:
    """Do what a dead attempt's code asks for, now that no other attempt of the current step may be out."""
    meaning = attempt.meaning or PLAIN
    if draft.step.resend == draft.step.next_attempt:  # it was planned, or did not happen: its number is free again
        draft.change_current(resend=None)
    delay_s = again_after_s(draft, meaning)
    if delay_s is not None:
        back_off_again(draft, attempt.number, delay_s)
    elif meaning.code_class is CodeClass.FAULT:
        _start_anew(draft)
        hold(draft, meaning.scope or Scope.ACCOUNT, attempt.problem)
    else:
        go_on(draft, reason_of(attempt.negative, attempt.problem))


def will_be_tried_again(draft: Draft, meaning: CodeMeaning) -> bool:
    """Tell whether the step goes on after this negative: then the caller is not told of it yet."""
    return meaning.code_class is CodeClass.FAULT or again_after_s(draft, meaning) is not None


def reason_of(status: Status | None, problem: Problem | None) -> Reason:
    """Return the reason of *next* after a negative."""
    if problem is not None and problem.code == TTL_OVER:
        return Reason.EXPIRED_AT_PROVIDER
    return Reason.UNDELIVERABLE if status is Status.UNDELIVERABLE else Reason.REJECTED


def _start_anew(draft: Draft) -> None:
    """After a fault of ours the step has all its time again."""
    draft.change_current(
        window_ends_at=None,
        patience_ends_at=None,
        patience_counted_from=None,
        patience_left=None,
        first_claimed_at=None,
        settle_by=None,
        again_count=0,
        became_last=False,
    )
