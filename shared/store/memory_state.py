"""What a store in memory holds. All records are frozen, so a copy of the dictionaries is a copy of everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace

from shared.model import Entry, Stop, Workflow
from shared.store.directory import Account, ApiKey, Application, Publisher, Route, Tenant
from shared.store.records import (
    AttemptRow,
    CallbackRow,
    DispatcherRow,
    InboundRow,
    OutboxRow,
    ParkedReceipt,
    Suppression,
    Tombstone,
)
from shared.store.records_requests import KeyedRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A workflow's row."""

    workflow: Workflow
    version: int
    account: str
    wake_at: float | None
    wake_ungated_at: float | None
    ready_since: float | None
    quarantined_until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptKey:
    """The row of a key."""

    request: KeyedRequest
    made_at: float
    taken_at: float
    answer: bytes | None = None


@dataclass(slots=True, kw_only=True)
class MemoryState:
    """All tables."""

    workflows: dict[str, Kept] = field(default_factory=dict)
    journal: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    attempts: dict[str, AttemptRow] = field(default_factory=dict)
    references: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """References of a workflow's attempts."""
    by_provider_uuid: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """References by the provider's uuid."""
    outbox: dict[int, OutboxRow] = field(default_factory=dict)
    callbacks: dict[str, CallbackRow] = field(default_factory=dict)
    parked: dict[str, ParkedReceipt] = field(default_factory=dict)
    inbound: dict[tuple[str, str], InboundRow] = field(default_factory=dict)
    tombstones: dict[str, Tombstone] = field(default_factory=dict)
    suppressions: dict[tuple[str, str], Suppression] = field(default_factory=dict)
    request_keys: dict[tuple[str, str], KeptKey] = field(default_factory=dict)
    """By tenant and key."""
    stops: dict[str, Stop] = field(default_factory=dict)
    dispatchers: dict[str, DispatcherRow] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    routes: dict[tuple[str, str, str], Route] = field(default_factory=dict)
    tenants: dict[str, Tenant] = field(default_factory=dict)
    applications: dict[str, Application] = field(default_factory=dict)
    keys: dict[str, ApiKey] = field(default_factory=dict)
    publishers: dict[str, Publisher] = field(default_factory=dict)
    read_to: float = 0.0
    last_row_id: int = 0

    def copy(self) -> MemoryState:
        """Return the same state, independent of this one."""
        copied = replace(self)
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, dict):
                setattr(copied, each.name, dict(value))
        return copied


Clock = Callable[[], float]
