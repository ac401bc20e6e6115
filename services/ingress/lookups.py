"""Find what an id of a caller's stands for: a row of its own tenant, or a request whose row is not there yet.

Another tenant's, an unknown and a misspelled id are all the same 404, so that nobody learns what others have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.ingress.callers import Caller
from services.ingress.house import House
from services.ingress.refusals import RefusedError
from services.ingress.traces import note
from shared import ids
from shared.store.records import Stored

REMEMBERED_S = 7 * 86_400.0
"""So long an id that carries our mark stands for an accepted request without a row (architecture 8)."""
AHEAD_S = 60.0
MOST_STEPS = 10
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A workflow of the caller's."""

    workflow_id: str
    step: int | None
    """The message's number; None where the workflow was asked for."""
    stored: Stored | None
    """None: in the broker, no row yet."""


def look_up(here: House, caller: Caller, text: str, *, message: bool) -> Found:
    """Return what the id of a message, or of a workflow, stands for. Raises RefusedError 404, StoreUnavailable."""
    canonical = text.lower()
    if not _UUID.fullmatch(canonical):
        raise _unknown("malformed_id")
    workflow_id, step = ids.split_message_uuid(canonical)
    if message != (step > 0):
        raise _unknown("id_of_another_kind")
    stored = here.store.find(workflow_id)
    if stored is None:
        if step > MOST_STEPS or not _accepted_before_long(here, caller, workflow_id):
            raise _unknown("unknown_id")
    elif stored.workflow.tenant != caller.tenant:
        raise _unknown("of_another_tenant")
    elif step > len(stored.workflow.steps):
        raise _unknown("no_such_step")
    note(workflow_id=workflow_id)
    return Found(workflow_id=workflow_id, step=step or None, stored=stored)


def _accepted_before_long(here: House, caller: Caller, workflow_id: str) -> bool:
    age_s = here.store_time.now() - ids.seconds_inside(workflow_id)
    secret = here.known.current().directory.deployment_secret
    return -AHEAD_S <= age_s < REMEMBERED_S and ids.carries_mark(workflow_id, tenant=caller.tenant, secret=secret)


def _unknown(why: str) -> RefusedError:
    return RefusedError(404, why=why, detail="There is no message or workflow with this id.")
