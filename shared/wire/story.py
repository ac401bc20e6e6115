"""Tell a journal entry as a sentence or two: what happened, why, and what happens next, with its time (UTC).

Written for people who support the caller's customers. The facts are those that the core writes; one that is missing
makes a sentence shorter and never raises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shared.model import Engine, Entry, Reason, Status, Step, What
from shared.wire.story_endings import amended, final
from shared.wire.story_next import channel_at, what_next
from shared.wire.story_words import channel_name, length, problem_words, reason_words


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """An entry, and what its sentence needs beside it."""

    entry: Entry
    steps: Sequence[Step]
    current: int | None
    """The step that the workflow stands on after the entry; None where it is not known."""

    @property
    def facts(self) -> Mapping[str, object]:
        return self.entry.facts

    @property
    def channel(self) -> str:
        """The channel of the entry's step, as people call it."""
        return channel_name(self.facts.get("channel") or channel_at(self.steps, self.entry.step))

    @property
    def whole(self) -> bool:
        """True where it speaks of the call that hands the whole workflow over."""
        return self.facts.get("engine") == Engine.PROVIDER

    @property
    def problem(self) -> str:
        words = problem_words(self.facts)
        return f": {words}" if words else ""


def tell_all(entries: Sequence[Entry], steps: Sequence[Step] = ()) -> list[str]:
    """Return the text of each entry of one workflow, in their order."""
    texts, current = [], 1
    for entry in entries:
        if entry.what is What.NEXT and isinstance(entry.facts.get("to_step"), int):
            current = int(str(entry.facts["to_step"]))
        texts.append(tell(entry, steps, current=current))
    return texts


def tell(entry: Entry, steps: Sequence[Step] = (), *, current: int | None = None) -> str:
    """Return the text of an entry. `steps` are its workflow's; without them the next channel has no name."""
    if current is None:
        to_step = entry.facts.get("to_step")
        current = to_step if isinstance(to_step, int) else entry.step
    scene = _Scene(entry=entry, steps=steps, current=current)
    told = _capital(_SENTENCES[entry.what](scene))
    ended = entry.what in (What.FINAL, What.AMENDED)
    following = "" if ended else what_next(entry, steps, current)
    return f"{told} {following}" if following else told


def _accepted(scene: _Scene) -> str:
    named = scene.facts.get("steps")
    channels = named if isinstance(named, list | tuple) else [step.message.channel for step in scene.steps]
    if not channels:
        return "The request was accepted."
    return f"The request was accepted: {', then '.join(channel_name(channel) for channel in channels)}."


def _claimed(scene: _Scene) -> str:
    if scene.whole:
        return "The whole workflow is handed to the provider now, which is to run the failover itself."
    attempt = scene.entry.attempt
    which = f" (attempt {attempt})" if attempt is not None and attempt > 1 else ""
    lives = length(scene.facts.get("ttl"))
    note = scene.facts.get("ttl_note")
    span = f", to be delivered within {lives}" if lives else ""
    return f"{scene.channel} is handed to the provider now{which}{span}{f'; it {note}' if note else ''}."


def _sent(scene: _Scene) -> str:
    if scene.whole:
        late = "The answer came late: the" if scene.facts.get("late") else "The"
        return f"{late} provider took the whole workflow and runs the failover itself."
    if scene.facts.get("late"):
        return f"The answer came late: the provider had taken {scene.channel}."
    return f"{scene.channel} was sent to the provider, which took it."


def _refused(scene: _Scene) -> str:
    return f"The provider refused {scene.channel}{scene.problem}."


def _not_sent(scene: _Scene) -> str:
    reason = scene.entry.reason
    unsent = "The workflow was not handed over" if scene.whole else f"{scene.channel} was not sent"
    if reason is Reason.BUSY:
        asked = length(scene.facts.get("retry_after_s"))
        wait = f"; it asks for {asked} of patience" if asked else ""
        return f"{unsent}, because the provider was busy{scene.problem}{wait}."
    if reason is Reason.STOPPED:
        return f"{unsent}, because something on our side is wrong{scene.problem}."
    because = reason_words(reason)
    return f"{unsent}{f', because {because}' if because else ''}{scene.problem}."


def _unsure(scene: _Scene) -> str:
    if scene.whole:
        return f"Nobody knows whether the provider took the workflow{scene.problem}. It is not handed over again."
    return f"Nobody knows whether the provider took {scene.channel}{scene.problem}."


def _receipt(scene: _Scene) -> str:
    status = scene.facts.get("status")
    if status == Status.SUBMITTED:
        return f"The provider passed {scene.channel} on to its network."
    if status == Status.DELIVERED:
        return f"{scene.channel} was delivered."
    if status == Status.READ:
        return f"{scene.channel} was read."
    if status == Status.REJECTED:
        return f"{scene.channel} was rejected{scene.problem}."
    if status == Status.UNDELIVERABLE:
        return f"{scene.channel} could not be delivered{scene.problem}."
    return f"A receipt came for {scene.channel}{scene.problem}."


