"""What the provider said of a message: a receipt, a problem, and what a code asks for. Pure data.

`shared.model` gives these on with the other nouns; import them from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.words import CodeClass, Scope, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong, in the provider's words (or ours, where no answer came)."""

    code: str
    """The provider's code ("1330"), an HTTP status ("422"), or a word of ours ("timeout")."""
    title: str
    detail: str = ""
    type: str = ""
    """URI of an RFC 9457 problem; empty where there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMeaning:
    """What a code means for the workflow that meets it."""

    code_class: CodeClass
    scope: Scope | None = None
    """Of a `FAULT`: how far its stop reaches. None for every other class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A verified status webhook about one attempt."""

    status: Status
    problem: Problem | None = None
    """Only with a negative status; None where the provider named no code."""
    provider_uuid: str | None = None
    price: str | None = None
    """The charge so far for this message as a decimal string, None where not told."""
    currency: str | None = None
    timestamp: str | None = None
    """The provider's time of the event, passed on as it came; never used for order."""
    extras: Mapping[str, object] = field(default_factory=dict)
    """Members of the webhook that callers parse and we don't (network, parts, prices); told on, and kept nowhere."""
