"""How soon after a negative receipt the fallback's call is made, both as the provider sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from statistics import median, quantiles
from typing import Any

from tests.benchmarks.figures import Figure
from tests.support.deployment import Deployment, new_mark, viber_then_sms
from tests.support.waiting import wait_until

RUNS = 3
WORKFLOWS = 20
UNDELIVERABLE = "447700900002"


def bench_reaction(deployment: Deployment) -> list[Figure]:
    """Measure one workflow at a time: this is about waiting, not about load."""
    runs = [_run(deployment) for _ in range(RUNS)]
    return [
        Figure(
            name="reaction, negative receipt to fallback's call",
            value=1000 * median(median(run) for run in runs),
            unit="ms",
            better="lower",
        ),
        Figure(
            name="reaction, 95 of 100",
            value=1000 * median(quantiles(run, n=20)[-1] for run in runs),
            unit="ms",
            better="lower",
        ),
    ]


def _run(deployment: Deployment) -> list[float]:
    reactions = []
    for _ in range(WORKFLOWS):
        mark = new_mark()
        deployment.send(viber_then_sms(UNDELIVERABLE, mark=mark))
        # The witness is asked, and seldom: whoever waits here takes processor time from what is measured.
        wait_until(partial(_both, deployment, mark), 30, every_s=0.2)
        reactions.append(_reaction(deployment.received(mark, to=UNDELIVERABLE)))
    return reactions


def _both(deployment: Deployment, mark: str) -> bool:
    return len(deployment.received(mark, to=UNDELIVERABLE)) == 2


def _reaction(messages: Sequence[Mapping[str, Any]]) -> float:
    by_channel = {message["channel"]: message for message in messages}
    negative = next(
        status["sent_at"] for status in by_channel["viber_service"]["statuses"] if status["status"] == "undeliverable"
    )
    return (_moment(by_channel["sms"]["received_at"]) - _moment(negative)).total_seconds()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
