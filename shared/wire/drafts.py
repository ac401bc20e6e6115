"""What was read from a request, before ids, time and defaults make a workflow of it."""

from __future__ import annotations

from dataclasses import dataclass

from shared.model import Delivery, Engine, Message, Priority, Status, WhenStopped


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDraft:
    """One message of a request in the v1 form, with what was said for it alone."""

    message: Message
    client_ref: str | None = None
    webhook_url: str | None = None
    webhook_version: str | None = None
    expiry_time: int | None = None
    """Seconds; None for a last or windowless step."""
    condition: Status = Status.DELIVERED
    align_ttl: bool | None = None
    """None: not said."""
    person: str | None = None
    """None: not said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestWords:
    """Cascade's own words for the whole request; None stands for what was not said."""

    valid_for: int | None = None
    final_receipt_time: int | None = None
    delivery: Delivery | None = None
    when_stopped: WhenStopped | None = None
    priority: Priority | None = None
    engine: Engine | None = None
    person: str | None = None
    align_ttl: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a generation's reader makes of a body."""

    steps: tuple[StepDraft, ...]
    words: RequestWords