def _answer_noted(scene: _Scene) -> str:
    return f"An answer to an earlier call for {scene.channel} came late and was noted{scene.problem}."


def _ready(scene: _Scene) -> str:
    over = "The stop is over" if scene.entry.reason is Reason.RESUMED else "The pause is over"
    return f"{over}: {scene.channel} may be sent again."


def _backed_off(scene: _Scene) -> str:
    because = reason_words(scene.entry.reason)
    return (
        f"{_capital(because)}, so {scene.channel} gets another try."
        if because
        else f"{scene.channel} gets another try."
    )


def _held(scene: _Scene) -> str:
    if scene.whole:
        return f"The workflow is held, because something on our side is wrong{scene.problem}."
    return f"{scene.channel} is held, because something on our side is wrong{scene.problem}."


def _put_off(scene: _Scene) -> str:
    longer = length(scene.facts.get("longer_s"))
    more = f", so it has {longer} more" if longer else ""
    why = problem_words(scene.facts)
    stopped = f"while sending was stopped{f' ({why})' if why else ''}"
    return f"The time for {scene.channel} to be taken stood still {stopped}{more}."


def _resend(scene: _Scene) -> str:
    because = reason_words(scene.entry.reason or Reason.DOUBT)
    return f"{scene.channel} is sent once more, because {because}. It may arrive twice."


def _went_on(scene: _Scene) -> str:
    target = channel_name(scene.facts.get("to_channel") or channel_at(scene.steps, scene.current))
    if target == "the message":
        target = "the next channel"
    because = reason_words(scene.entry.reason)
    step = scene.entry.step
    if scene.entry.reason is Reason.WINDOW and step is not None and 1 <= step <= len(scene.steps):
        because = f"no `{scene.steps[step - 1].condition.value}` came within its window"
    return f"It goes on from {scene.channel} to {target}{f', because {because}' if because else ''}."


def _struck_out(scene: _Scene) -> str:
    return f"{scene.channel} will not be tried, because {reason_words(Reason.SUPPRESSED)}."


def _given_up(scene: _Scene) -> str:
    return f"{scene.channel} is not tried any more{scene.problem}."


def _waiting_on(scene: _Scene) -> str:
    because = reason_words(scene.entry.reason)
    left = f"nothing else is tried, because {because}" if because else "nothing else is left to try"
    return f"{_capital(left)}. {_capital(scene.channel)} may be on its way, so its receipts are awaited."


def _republished(scene: _Scene) -> str:
    return f"The turn of {scene.channel} was not seen in the queue, so it was queued again."


def _quarantined(scene: _Scene) -> str:
    return f"A fault of ours stands in the way{scene.problem}. It is kept, and an operator can have it tried again."


def _taken_over(scene: _Scene) -> str:
    return f"The provider does not run this workflow{scene.problem}. Cascade runs the failover itself."


def _reported(scene: _Scene) -> str:
    end = "the workflow was completed" if scene.facts.get("status") == "completed" else "the workflow came to nothing"
    return f"The provider's final report: {end}."


def _too_late(_: _Scene) -> str:
    return "A cancel came, but nothing can be cancelled any more: the provider runs the workflow."


def _updated(scene: _Scene) -> str:
    status = scene.facts.get("status")
    wish = "revoked" if status == "revoked" else "marked as read" if status == "read" else "changed"
    if scene.facts.get("done"):
        return f"{scene.channel} was {wish} at the provider."
    return f"{scene.channel} could not be {wish} at the provider{scene.problem}."


def _final(scene: _Scene) -> str:
    return final(scene.entry, [step.message.channel for step in scene.steps])


def _amended(scene: _Scene) -> str:
    return amended(scene.entry, [step.message.channel for step in scene.steps])


_SENTENCES: Mapping[What, Callable[[_Scene], str]] = {
    What.ACCEPTED: _accepted,
    What.CLAIMED: _claimed,
    What.SENT: _sent,
    What.REFUSED: _refused,
    What.NOT_SENT: _not_sent,
    What.UNSURE: _unsure,
    What.RECEIPT: _receipt,
    What.ANSWER_NOTED: _answer_noted,
    What.READY: _ready,
    What.BACKED_OFF: _backed_off,
    What.HELD: _held,
    What.PUT_OFF: _put_off,
    What.RESEND: _resend,
    What.NEXT: _went_on,
    What.STRUCK_OUT: _struck_out,
    What.GIVEN_UP: _given_up,
    What.WAITING_ON: _waiting_on,
    What.REPUBLISHED: _republished,
    What.QUARANTINED: _quarantined,
    What.TAKEN_OVER: _taken_over,
    What.REPORTED: _reported,
    What.TOO_LATE: _too_late,
    What.UPDATED: _updated,
    What.FINAL: _final,
    What.AMENDED: _amended,
}


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
