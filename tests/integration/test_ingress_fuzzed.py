"""schemathesis drives a real ingress by its own OpenAPI document: nothing breaks, nothing undocumented is answered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from shared.store.opening import open_store
from shared.store.records import InboundRow
from tests.support.broker import EXTERNAL, Vhost, external_vhost, fresh_vhost
from tests.support.fuzz_hooks import ACCOUNT, ANSWERED, INBOUND, WORKFLOW
from tests.support.ingress import ROOT, Ingress, new_store, start_ingress
from tests.support.ingress_callers import MadeUpCaller
from tests.support.ingress_webhooks import provider_account
from tests.support.queues import apply_topology
from tests.support.store_rows import batch, start, well_travelled

pytestmark = pytest.mark.xdist_group("ingress-fuzzed")

ACME = MadeUpCaller(tenant="acme")
VONAGE = provider_account()
TRAVELLED = well_travelled()
RECEIVED = InboundRow(
    provider_uuid=str(uuid4()),
    tenant=ACME.tenant,
    account=VONAGE.name,
    channel="whatsapp",
    sender="447700900000",
    recipient="447700900001",
    region_url=None,
    raw=b"{}",
    received_at=0.0,
)
OTHERS = ("--exclude-path-regex", "^/(beta|v0.1|v1)/(messages|workflows|dispatch)$")
"""All addresses but those of sends: every boundary of every row makes tens of thousands of cases for these alone, and
is for the long run."""
MAY_BE_UNSIGNED = ("/webhooks/sms/status", "/webhooks/sms/inbound")
CONFIGURATION = ROOT / "tests" / "support" / "schemathesis.toml"


@pytest.fixture(scope="module")
def broker_room(request: pytest.FixtureRequest) -> Iterator[Vhost]:
    if os.environ.get(EXTERNAL):
        with external_vhost() as external:
            yield external
        return
    with fresh_vhost(request.getfixturevalue("broker")) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def started(broker_room: Vhost, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingress]:
    folder = tmp_path_factory.mktemp("ingress")
    broker_url = apply_topology(broker_room).ingress
    store_url = new_store(folder, ACME, VONAGE)
    store = open_store(store_url)
    store.commit(batch(start(TRAVELLED), inbound=(RECEIVED,)))
    store.close()
    running = start_ingress(folder, broker_url=broker_url, store_url=store_url)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def test_nothing_breaks_and_nothing_undocumented_is_answered(started: Ingress, tmp_path: Path) -> None:
    answered = fuzz(started, tmp_path, "--phases", "examples,fuzzing,stateful", "--max-examples", "5")
    answered += fuzz(started, tmp_path, "--phases", "coverage", *OTHERS)

    assert sum(answered.values()) >= 700
    assert {200, 202, 401, 404, 409, 422} <= {status for status, _ in answered}
    assert set() == {label for status, label in answered if status >= 500 and not label.endswith(MAY_BE_UNSIGNED)}
    assert {503} >= {status for status, _ in answered if status >= 500}


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_nor_at_any_boundary_of_the_matrix(started: Ingress, tmp_path: Path) -> None:
    answered = fuzz(started, tmp_path, "--max-examples", "50")

    print("\n".join(f"{status} {label}: {count}" for (status, label), count in sorted(answered.items())))
    print(f"{sum(answered.values())} answers")
    assert sum(answered.values()) >= 50_000
    assert {503} >= {status for status, _ in answered if status >= 500}


def fuzz(ingress: Ingress, folder: Path, *arguments: str) -> Counter[tuple[int, str]]:
    """Run schemathesis with these arguments; return how often what was answered to each operation."""
    figures = folder / "answered.json"
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION), "run"]
    command += [str(ROOT / "docs" / "openapi.json")]
    command += ["--url", ingress.url, "--auth", f"{ACME.api_key}:{ACME.api_secret}"]
    command += ["--seed", "4711", "--workers", "1", "--continue-on-failure", "--suppress-health-check", "all"]
    command += arguments
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.support.fuzz_hooks",
        ACCOUNT: msgspec.json.encode(VONAGE).decode(),
        WORKFLOW: TRAVELLED.workflow_id,
        INBOUND: RECEIVED.provider_uuid,
        ANSWERED: str(figures),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stdout[-20_000:] + done.stderr[-2000:]
    read = json.loads(figures.read_text(encoding="utf-8"))
    return Counter({(int(key[:3]), key[4:]): count for key, count in read.items()})
