"""Send the demo's workflows, watch them end, and cancel those that are to be cancelled."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from services.cli.client import IngressClient, Refused
from services.cli.demo_plan import Planned, body_of
from services.cli.demo_steps import ending_line
from shared.errors import CascadeError, StoreUnavailable
from shared.ids import queued_workflow_id, split_message_uuid
from shared.model import State, Workflow
from shared.queue.envelope import WORKFLOW_V0_1, OutboundMessage
from shared.queue.publisher import Publisher
from shared.queue.topology import SENDS
from shared.store.port import Store

CONFLICT = 409


class QueueSender:
    """Publishes straight to `cascade.sends`, as another system would: its own broker user, its own ids."""

    def __init__(self, url: str, *, user: str, tenant: str) -> None:
        self._publisher = Publisher(url, name="cascade demo")
        self._user, self._tenant = user, tenant

    def send(self, mark: str, body: object) -> str:
        """Publish with a confirm and return the workflow's id. Raises BrokerUnavailable."""
        self._publisher.publish(
            OutboundMessage(
                exchange=SENDS,
                routing_key=WORKFLOW_V0_1,
                type=WORKFLOW_V0_1,
                message_id=mark,
                body=json.dumps(body).encode(),
                user_id=self._user,
            )
        )
        return queued_workflow_id(tenant=self._tenant, message_id=mark)

    def close(self) -> None:
        """Give back its connection."""
        self._publisher.close()


class Stage:
    """Everything that was sent, and how it stands. Nothing is sent twice from here: a 503 is told, not repeated."""

    def __init__(self, *, client: IngressClient, queue: QueueSender, store: Store, say: Callable[[str], None]) -> None:
        self._client, self._queue, self._store, self._say = client, queue, store, say
        self.accepted: dict[str, Planned] = {}
        """By workflow id, in the order of sending."""
        self.not_accepted: list[str] = []
        """A sentence for each request that was answered otherwise than 202."""
        self._open: set[str] = set()
        self._to_cancel: set[str] = set()

    @property
    def open_count(self) -> int:
        """How many have not ended."""
        return len(self._open)

    def send(self, planned: Planned) -> str | None:
        """Send one; return its workflow id, None where it was not accepted."""
        try:
            workflow_id = self._accepted_id(planned)
        except CascadeError as error:
            self.not_accepted.append(f"[{planned.mark}] {error}")
            self._say(f"  {_now()}  [{planned.mark}] {planned.kind.name:<33} not accepted: {error}")
            return None
        self.accepted[workflow_id] = planned
        self._open.add(workflow_id)
        if planned.kind.cancelled:
            self._to_cancel.add(workflow_id)
        return workflow_id

    def watch(self) -> None:
        """Look at all that have not ended: tell who has, cancel who waits and is to be cancelled."""
        for workflow_id, workflow in self.look(self._open).items():
            planned = self.accepted[workflow_id]
            if workflow.state is State.FINAL:
                self._open.discard(workflow_id)
                self._say(f"  {_now()}  [{planned.mark}] {planned.kind.name:<33} {ending_line(workflow)}")
            elif workflow_id in self._to_cancel and workflow.state is State.WAITING:
                self._to_cancel.discard(workflow_id)
                self._cancel(workflow_id)

    def look(self, workflow_ids: set[str]) -> dict[str, Workflow]:
        """Return the rows of these workflows, read at one moment; those that are still in the broker have none."""
        try:
            turn = self._store.load(workflow_ids)
        except StoreUnavailable:
            return {}  # a locked database for a moment: the next look tells
        return {workflow_id: stored.workflow for workflow_id, stored in turn.workflows.items()}

    def open_rows(self) -> dict[str, Workflow]:
        """Return the rows of all that have not ended."""
        return self.look(self._open)

    def _accepted_id(self, planned: Planned) -> str:
        body = body_of(planned)
        if planned.via == "cascade.sends":
            return self._queue.send(planned.mark, body)
        return _workflow_id(self._client.post(planned.via, body))

    def _cancel(self, workflow_id: str) -> None:
        try:
            self._client.delete(f"/v1/workflows/{workflow_id}")
        except Refused as refused:
            if refused.status != CONFLICT:  # it ended in between
                raise


def _workflow_id(answer: dict[str, Any]) -> str:
    for name in ("workflow_id", "dispatch_uuid", "workflow_uuid"):
        if name in answer:
            return str(answer[name])
    return split_message_uuid(answer["message_uuid"])[0]


def _now() -> str:
    return time.strftime("%H:%M:%S")
