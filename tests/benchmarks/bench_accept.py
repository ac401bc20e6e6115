"""How many requests a second are accepted, against plain confirmed publishes of the same bodies one by one.

The dispatchers are down meanwhile, so nothing but the ingress and the broker works; the queue is emptied afterwards.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from statistics import median
from uuid import uuid4

from services.cli.broker import private_ctl
from shared.queue.envelope import WORKFLOW_V0_1, OutboundMessage
from shared.queue.publisher import Publisher
from shared.queue.topology import DEFAULT_VHOST, SENDS
from tests.benchmarks.callers import post_all
from tests.benchmarks.figures import Figure
from tests.support.deployment import Deployment, new_mark, viber_then_sms

RUNS = 3
REQUESTS = 1_000
PHONE = "447700900100"


def bench_accept(deployment: Deployment) -> list[Figure]:
    """Measure with the dispatchers down. They are down afterwards, too."""
    for number in deployment.dispatcher_numbers():
        deployment.stop_member(f"dispatcher-{number}")
    bodies = [viber_then_sms(PHONE, mark=new_mark()) for _ in range(REQUESTS)]
    post_all(f"{deployment.ingress}/v0.1/dispatch", deployment.token(), bodies[:100])
    accepted, published = [], []
    for _ in range(RUNS):
        published.append(_publish_one_by_one(deployment, bodies))
        accepted.append(REQUESTS / post_all(f"{deployment.ingress}/v0.1/dispatch", deployment.token(), bodies))
    ctl = private_ctl(deployment.home)
    assert ctl is not None
    ctl("purge_queue", "cascade.intake", "--vhost", DEFAULT_VHOST)
    return [
        Figure(
            name="accepted",
            value=median(accepted),
            unit="requests/s",
            better="higher",
            against="plain confirmed publishes, one by one",
            ratio=median(ours / plain for ours, plain in zip(accepted, published, strict=True)),
            target=0.3,
        ),
        Figure(name="plain confirmed publishes", value=median(published), unit="messages/s", better="higher"),
    ]


def _publish_one_by_one(deployment: Deployment, bodies: Sequence[Mapping[str, object]]) -> float:
    publisher = Publisher(deployment.urls.ingress, name="benchmark")
    encoded = [json.dumps(body).encode() for body in bodies]
    begun = time.perf_counter()
    for body in encoded:
        publisher.publish(
            OutboundMessage(
                exchange=SENDS, routing_key=WORKFLOW_V0_1, type=WORKFLOW_V0_1, message_id=str(uuid4()), body=body
            )
        )
    took = time.perf_counter() - begun
    publisher.close()
    return len(encoded) / took
