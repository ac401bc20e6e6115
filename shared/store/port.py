"""What a store promises. One contract suite (tests/contract) runs on every implementation.

Every method is one transaction, commits before it returns, and raises `StoreUnavailable` when it can't: the same call
may be made again. What a method writes is written whole or not at all; what can't be written for a reason in itself
raises `CommitFailed`.
Rows that callers hand in and get back are the frozen records of this file and `shared.store.records`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from shared.model import Entry, Stop
from shared.store.directory import Directory, DirectoryChange
from shared.store.records import (
    AttemptRow,
    Backlog,
    Batch,
    CallbackAnswer,
    CallbackRow,
    Committed,
    Controls,
    DispatcherRow,
    InboundRow,
    OutboxRow,
    ParkedReceipt,
    Snapshot,
    Stored,
    Turn,
)
from shared.store.records_requests import KeyedRequest, SearchPage, SearchQuery, TakenKey

FORGOTTEN_AFTER_S = 86_400.0
"""A dispatcher not seen for this long before another's heartbeat is no longer listed."""


RETAKEN_AFTER_S = 30.0
"""A key that was taken so long ago and has no answer: whoever took it is gone."""
KEPT_S = 86_400.0
"""So long a key stands for its request."""


class WorkStore(Protocol):
    """What the engine's turn needs: load, commit, timers."""

    def now(self) -> float:
        """Return the store's time, seconds since the epoch: the only clock that decides."""

    def load(self, workflow_ids: Collection[str], provider_uuids: Collection[str] = ()) -> Turn:
        """Read everything a turn needs at one moment, with the store's time.

        `provider_uuids` are looked up in the attempts; the workflows they lead to are loaded too.
        Rows of a newer schema number are left out and named in `Turn.newer`; rows of ours that can't be read
        are left out and named in `Turn.unreadable`.
        """

    def commit(self, batch: Batch) -> Committed:
        """Write a batch in one transaction; tell which changes lost and the row ids the outbox got.

        `Committed.outbox_ids` are in the order: outbox of each won change in the order given, then `batch.outbox`.

        Rows are written in id order by compare-and-set on (id, version). A change whose version is not the stored
        one, or an insert whose id is there, is lost: nothing of it is written, everything else is. Lost is also a
        tombstone whose workflow is there, and an insert that is not final while its tombstone is there: of a start
        and a cancel that meet on two dispatchers, the later one is decided again.
        A change takes its row out of quarantine. `made_at` of outbox rows, and of callbacks and attempts that have
        none, becomes the store's time.
        Raises CommitFailed, with nothing written, where the content can't be: entries that do not end at the
        workflow's `sequence` or are there already, no `wake_at` before the end, values that are no JSON.
        """

    def due(self, *, now: float, read_to: float, limit: int, seed: int) -> tuple[str, ...]:
        """Return ids with `wake_at <= read_to` or `wake_ungated_at <= now`, from a random place of the due range.

        `seed` chooses the place among the oldest thousand or so. At most `limit`. Rows of a newer schema number and
        rows in quarantine are not among them.
        """

    def quarantine(self, workflow_id: str, *, until: float, error: str) -> None:
        """Leave the row alone until then; a journal entry says why. A row that is not there is nothing.

        Both wake times move to `until` where they were earlier; of a `ready` row they are `until` in any case, since
        its message is gone and nothing else would look at it then. The version goes up, so what was decided on the
        row before is lost. Works on rows that can't be read, too.
        """


class OutboxStore(Protocol):
    """Messages that must leave because a transaction said so."""

    def outbox_of_others(self, *, now: float, older_than_s: float, limit: int) -> tuple[OutboxRow, ...]:
        """Return rows made more than `older_than_s` ago, oldest first: they belong to anyone."""

    def outbox_sent(self, row_ids: Collection[int]) -> None:
        """Delete rows whose publish was confirmed; ids that are gone are nothing."""

    def outbox_count(self) -> int:
        """Return how many rows wait."""


class CallbackStore(Protocol):
    """Deliveries to the callers' own addresses; they stay as a log after they are done."""

    def take_callbacks(self, *, now: float, lease_s: float, limit: int) -> tuple[CallbackRow, ...]:
        """Take due deliveries, oldest first; nobody else gets them until `now + lease_s`.

        The rows come back as taken: `next_at` is the end of the lease, `attempts` counts the answers before this try.
        """

    def settle_callback(self, callback_id: str, answer: CallbackAnswer) -> None:
        """Record an answer, count the try, and tell when it is tried again (None: done or given up).

        A delivered one stays delivered, whatever a slower taker says later. An id that is not there is nothing.
        """

    def callbacks_of(self, workflow_id: str) -> tuple[CallbackRow, ...]:
        """Return the delivery log of a workflow in the order of making."""

    def callback(self, callback_id: str) -> CallbackRow | None:
        """Return one delivery, None where it is not there."""

    def failed_callbacks(
        self, *, since: float, limit: int, tenant: str | None = None, given_up: bool = True
    ) -> tuple[CallbackRow, ...]:
        """Return deliveries made since then that did not arrive, oldest first: those given up, or those tried again.

        `tenant` None: all tenants'.
        """

    def send_callback_again(self, callback_id: str, *, now: float) -> bool:
        """Make a delivery due at once, as if it were made now; False where it is not there.

        So it is tried for another day. One that was delivered stays so, and is tried once more.
        """

    def recover_callbacks(self, *, since: float, now: float, tenant: str | None = None) -> int:
        """Do the same with all that were made since then and given up; return how many."""


