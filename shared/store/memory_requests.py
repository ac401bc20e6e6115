"""Searches, and the keys of repeated requests, in memory."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock

from shared.model import Workflow
from shared.store.memory_query import stored_of
from shared.store.memory_state import Clock, KeptKey, MemoryState
from shared.store.port import KEPT_S, RETAKEN_AFTER_S
from shared.store.records import InboundRow
from shared.store.records_requests import KeyedRequest, KeyState, SearchPage, SearchQuery, TakenKey


class MemoryRequests:
    """See `QueryStore` and `KeyStore`."""

    _state: MemoryState
    _lock: Lock
    _clock: Clock

    def find_inbound(self, provider_uuid: str) -> tuple[InboundRow, ...]:
        """See the port."""
        with self._lock:
            found = [row for row in self._state.inbound.values() if row.provider_uuid == provider_uuid]
        return tuple(sorted(found, key=lambda row: row.account))

    def search(self, query: SearchQuery) -> SearchPage:
        """See the port."""
        with self._lock:
            found = [
                ((kept.workflow.accepted_at, each), kept)
                for each, kept in self._state.workflows.items()
                if _matches(kept.workflow, query)
            ]
        found.sort(key=lambda pair: pair[0], reverse=True)
        rest = found[query.limit :]
        return SearchPage(
            workflows=tuple(stored_of(kept) for _, kept in found[: query.limit]),
            next=rest[0][0] if rest else None,
        )

    def take_key(self, request: KeyedRequest) -> TakenKey:
        """See the port."""
        at = (request.tenant, request.key)
        with self._lock:
            now, kept = self._clock(), self._state.request_keys.get(at)
            if kept is None or kept.made_at <= now - KEPT_S:
                self._state.request_keys[at] = KeptKey(request=request, made_at=now, taken_at=now)
                return TakenKey(state=KeyState.TAKEN, workflow_id=request.workflow_id)
            workflow_id = kept.request.workflow_id
            if kept.request.fingerprint != request.fingerprint:
                return TakenKey(state=KeyState.OTHER, workflow_id=workflow_id)
            if kept.answer is not None:
                return TakenKey(state=KeyState.ANSWERED, workflow_id=workflow_id, answer=kept.answer)
            if kept.taken_at > now - RETAKEN_AFTER_S:
                return TakenKey(state=KeyState.BUSY, workflow_id=workflow_id)
            self._state.request_keys[at] = replace(kept, taken_at=now)
            return TakenKey(state=KeyState.TAKEN, workflow_id=workflow_id)

    def answer_key(self, *, tenant: str, key: str, workflow_id: str, answer: bytes) -> None:
        """See the port."""
        with self._lock:
            kept = self._state.request_keys.get((tenant, key))
            if kept is not None and kept.request.workflow_id == workflow_id:
                self._state.request_keys[tenant, key] = replace(kept, answer=answer)

    def give_back_key(self, *, tenant: str, key: str, workflow_id: str) -> None:
        """See the port."""
        with self._lock:
            kept = self._state.request_keys.get((tenant, key))
            if kept is not None and kept.request.workflow_id == workflow_id:
                self._state.request_keys[tenant, key] = replace(kept, taken_at=0.0)

    def purge_keys(self) -> int:
        """See the port."""
        with self._lock:
            old = self._clock() - KEPT_S
            gone = [at for at, kept in self._state.request_keys.items() if kept.made_at <= old]
            for at in gone:
                del self._state.request_keys[at]
            return len(gone)


def _matches(workflow: Workflow, query: SearchQuery) -> bool:
    position = (workflow.accepted_at, workflow.workflow_id)
    return (
        workflow.tenant == query.tenant
        and (query.recipient is None or any(step.message.recipient == query.recipient for step in workflow.steps))
        and (query.client_ref is None or any(step.client_ref == query.client_ref for step in workflow.steps))
        and query.state in (None, workflow.state.value)
        and (query.outcome is None or (workflow.outcome is not None and workflow.outcome.value == query.outcome))
        and (query.from_time is None or workflow.accepted_at >= query.from_time)
        and (query.to_time is None or workflow.accepted_at < query.to_time)
        and (query.upto is None or position <= query.upto)
    )
