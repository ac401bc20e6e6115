"""The ingress's application in one process, on a store in memory and a broker that only remembers.

The broker here is a stand-in for the port; what the real one does is shown in tests/integration/test_ingress_*.
"""

from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient

from services.ingress.app import app_of, make_house
from services.ingress.settings import IngressSettings
from shared.errors import BrokerUnavailable, StoreUnavailable, Unroutable
from shared.model import Entry
from shared.queue.envelope import OutboundMessage
from shared.queue.topology import QueueDepth
from shared.store.directory import Directory, DirectoryChange
from shared.store.opening import open_memory_store
from shared.store.port import Store
from shared.store.records import Controls, InboundRow, Stored
from shared.store.records_requests import KeyedRequest, SearchPage, SearchQuery, TakenKey
from tests.support.ingress_callers import MadeUpCaller

EPOCH = 1_790_000_000.0
"""Store time when the room is made."""


@dataclass
class TurnedClock:
    """Stands still until a test turns it."""

    at: float = 0.0

    def monotonic(self) -> float:
        return self.at


@dataclass
class RememberingBroker:
    """Confirms all it is given, unless it is away."""

    published: list[OutboundMessage] = field(default_factory=list)
    consumers: int = 1
    away: bool = False
    unroutable: bool = False
    asked: list[str] = field(default_factory=list)
    """Queues whose depth was asked for."""

    def publish(self, message: OutboundMessage) -> None:
        self._answer()
        self.published.append(message)

    def depth(self, queue: str) -> QueueDepth:
        self._answer()
        self.asked.append(queue)
        return QueueDepth(messages=0, consumers=self.consumers)

    def healthy(self) -> bool:
        return not self.away

    def _answer(self) -> None:
        if self.away:
            raise BrokerUnavailable("127.0.0.1:1: no connection in time")
        if self.unroutable:
            raise Unroutable("leads nowhere")


@dataclass
class LosableStore:
    """A store in memory that can be away."""

    inner: Store
    away: bool = False
    looks: int = 0
    purged: list[int] = field(default_factory=list)
    """How many keys each purge found."""

    def directory(self) -> Directory:
        self.looks += 1
        return self._there().directory()

    def controls(self) -> Controls:
        return self._there().controls()

    def find(self, workflow_id: str) -> Stored | None:
        return self._there().find(workflow_id)

    def timeline(self, workflow_id: str) -> tuple[Entry, ...]:
        return self._there().timeline(workflow_id)

    def find_inbound(self, provider_uuid: str) -> tuple[InboundRow, ...]:
        return self._there().find_inbound(provider_uuid)

    def search(self, query: SearchQuery) -> SearchPage:
        return self._there().search(query)

    def take_key(self, request: KeyedRequest) -> TakenKey:
        return self._there().take_key(request)

    def answer_key(self, *, tenant: str, key: str, workflow_id: str, answer: bytes) -> None:
        self._there().answer_key(tenant=tenant, key=key, workflow_id=workflow_id, answer=answer)

    def give_back_key(self, *, tenant: str, key: str, workflow_id: str) -> None:
        self._there().give_back_key(tenant=tenant, key=key, workflow_id=workflow_id)

    def purge_keys(self) -> int:
        gone = self._there().purge_keys()
        self.purged.append(gone)
        return gone

    def _there(self) -> Store:
        if self.away:
            raise StoreUnavailable("the database does not answer")
        return self.inner


class Room:
    """One application with everything around it."""

    def __init__(self, *known: MadeUpCaller | DirectoryChange, **settings: Any) -> None:
        """`settings` are fields of the ingress's own that differ from the defaults."""
        self.clock = TurnedClock()
        self.broker = RememberingBroker()
        self.rows: Store = open_memory_store(clock=lambda: self.now)
        self.store = LosableStore(self.rows)
        chosen = IngressSettings(broker_url="amqp://127.0.0.1", store_url="sqlite:///none", **settings)
        self.house = make_house(chosen, self.store, self.broker, self.clock)
        self.client: FlaskClient = app_of(self.house).test_client()
        for each in known:
            for record in each.records() if isinstance(each, MadeUpCaller) else (each,):
                self.rows.change_directory(record)

    @property
    def now(self) -> float:
        """The store's time."""
        return EPOCH + self.clock.at

    def headers(self, caller: MadeUpCaller) -> dict[str, str]:
        return {"Authorization": caller.bearer(now=self.now)}
