"""How many workflows a second come to their end, and the processor time each takes of every process.

The whole pair works: ingress, broker, two dispatchers, store, and the sandbox with its receipts, on one machine. It is
compared with a bare loop that makes the same calls to the sandbox, whose receipts go back to the sandbox itself.
"""

from __future__ import annotations

import time
from statistics import median
from uuid import uuid4

from tests.benchmarks.callers import post_all
from tests.benchmarks.figures import Figure
from tests.benchmarks.processor_time import processor_seconds
from tests.support.deployment import Deployment, new_mark, viber_then_sms
from tests.support.sandbox import Account, make_account
from tests.support.waiting import wait_until

RUNS = 3
WORKFLOWS = 400
PHONE = "447700900100"
BARE_CALLERS = 32
"""As many as two dispatchers have slots for one channel."""


def bench_finish(deployment: Deployment) -> list[Figure]:
    """Measure with two dispatchers; starts those that do not run."""
    for number in (1, 2):
        deployment.start_dispatcher(number)
    account = _account_whose_receipts_go_nowhere(deployment)
    _finish(deployment, WORKFLOWS // 4)
    finished, bare, processor = [], [], []
    for _ in range(RUNS):
        bare.append(_bare_loop(deployment, account))
        before = processor_seconds(deployment)
        finished.append(_finish(deployment, WORKFLOWS))
        after = processor_seconds(deployment)
        processor.append({name: 1000 * (after[name] - before[name]) / WORKFLOWS for name in after})
    figures = [
        Figure(
            name="finished, two dispatchers",
            value=median(finished),
            unit="workflows/s",
            better="higher",
            against="a bare loop of the same calls",
            ratio=median(ours / plain for ours, plain in zip(finished, bare, strict=True)),
            target=0.1,
        ),
        Figure(name="bare loop of calls", value=median(bare), unit="calls/s", better="higher"),
    ]
    figures += [
        Figure(
            name=f"processor time, {name}",
            value=median(run[name] for run in processor),
            unit="ms/workflow",
            better="lower",
        )
        for name in ("ingress", "dispatcher", "broker", "sandbox")
    ]
    return figures


def _finish(deployment: Deployment, number: int) -> float:
    """Send workflows and return how many a second ended, from the first request to the last end."""
    ended_before = sum(deployment.store.snapshot().by_outcome.values())
    bodies = [viber_then_sms(PHONE, mark=new_mark()) for _ in range(number)]
    begun = time.perf_counter()
    post_all(f"{deployment.ingress}/v0.1/dispatch", deployment.token(), bodies)
    wait_until(lambda: sum(deployment.store.snapshot().by_outcome.values()) >= ended_before + number, 120, every_s=0.05)
    return number / (time.perf_counter() - begun)


def _bare_loop(deployment: Deployment, account: Account) -> float:
    bodies: list[dict[str, object]] = [
        {
            "channel": "viber_service",
            "message_type": "text",
            "to": PHONE,
            "from": "16273",
            "text": f"hello {new_mark()}",
            "client_ref": uuid4().hex,
        }
        for _ in range(WORKFLOWS)
    ]
    url = f"{deployment.sandbox}/v1/messages"
    return WORKFLOWS / post_all(url, account.token(), bodies, callers=BARE_CALLERS)


def _account_whose_receipts_go_nowhere(deployment: Deployment) -> Account:
    account = make_account()
    nowhere = f"{deployment.sandbox}/sandbox/callbacks/nowhere"
    answer = deployment.session.put(
        f"{deployment.sandbox}/sandbox/applications/{account.application_id}",
        json={
            "public_key": account.public_key,
            "status_url": nowhere,
            "inbound_url": nowhere,
            "api_key": account.api_key,
            "signature_secret": account.signature_secret,
        },
        timeout=10,
    )
    assert 204 == answer.status_code, answer.text
    return account
