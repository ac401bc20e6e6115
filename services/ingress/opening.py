"""A store that is opened when it is first asked, and again until it opens.

An ingress that starts while its database is away, or before its schema is made, stays up and says in /readyz what is
missing, instead of dying again and again. It also keeps connections out of the process that forks.
"""

from __future__ import annotations

import threading

from services.ingress.ports import IngressStore
from shared.errors import ConfigError, StoreUnavailable
from shared.model import Entry
from shared.store.directory import Directory
from shared.store.opening import open_store
from shared.store.port import Store
from shared.store.records import Controls, InboundRow, Stored
from shared.store.records_requests import KeyedRequest, SearchPage, SearchQuery, TakenKey


class OpeningStore(IngressStore):
    """The questions of the ingress, asked of the store at a URL."""

    def __init__(self, url: str) -> None:
        """Connect to nothing yet."""
        self._url = url
        self._opening = threading.Lock()
        self._store: Store | None = None

    def directory(self) -> Directory:
        """See the port."""
        return self._opened().directory()

    def controls(self) -> Controls:
        """See the port."""
        return self._opened().controls()

    def find(self, workflow_id: str) -> Stored | None:
        """See the port."""
        return self._opened().find(workflow_id)

    def timeline(self, workflow_id: str) -> tuple[Entry, ...]:
        """See the port."""
        return self._opened().timeline(workflow_id)

    def find_inbound(self, provider_uuid: str) -> tuple[InboundRow, ...]:
        """See the port."""
        return self._opened().find_inbound(provider_uuid)

    def search(self, query: SearchQuery) -> SearchPage:
        """See the port."""
        return self._opened().search(query)

    def take_key(self, request: KeyedRequest) -> TakenKey:
        """See the port."""
        return self._opened().take_key(request)

    def answer_key(self, *, tenant: str, key: str, workflow_id: str, answer: bytes) -> None:
        """See the port."""
        self._opened().answer_key(tenant=tenant, key=key, workflow_id=workflow_id, answer=answer)

    def give_back_key(self, *, tenant: str, key: str, workflow_id: str) -> None:
        """See the port."""
        self._opened().give_back_key(tenant=tenant, key=key, workflow_id=workflow_id)

    def purge_keys(self) -> int:
        """See the port."""
        return self._opened().purge_keys()

    def close(self) -> None:
        """Give back connections."""
        with self._opening:
            if self._store is not None:
                self._store.close()
                self._store = None

    def _opened(self) -> Store:
        store = self._store
        if store is not None:
            return store
        with self._opening:
            if self._store is None:
                try:
                    self._store = open_store(self._url)
                except ConfigError as error:  # its schema is not made yet: a person, or an init container, will
                    raise StoreUnavailable(str(error)) from error
            return self._store
