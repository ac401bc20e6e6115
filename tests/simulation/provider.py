"""A provider with a seed: takes, refuses, is busy, hangs, loses answers, and sends receipts in every order."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from services.dispatcher.ports import CallTicket
from shared.model import Problem, Scope
from shared.outcomes import Accepted, Busy, CallOutcome, OurFault, Refused, Unsure
from shared.queue import envelope
from shared.queue.topology import RECEIPT_KEY, RECEIPTS
from tests.simulation.rabbit import Published
from tests.simulation.wholes import Wholes

if TYPE_CHECKING:
    from tests.simulation.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message the provider took."""

    at: float
    workflow_id: str
    step: int
    attempt: int
    claim_age_s: float
    """How long before it was claimed, by the process's own clock."""


class Provider:
    """What the provider knows and does."""

    def __init__(self, world: World, random: Random) -> None:
        self._world = world
        self._random = random
        self.wholes = Wholes(world, Random(f"{world.seed}/wholes"))
        """Workflows that it runs itself."""
        self.taken: list[Taken] = []
        self.negatives: Counter[tuple[str, int]] = Counter()
        """Rejections sent by (workflow, step): after each another attempt may be right."""
        self.delivered: set[tuple[str, int]] = set()
        """Steps of which it sent `delivered` or more."""
        self.delivered_by_reference: set[tuple[str, int]] = set()
        """The same, where its receipts carry our reference: those must always find their way."""

    def call(self, ticket: CallTicket) -> tuple[CallOutcome, float]:
        """Return what a call comes to and how long it takes; the message may be taken either way."""
        if ticket.whole is not None:
            return self.wholes.call(ticket, ticket.whole)
        chance, quick = self._random.random(), self._random.uniform(0.05, 0.8)
        problem = Problem(code="test", title="made up")
        if chance < 0.62:
            return Accepted(provider_uuid=self._take(ticket)), quick
        if chance < 0.68:
            return Accepted(provider_uuid=self._take(ticket)), self._random.uniform(5.0, 14.9)
        if chance < 0.76:
            return Refused(problem=problem), quick
        if chance < 0.84:
            return Busy(problem=problem, retry_after_s=self._random.choice((None, 1.0, 3.0))), quick
        if chance < 0.91:
            self._take(ticket)
            return Unsure(problem=problem), self._random.choice((quick, 15.0))
        if chance < 0.98 or not self._world.stormy:
            return Unsure(problem=problem), self._random.choice((quick, 15.0))
        return OurFault(problem=problem, scope=self._random.choice((Scope.ACCOUNT, Scope.CHANNEL, Scope.SENDER))), quick

    def _take(self, ticket: CallTicket) -> str:
        uuid = str(UUID(int=self._random.getrandbits(128), version=4))
        self.taken.append(
            Taken(
                at=self._world.now,
                workflow_id=ticket.workflow_id,
                step=ticket.step,
                attempt=ticket.attempt,
                claim_age_s=self._world.now - ticket.claimed_monotonic,
            )
        )
        self._plan_receipts(ticket, uuid)
        return uuid

    def _plan_receipts(self, ticket: CallTicket, uuid: str) -> None:
        random, key = self._random, (ticket.workflow_id, ticket.step)
        tells_reference = random.random() < 0.8
        fate = random.random()
        plan: list[tuple[float, str, str | None]] = []
        status: str
        code: str | None
        if random.random() < 0.8:
            plan.append((random.uniform(0.0, random.choice((2.0, 10.0))), "submitted", None))
        if fate < 0.5:
            plan.append((random.uniform(0.0, 8.0), "delivered", None))
            if random.random() < 0.3:
                plan.append((random.uniform(0.0, 20.0), "read", None))
        elif fate < 0.6:
            plan.append((random.uniform(15.0, 90.0), "delivered", None))  # late
        elif fate < 0.75:
            code = random.choice(("1260", "1000", "1331", "1050", "1320", "1360", "1370", "1070"))
            if code in ("1370", "1070") and not self._world.stormy:
                code = "1260"
            plan.append((random.uniform(0.0, 8.0), random.choice(("rejected", "undeliverable")), code))
            self.negatives[key] += 1
        if any(status in ("delivered", "read") for _, status, _ in plan):
            self.delivered.add(key)
            if tells_reference:
                self.delivered_by_reference.add(key)
        for delay, status, code in plan:
            for _ in range(1 if random.random() < 0.7 else 2):
                late = delay + random.choice((0.0, 0.0, random.uniform(0.0, 5.0)))
                self._world.later(late, lambda s=status, c=code: self._send(ticket, uuid, tells_reference, s, c))  # type: ignore[misc]

    def _send(self, ticket: CallTicket, uuid: str, tells_reference: bool, status: str, code: str | None) -> None:
        body: dict[str, object] = {"message_uuid": uuid, "status": status, "channel": ticket.message.channel}
        if tells_reference:
            body["client_ref"] = ticket.reference
        if code is not None:
            body["error"] = {"title": code, "detail": "made up"}
        self._world.rabbit.publish(
            Published(
                exchange=RECEIPTS,
                routing_key=RECEIPT_KEY,
                type=envelope.WEBHOOK,
                message_id=f"webhook-{self._world.count()}",
                body=json.dumps(body).encode(),
                headers={envelope.ACCOUNT: ticket.account},
            )
        )
