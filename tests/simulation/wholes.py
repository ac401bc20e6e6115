"""Workflows that the simulated provider runs: it takes the whole, refuses it, loses answers, and tells of each message.

Statuses come early, late, twice and out of order; of a Dispatch they name its workflow alone, of a v1 chain also our
reference. A Dispatch is reported at its end, twice now and then, and sometimes never.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from services.dispatcher.ports import CallTicket
from shared.ids import reference
from shared.model import Message, Problem, RequestKind, Scope, Workflow
from shared.outcomes import Busy, CallOutcome, HandedOver, OurFault, Refused, Unsure
from shared.queue import envelope
from shared.queue.topology import RECEIPT_KEY, RECEIPTS
from tests.simulation.rabbit import Published

if TYPE_CHECKING:
    from tests.simulation.world import World

OLD_NAMES = {"viber_service": "viber_service_msg"}


class Wholes:
    """What the provider runs."""

    def __init__(self, world: World, random: Random) -> None:
        self._world = world
        self._random = random
        self.taken: Counter[str] = Counter()
        """How often each workflow was taken, by our id."""
        self.refused: set[str] = set()
        self.delivered: set[tuple[str, int]] = set()
        self.delivered_by_reference: set[tuple[str, int]] = set()

    def call(self, ticket: CallTicket, whole: Workflow) -> tuple[CallOutcome, float]:
        """Return what the call comes to, and how long it takes."""
        chance, quick = self._random.random(), self._random.uniform(0.05, 0.8)
        problem = Problem(code="test", title="made up")
        if chance < 0.5:
            return self._take(ticket, whole), quick
        if chance < 0.58:
            return self._take(ticket, whole), self._random.uniform(5.0, 14.9)
        if chance < 0.7:
            self.refused.add(whole.workflow_id)
            return Refused(problem=problem), quick
        if chance < 0.8:
            return Busy(problem=problem, retry_after_s=self._random.choice((None, 1.0))), quick
        if chance < 0.9:
            self._take(ticket, whole)
            return Unsure(problem=problem), self._random.choice((quick, 15.0))
        if chance < 0.97 or not self._world.stormy:
            return Unsure(problem=problem), quick
        return OurFault(problem=problem, scope=Scope.ACCOUNT), quick

    def _take(self, ticket: CallTicket, whole: Workflow) -> HandedOver:
        self.taken[whole.workflow_id] += 1
        dispatch = whole.kind is RequestKind.WORKFLOW
        workflow_id, uuids = self._new_id(), [self._new_id() for _ in whole.steps]
        reaches = self._random.choice((*range(1, len(whole.steps) + 1), None))
        at = 0.0
        for step in whole.steps[:reaches]:
            for delay, status in self._life(arrives=step.number == reaches):
                said = self._status(ticket, step.number, step.message, uuids, workflow_id, status, dispatch)
                self._say(at + delay, said)
                if status == "delivered":
                    key = whole.workflow_id, step.number
                    self.delivered.add(key)
                    if not dispatch:
                        self.delivered_by_reference.add(key)
            at += self._random.uniform(1.0, 12.0)
        if dispatch and self._random.random() < 0.85:
            word = "error" if reaches is None else "completed"
            report: dict[str, object] = {"dispatch_uuid": workflow_id, "template": "failover", "status": word}
            self._say(at + self._random.uniform(0.0, 10.0), (ticket.account, report))
        return HandedOver(workflow_id=workflow_id, provider_uuid=None if dispatch else uuids[0])

    def _life(self, *, arrives: bool) -> Iterator[tuple[float, str]]:
        yield self._random.uniform(0.0, 3.0), "submitted"
        yield self._random.uniform(0.0, 9.0), "delivered" if arrives else "rejected"

    def _status(
        self,
        ticket: CallTicket,
        number: int,
        message: Message,
        uuids: list[str],
        workflow_id: str,
        status: str,
        dispatch: bool,
    ) -> tuple[str, dict[str, object]]:
        body: dict[str, object] = {"message_uuid": uuids[number - 1], "status": status}
        if status == "rejected":
            body["error"] = {"title": "1300", "detail": "made up"}
        if dispatch:
            name = OLD_NAMES.get(message.channel, message.channel)
            body |= {
                "to": {"type": name, "number": message.recipient},
                "from": {"type": name, "number": message.sender},
                "_links": {"workflow": {"dispatch_uuid": workflow_id}},
            }
        else:
            body |= {
                "channel": message.channel,
                "client_ref": reference(ticket.workflow_id, number, 1),
                "workflow": {"id": workflow_id, "items_number": str(number)},
            }
        return ticket.account, body

    def _say(self, delay: float, said: tuple[str, dict[str, object]]) -> None:
        for _ in range(1 if self._random.random() < 0.7 else 2):
            late = delay + self._random.choice((0.0, 0.0, self._random.uniform(0.0, 5.0)))
            self._world.later(late, lambda: self._send(*said))

    def _send(self, account: str, body: dict[str, object]) -> None:
        self._world.rabbit.publish(
            Published(
                exchange=RECEIPTS,
                routing_key=RECEIPT_KEY,
                type=envelope.WEBHOOK,
                message_id=f"webhook-{self._world.count()}",
                body=json.dumps(body).encode(),
                headers={envelope.ACCOUNT: account},
            )
        )

    def _new_id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))


def request_of(number: int, random: Random) -> tuple[str, bytes]:
    """Return type and body of a request that the provider is to run."""
    person, channels = f"4477008{number:05d}", random.sample(("viber_service", "sms"), 2)
    words = {
        "engine": "provider",
        "valid_for": random.choice((60, 200)),
        "final_receipt_time": random.choice((60, 150)),
    }
    if random.random() < 0.5:
        chain: list[dict[str, object]] = [
            {"channel": each, "message_type": "text", "to": person, "from": "Shop", "text": f"whole {number}"}
            for each in channels
        ]
        return envelope.MESSAGE_V1, json.dumps({**chain[0], "failover": chain[1:], **words}).encode()
    steps = [
        {
            "to": {"type": OLD_NAMES.get(each, each), "number": person},
            "from": {"type": OLD_NAMES.get(each, each), "id" if each == "viber_service" else "number": "Shop"},
            "message": {"content": {"type": "text", "text": f"whole {number}"}},
            "failover": {"expiry_time": random.choice((15, 30)), "condition_status": "delivered"},
        }
        for each in channels
    ]
    return envelope.WORKFLOW_V0_1, json.dumps({"template": "failover", "workflow": steps, **words}).encode()
