"""A workflow that the provider runs: its items, and what is known of them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from services.sandbox.clock import written
from services.sandbox.credentials import Caller
from services.sandbox.drafts import Draft
from services.sandbox.records import Message, Sending
from services.sandbox.scripts import NEGATIVE

_RANKS: Final = ("submitted", "delivered", "read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One message of a workflow. `expiry_s` None = it has no timer; `condition` None = any success will do."""

    draft: Draft
    expiry_s: float | None = None
    condition: str | None = None


@dataclass(slots=True, kw_only=True)
class Run:
    """A workflow. What changes is changed under the engine's lock; `at` is the index of the current item."""

    workflow_id: str
    generation: str
    caller: Caller
    items: tuple[Item, ...]
    reports: int
    began_s: float
    uuids: tuple[str, ...]
    at: int = 0
    state: Literal["running", "completed", "error"] = "running"
    sent: list[Message] = field(default_factory=list)
    last: dict[str, str] = field(default_factory=dict)
    best: dict[str, str] = field(default_factory=dict)
    report_sendings: list[Sending] = field(default_factory=list)

    def shown(self) -> dict[str, object]:
        return {
            "workflow_id": self.workflow_id,
            "generation": self.generation,
            "began_at": written(self.began_s),
            "state": self.state,
            "item": self.at + 1,
            "items": len(self.items),
            "messages": [
                {
                    "message_uuid": message.message_uuid,
                    "channel": message.channel,
                    "to": message.to,
                    "status": self.last.get(message.message_uuid),
                }
                for message in self.sent
            ],
            "reports": [sending.shown() for sending in self.report_sendings],
        }


def new_run(
    workflow_id: str, generation: str, caller: Caller, items: Sequence[Item], reports: int, now_s: float
) -> Run:
    """Make a workflow that has not begun."""
    return Run(
        workflow_id=workflow_id,
        generation=generation,
        caller=caller,
        items=tuple(items),
        reports=reports,
        began_s=now_s,
        uuids=tuple(str(uuid.uuid4()) for _ in items),
    )


def note_status(run: Run, message_uuid: str, status: str) -> None:
    """Keep what is best known of an item, and what was told last unless that says less."""
    if status in NEGATIVE:
        if run.best.get(message_uuid, "submitted") == "submitted":
            run.last[message_uuid] = status
        return
    if message_uuid not in run.best or _RANKS.index(status) > _RANKS.index(run.best[message_uuid]):
        run.best[message_uuid] = run.last[message_uuid] = status


def meets(condition: str | None, status: str) -> bool:
    """Whether a status that is not negative is what an item waits for; None = any success."""
    return _RANKS.index(status) >= _RANKS.index(condition or "delivered")
