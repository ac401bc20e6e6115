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
from shared.wire.places import shown

REMEMBERED_S = 7 * 86_400.0
"""So long an id that carries our mark stands for an accepted request without a row (architecture 8)."""
AHEAD_S = 65.0
"""An id may be made of the time in a token, which may lie a minute ahead."""
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


def canonical(text: str) -> str:
    """Return a UUID as we write them. Raises RefusedError 404 where the text is none."""
    lower = text.lower()
    if not _UUID.fullmatch(lower):
        raise unknown("malformed_id", text)
    return lower


def look_up(here: House, caller: Caller, text: str, *, message: bool | None) -> Found:
    """Return what the id of a message (`message`), of a workflow (False), or of either (None) stands for.

    Raises RefusedError 404, StoreUnavailable.
    """
    workflow_id, step = ids.split_message_uuid(canonical(text))
    if message is not None and message != (step > 0):
        raise unknown("id_of_another_kind", text)
    stored = here.store.find(workflow_id)
    if stored is None:
        if step > MOST_STEPS or not _accepted_before_long(here, caller, workflow_id):
            raise unknown("unknown_id", text)
    elif stored.workflow.tenant != caller.tenant:
        raise unknown("of_another_tenant", text)
    elif step > len(stored.workflow.steps):
        raise unknown("no_such_step", text)
    note(workflow_id=workflow_id)
    return Found(workflow_id=workflow_id, step=step or None, stored=stored)


def unknown(why: str, text: str) -> RefusedError:
    """Return the one answer to an id that is not the caller's, whatever the reason."""
    return RefusedError(404, why=why, detail=f"There is no message or workflow of yours with the id {shown(text)}.")


def _accepted_before_long(here: House, caller: Caller, workflow_id: str) -> bool:
    age_s = here.store_time.now() - ids.seconds_inside(workflow_id)
    secret = here.known.current().directory.deployment_secret
    return -AHEAD_S <= age_s < REMEMBERED_S and ids.carries_mark(workflow_id, tenant=caller.tenant, secret=secret)
