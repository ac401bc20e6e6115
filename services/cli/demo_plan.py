"""Which workflow of the demo is of which kind, when it is sent, and the JSON that is sent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.cli.demo_kinds import KILLED, KINDS, SMS, VIBER, WINDOW_S, Kind, Via

LEAST_WORKFLOWS = 48
"""Below this, kinds with a small share would crowd out what a demo is to show."""
BETWEEN_S = 0.1
"""From one workflow to the next; the batch for the killed dispatcher is sent at once."""
SENDERS = {VIBER: "16273", SMS: "447700900001"}
_OLD_NAMES = {VIBER: "viber_service_msg", SMS: "sms"}
_OLD_ADDRESSES = {VIBER: ("number", "id"), SMS: ("number", "number")}
"""By channel: the member that holds the recipient, and the one that holds the sender, in v0.1 and beta bodies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One workflow before it is sent."""

    mark: str
    """The caller's own mark, inside the text: what the count goes by."""
    kind: Kind
    via: Via
    recipient: str
    after_s: float
    """When it is sent, from the start of the sending."""

    @property
    def text(self) -> str:
        """What the message says."""
        return f"[{self.mark}] Your parcel comes today between 2 and 4."


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The whole demo."""

    steady: tuple[Planned, ...]
    """Sent one after the other, all kinds mixed."""
    batch: tuple[Planned, ...]
    """Sent at once; then a dispatcher is killed."""
    batch_after_s: float

    @property
    def total(self) -> int:
        """Number of workflows."""
        return len(self.steady) + len(self.batch)


def make_plan(total: int) -> Plan:
    """Divide `total` workflows among the kinds by their shares, each at least once. Raises ValueError below 48."""
    if total < LEAST_WORKFLOWS:
        raise ValueError(f"at least {LEAST_WORKFLOWS} workflows are needed")
    counts = _divide(total, (KILLED, *KINDS))
    batch_size = counts[0]
    order = sorted(
        (
            (not kind.first, (index + 0.5) / count, position, index, kind)
            for position, (kind, count) in enumerate(zip(KINDS, counts[1:], strict=True))
            for index in range(count)
        ),
        key=lambda row: row[:4],
    )
    steady = tuple(
        _planned(number, kind, index, after_s=(number - 1) * BETWEEN_S)
        for number, (_, _, _, index, kind) in enumerate(order, start=1)
    )
    # Early enough that what the killed dispatcher leaves behind ends with the rest, late enough that all kinds began.
    batch_after_s = len(steady) * BETWEEN_S * 0.4
    batch = tuple(
        _planned(len(steady) + number, KILLED, number - 1, after_s=batch_after_s) for number in range(1, batch_size + 1)
    )
    return Plan(steady=steady, batch=batch, batch_after_s=batch_after_s)


def _divide(total: int, kinds: Sequence[Kind]) -> list[int]:
    whole = sum(kind.share for kind in kinds)
    counts = [max(1, total * kind.share // whole) for kind in kinds]
    # What rounding left over goes to the kinds that are told first.
    for index in range(total - sum(counts)):
        counts[index % len(counts)] += 1
    return counts


def _planned(number: int, kind: Kind, index: int, *, after_s: float) -> Planned:
    return Planned(
        mark=f"m-{number:04}",
        kind=kind,
        via=kind.via[index % len(kind.via)],
        recipient=kind.recipients[index % len(kind.recipients)],
        after_s=after_s,
    )


def body_of(planned: Planned) -> dict[str, object]:
    """Return the JSON of a request in the generation it comes in by; off the queue that of v0.1."""
    if planned.kind.then is None:
        return _v1_message(SMS, planned.recipient, planned.text)
    steps = ((VIBER, planned.recipient), (SMS, planned.kind.then))
    if planned.via is Via.V1:
        first, second = (_v1_message(channel, to, planned.text) for channel, to in steps)
        return {**first, "expiry_time": WINDOW_S, "condition_status": "delivered", "failover": [second]}
    first, second = (_old_message(channel, to, planned.text) for channel, to in steps)
    window = {"expiry_time": WINDOW_S, "condition_status": "delivered"}
    return {"template": "failover", "workflow": [{**first, "failover": window}, second]}


def _v1_message(channel: str, to: str, text: str) -> dict[str, object]:
    return {"channel": channel, "message_type": "text", "to": to, "from": SENDERS[channel], "text": text}


def _old_message(channel: str, to: str, text: str) -> dict[str, object]:
    name, (recipient, sender) = _OLD_NAMES[channel], _OLD_ADDRESSES[channel]
    return {
        "to": {"type": name, recipient: to},
        "from": {"type": name, sender: SENDERS[channel]},
        "message": {"content": {"type": "text", "text": text}},
    }
