"""What must be true at the end of every run, whatever happened on the way (semantics 1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from shared.ids import event_id
from shared.model import Entry, Reason, State, What, Workflow
from shared.queue import envelope
from shared.queue.topology import DEAD
from shared.wire.announcements import read_event
from tests.simulation.process import START_DELAY_S
from tests.simulation.rabbit import Published
from tests.simulation.world import World


def faults(world: World, *, came_to_rest: bool) -> list[str]:
    """Return one sentence for each promise that was broken."""
    if not came_to_rest:
        stuck = [key for key in world.started if not _final(world, key)]
        return [f"did not come to rest; not final: {stuck}"]
    found = list(_at_large(world))
    for workflow_id in world.started:
        stored = world.store.find(workflow_id)
        if stored is None:
            found.append(f"{workflow_id}: accepted and lost")
            continue
        journal = world.store.timeline(workflow_id)
        found += [f"{workflow_id}: {fault}" for fault in _of_one(world, stored.workflow, journal)]
    return found


LONGEST_TURN_S = 180.0
"""Once nothing stops it and no process dies: the reconciler finds a lost message within two of its minutes."""


def _at_large(world: World) -> Iterator[str]:
    if world.longest_turn_s > LONGEST_TURN_S:
        yield f"a row was ready for {world.longest_turn_s:.0f} s with no stop over it"
    known = sum(world.store.snapshot().by_state.values())
    if known != len(world.started):
        yield f"{known} workflows for {len(world.started)} accepted"
    for message in world.rabbit.queues[DEAD]:
        yield f"dead letter: {message.headers.get(envelope.DEAD_REASON)} {message.headers.get(envelope.DEAD_DETAIL)}"
    told = {message.message_id for message in world.rabbit.unbound if message.type == envelope.EVENT}
    meant = {
        event_id(workflow_id, entry.sequence): entry.event
        for workflow_id in world.started
        for entry in world.store.timeline(workflow_id)
        if entry.event is not None
    }
    for id_, name in meant.items():
        if id_ not in told:
            yield f"the event {name} was never told"
    unexpected = [
        message for message in world.rabbit.unbound if _of_a_workflow(message) and message.message_id not in meant
    ]
    if unexpected:
        yield f"{len(unexpected)} events that no journal explains"


def _of_a_workflow(message: Published) -> bool:
    return message.type == envelope.EVENT and read_event(message.body).workflow_id is not None


def _of_one(world: World, workflow: Workflow, journal: tuple[Entry, ...]) -> Iterator[str]:
    if workflow.state is not State.FINAL or workflow.outcome is None:
        yield f"is {workflow.state}, not final"
    if [entry.sequence for entry in journal] != list(range(1, len(journal) + 1)):
        yield "its journal has gaps"
    if sum(entry.what is What.FINAL for entry in journal) != 1:
        yield "it did not end exactly once"
    yield from _order(journal)
    yield from _calls(world, workflow, journal)
    yield from _truth(world, workflow)
    yield from _whole(world, workflow, journal)


def _order(journal: tuple[Entry, ...]) -> Iterator[str]:
    """Step k+1 is claimed only after a committed reason at step k, and nothing is claimed after the end."""
    current, ended = 1, False
    for entry in journal:
        if entry.what is What.NEXT:
            current = int(str(entry.facts["to_step"]))
        if entry.what is What.FINAL:
            ended = True
        if entry.what is What.CLAIMED and ended:
            yield f"claimed after its end: entry {entry.sequence}"
        if entry.what is What.CLAIMED and entry.step != current:
            yield f"step {entry.step} was claimed while {current} was current"


def _calls(world: World, workflow: Workflow, journal: tuple[Entry, ...]) -> Iterator[str]:
    """At most one message for each attempt, and another attempt only after a rejection or as the one re-send."""
    mine = [taken for taken in world.provider.taken if taken.workflow_id == workflow.workflow_id]
    for (step, attempt), count in Counter((taken.step, taken.attempt) for taken in mine).items():
        if count > 1:
            yield f"step {step} attempt {attempt} was taken {count} times"
    for step, count in Counter(taken.step for taken in mine).items():
        resends = sum(entry.what is What.RESEND and entry.step == step for entry in journal)
        if resends > 1:
            yield f"step {step} was re-sent {resends} times"
        if count > 1 + resends + world.provider.negatives[workflow.workflow_id, step]:
            yield f"step {step} was taken {count} times with {resends} re-sends"
    if any(taken.claim_age_s > START_DELAY_S for taken in mine):
        yield "a call left more than 5 s after its claim"
    known = {attempt.number for step in workflow.steps for attempt in step.attempts}
    if any(taken.attempt not in known for taken in mine):
        yield "the provider took an attempt that the row does not know"
    for entry in journal:
        if entry.what is What.NEXT and entry.reason is Reason.WINDOW:
            left = [taken.at for taken in mine if taken.step == entry.step]
            window = workflow.steps[(entry.step or 1) - 1].expiry_time or 0
            if left and entry.at - 1_800_000_000.0 < min(left) + window - 0.001:
                yield f"the window of step {entry.step} ended early"


def _whole(world: World, workflow: Workflow, journal: tuple[Entry, ...]) -> Iterator[str]:
    """What was handed over is handed over once, and never taken over; what was refused is said to be."""
    wholes = world.provider.wholes
    count = wholes.taken[workflow.workflow_id]
    taken_over = any(entry.what is What.TAKEN_OVER for entry in journal)
    if count > 1:
        yield f"it was handed over {count} times"
    if count and taken_over:
        yield "the provider runs it, and so do we"
    if count and any(taken.workflow_id == workflow.workflow_id for taken in world.provider.taken):
        yield "the provider runs it, and a step was sent by itself"
    if workflow.run_by_provider and any(entry.what in (What.NEXT, What.RESEND) for entry in journal):
        yield "we decided what the provider decides"


def _truth(world: World, workflow: Workflow) -> Iterator[str]:
    """Who says delivered must have been told so; who was told so in time, or at all, must know it in the end."""
    delivered = world.provider.delivered | world.provider.wholes.delivered
    told = {step for workflow_id, step in delivered if workflow_id == workflow.workflow_id}
    for step in workflow.reached:
        if step not in told:
            yield f"step {step} is said to be reached, and the provider never said so"
    by_reference = world.provider.delivered_by_reference | world.provider.wholes.delivered_by_reference
    surely = {step for workflow_id, step in by_reference if workflow_id == workflow.workflow_id}
    missing = surely - set(workflow.reached)
    if missing:
        yield f"steps {sorted(missing)} were delivered, and the row does not know"


def _final(world: World, workflow_id: str) -> bool:
    stored = world.store.find(workflow_id)
    return stored is not None and stored.workflow.state is State.FINAL
