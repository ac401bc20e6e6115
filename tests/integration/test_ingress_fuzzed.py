"""schemathesis drives a real ingress by its own OpenAPI document: nothing breaks, nothing undocumented is answered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from shared.store.opening import open_store
from tests.support.broker import EXTERNAL, Vhost, external_vhost, fresh_vhost
from tests.support.fuzz_hooks import ACCOUNT, WORKFLOW
from tests.support.ingress import ROOT, Ingress, new_store, start_ingress
from tests.support.ingress_callers import MadeUpCaller
from tests.support.ingress_webhooks import provider_account
from tests.support.queues import apply_topology
from tests.support.store_rows import batch, start, well_travelled

pytestmark = pytest.mark.xdist_group("ingress-fuzzed")

ACME = MadeUpCaller(tenant="acme")
VONAGE = provider_account()
TRAVELLED = well_travelled()
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
    store.commit(batch(start(TRAVELLED)))
    store.close()
    running = start_ingress(folder, broker_url=broker_url, store_url=store_url)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


def test_nothing_breaks_and_nothing_undocumented_is_answered(started: Ingress, tmp_path: Path) -> None:
    answered = fuzz(started, tmp_path, examples=5)

    assert sum(answered.values()) > 300
    assert {200, 202, 401, 404} <= set(answered)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_nor_in_five_thousand_cases(started: Ingress, tmp_path: Path) -> None:
    answered = fuzz(started, tmp_path, examples=200)

    assert sum(answered.values()) >= 5000


def fuzz(ingress: Ingress, folder: Path, *, examples: int) -> Counter[int]:
    """Run schemathesis with so many cases for each operation; return how often each status was answered."""
    report = folder / "report.ndjson"
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION), "run"]
    command += [str(ROOT / "docs" / "openapi.json")]
    command += ["--url", ingress.url, "--auth", f"{ACME.api_key}:{ACME.api_secret}"]
    command += ["--max-examples", str(examples), "--seed", "4711", "--workers", "1", "--continue-on-failure"]
    command += ["--suppress-health-check", "all", "--report", "ndjson", "--report-ndjson-path", str(report)]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.support.fuzz_hooks",
        ACCOUNT: msgspec.json.encode(VONAGE).decode(),
        WORKFLOW: TRAVELLED.workflow_id,
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stdout[-20_000:] + done.stderr[-2000:]
    return Counter(statuses(report))


def statuses(report: Path) -> Iterator[int]:
    """Read the status of every answer out of a run's report."""
    for line in report.read_text(encoding="utf-8").splitlines():
        yield from _statuses_in(json.loads(line))


def _statuses_in(node: object) -> Iterator[int]:
    if isinstance(node, dict):
        if isinstance(node.get("status_code"), int):
            yield node["status_code"]
        for value in node.values():
            yield from _statuses_in(value)
    elif isinstance(node, list):
        for item in node:
            yield from _statuses_in(item)