class ReceiptStore(Protocol):
    """Webhooks that match nothing yet, and inbound messages."""

    def due_parked(self, *, now: float, limit: int) -> tuple[ParkedReceipt, ...]:
        """Return parked receipts whose next try is due."""

    def count_orphans(self) -> int:
        """Return how many parked receipts were given up and are kept."""

    def purge_parked(self, *, now: float, keep_at_most: int = 10_000) -> int:
        """Delete parked receipts past their keeping time, and the oldest above the cap; returns how many."""


class ControlStore(Protocol):
    """Pauses, stops, the receipts watermark: read by every dispatcher at least every second."""

    def controls(self) -> Controls:
        """Return all controls with the store's time."""

    def put_stop(self, stop: Stop) -> None:
        """Write a stop; one with the same key is replaced, keeping the earlier `since`.

        It also keeps the greater `probe_count` with its `probe_at`, so that a late failure of an old call does not
        begin the probes' doubling anew.
        """

    def lift_stop(self, key: str) -> Stop | None:
        """Remove a stop and return it; None where there was none."""

    def take_probe(self, key: str, *, probe_count: int, next_probe_at: float) -> bool:
        """Claim the one probe of a stop by compare-and-set on `probe_count`; False where another has it."""


class DirectoryStore(Protocol):
    """Who may call, and whom we call: small tables, read whole and cached by their readers."""

    def directory(self) -> Directory:
        """Return tenants, applications, keys, publishers, accounts, routes and the deployment's secret."""

    def change_directory(self, change: DirectoryChange) -> None:
        """Add or replace one record. Raises NotStored where it names a record that is not there.

        Identity: the name of an account or tenant, the id of an application, the api_key, the broker user, and of a
        route its (tenant, channel, sender). A key keeps the `made_at` with which it was first put.
        """


class QueryStore(Protocol):
    """Reading back: what the ingress shows."""

    def find(self, workflow_id: str) -> Stored | None:
        """Return a workflow, None where it is not there.

        Raises StoreUnavailable where a newer program wrote it in a way this one can't read.
        """

    def timeline(self, workflow_id: str) -> tuple[Entry, ...]:
        """Return the journal of a workflow in order."""

    def attempts_of(self, workflow_id: str) -> tuple[AttemptRow, ...]:
        """Return the attempts of a workflow in order."""

    def has_tombstone(self, workflow_id: str) -> bool:
        """Tell whether a cancel came before the start."""

    def find_inbound(self, provider_uuid: str) -> tuple[InboundRow, ...]:
        """Return the inbound messages of that id, by account; at most one of each."""

    def search(self, query: SearchQuery) -> SearchPage:
        """Return the workflows that a query speaks of, newest first, at most `limit`.

        Pages are stable: what is accepted meanwhile is newer than all of them.
        """


class KeyStore(Protocol):
    """Keys under which callers repeat a request (`Idempotency-Key`). The ingress writes them, and nobody else."""

    def take_key(self, request: KeyedRequest) -> TakenKey:
        """Write a key that is new; tell what an old one stands for.

        One that was taken and never answered is taken over after `RETAKEN_AFTER_S`; one older than `KEPT_S` is
        forgotten.
        """

    def answer_key(self, *, tenant: str, key: str, workflow_id: str, answer: bytes) -> None:
        """Keep the answer; nothing where the key stands for another workflow by now."""

    def give_back_key(self, *, tenant: str, key: str, workflow_id: str) -> None:
        """Let the next one who asks take over at once: this attempt has ended without an answer."""

    def purge_keys(self) -> int:
        """Delete keys older than `KEPT_S`; returns how many."""


class UpkeepStore(Protocol):
    """What the reconciler, the fleet and the doctor look at."""

    def ready_since(
        self, *, channel: str, before: float, limit: int, but_under: Collection[Stop] = ()
    ) -> tuple[str, ...]:
        """Return ids of `ready` rows of a channel that became ready before then, oldest first.

        A row becomes ready when it enters the state, when another step's turn comes, and when the reconciler
        publishes its message again (an entry `republished`). Rows in quarantine are not among them, nor
        those that a stop of `but_under` covers.
        """

    def in_state(self, states: Collection[str], *, stop: Stop, limit: int, after: str = "") -> tuple[str, ...]:
        """Return ids in one of these states whose current step the stop covers, in id order after `after`."""

    def backlog(self) -> Backlog:
        """Return ages and counts of what waits, with the store's time."""

    def heartbeat(self, row: DispatcherRow) -> None:
        """Write that a dispatcher lives; those not seen for a day before that are forgotten."""

    def dispatchers(self) -> tuple[DispatcherRow, ...]:
        """Return all known dispatchers."""

    def snapshot(self) -> Snapshot:
        """Return counts by state and outcome, for the doctor and the demo."""


class Store(
    WorkStore,
    OutboxStore,
    CallbackStore,
    ReceiptStore,
    ControlStore,
    DirectoryStore,
    QueryStore,
    KeyStore,
    UpkeepStore,
    Protocol,
):
    """The whole port."""

    def close(self) -> None:
        """Give back connections; the store can't be used afterwards."""
