"""The ingress while something is missing: nothing is accepted that is not kept, and it comes back by itself."""

import concurrent.futures
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Connection, Queue

from deploy.rabbitmq_node import Node
from shared.queue.apply import declare
from shared.queue.probe import serves
from tests.support.broker import Vhost
from tests.support.ingress import Ingress, launch, new_store, start_ingress
from tests.support.ingress_callers import MadeUpCaller
from tests.support.ingress_webhooks import provider_account, signed
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("ingress-outages")

ACME = MadeUpCaller(tenant="acme")
VONAGE = provider_account()
V1 = {"channel": "sms", "message_type": "text", "to": "447700900000", "from": "Acme", "text": "Your code is 4711"}


def token() -> str:
    return ACME.bearer(now=time.time())


def count_in(url: str, queue: str) -> int:
    taken = 0
    with Connection(url) as connection, connection.channel() as channel:
        while Queue(queue, channel=channel).get(no_ack=True) is not None:
            taken += 1
    return taken


@pytest.fixture
def running() -> Iterator[list[Ingress]]:
    started: list[Ingress] = []
    yield started
    for each in started:
        each.stop()


def test_while_the_broker_is_stopped_nothing_is_accepted(
    own_broker: Node, tmp_path: Path, running: list[Ingress]
) -> None:
    declare(own_broker.url)
    ingress = start_ingress(
        tmp_path,
        broker_url=own_broker.url,
        store_url=new_store(tmp_path, ACME, VONAGE),
        CASCADE_PUBLISH_TIMEOUT_S="2",
    )
    running.append(ingress)
    ingress.wait_until_ready()
    assert 202 == ingress.post("/v1/messages", V1, authorization=token()).status_code

    own_broker.kill()

    refused = ingress.post("/v1/messages", V1, authorization=token())
    assert 503 == refused.status_code
    assert "application/problem+json" == refused.headers["Content-Type"]
    assert refused.headers["Retry-After"].isdigit()
    webhook = b'{"status":"delivered"}'
    assert 503 == ingress.post("/webhooks/status", raw=webhook, authorization=signed(VONAGE, webhook)).status_code
    ready = ingress.get("/readyz", timeout_s=15)
    assert (503, False) == (ready.status_code, ready.json()["ready"])
    assert ["broker"] == [each["name"] for each in ready.json()["checks"] if not each["ok"]]
    assert 200 == ingress.get("/healthz").status_code

    own_broker.start_again(probe=serves)
    ingress.wait_until_ready()
    assert 202 == ingress.post("/v1/messages", V1, authorization=token()).status_code
    assert 2 == count_in(own_broker.url, "cascade.intake")
    wait_until(lambda: count_in(own_broker.url, "cascade.receipts"), 15.0)


def test_without_a_topology_nothing_is_accepted(vhost: Vhost, tmp_path: Path, running: list[Ingress]) -> None:
    ingress = start_ingress(tmp_path, broker_url=vhost.url, store_url=new_store(tmp_path, ACME))
    running.append(ingress)

    assert 503 == ingress.post("/v1/messages", V1, authorization=token()).status_code
    assert 503 == ingress.get("/readyz").status_code

    declare(vhost.url)
    ingress.wait_until_ready()
    assert 202 == ingress.post("/v1/messages", V1, authorization=token()).status_code


def test_an_ingress_without_a_schema_says_so_and_serves_once_it_is_there(
    vhost: Vhost, tmp_path: Path, running: list[Ingress]
) -> None:
    declare(vhost.url)
    ingress = start_ingress(tmp_path, broker_url=vhost.url, store_url=f"sqlite:///{tmp_path / 'cascade.db'}")
    running.append(ingress)

    assert 503 == ingress.post("/v1/messages", V1, authorization=token()).status_code
    assert "cascade db upgrade" in ingress.get("/readyz").text

    new_store(tmp_path, ACME)
    ingress.wait_until_ready()
    wait_until(lambda: ingress.post("/v1/messages", V1, authorization=token()).status_code == 202)


def test_a_stop_lets_what_is_under_way_end_and_leaves_no_process(
    vhost: Vhost, tmp_path: Path, running: list[Ingress]
) -> None:
    declare(vhost.url)
    ingress = start_ingress(tmp_path, broker_url=vhost.url, store_url=new_store(tmp_path, ACME))
    running.append(ingress)
    ingress.wait_until_ready()
    # Ready is when the first of them answers; the second may still be starting.
    wait_until(lambda: len(children_of(ingress.pid)) == 2, 30.0)
    workers = children_of(ingress.pid)

    def post() -> int:
        try:
            return ingress.post("/v1/messages", V1, authorization=token()).status_code
        except OSError:  # not taken any more
            return 0

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(post) for _ in range(200)]
        wait_until(lambda: sum(each.done() for each in answers) >= 20)
        os.kill(ingress.pid, signal.SIGTERM)
        seen = [each.result() for each in answers]

    assert 0 == ingress.process.wait(30)
    assert [] == [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    assert seen.count(202) >= 20
    assert {0, 202} >= set(seen)
    assert seen.count(202) == count_in(vhost.url, "cascade.intake")
    assert not (tmp_path / "ingress.port").exists()


def test_a_worker_that_dies_is_replaced(vhost: Vhost, tmp_path: Path, running: list[Ingress]) -> None:
    declare(vhost.url)
    ingress = start_ingress(tmp_path, broker_url=vhost.url, store_url=new_store(tmp_path, ACME))
    running.append(ingress)
    ingress.wait_until_ready()
    wait_until(lambda: len(children_of(ingress.pid)) == 2, 30.0)
    first = children_of(ingress.pid)
    os.kill(first[0], signal.SIGKILL)

    wait_until(lambda: len(children_of(ingress.pid)) == 2 and first[0] not in children_of(ingress.pid), 20.0)
    for _ in range(10):
        assert 202 == ingress.post("/v1/messages", V1, authorization=token()).status_code


def children_of(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_taken_port_is_one_clear_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = launch(
            tmp_path / "log",
            CASCADE_BROKER_URL="amqp://127.0.0.1",
            CASCADE_STORE_URL=f"sqlite:///{tmp_path / 'cascade.db'}",
            CASCADE_INGRESS_PORT=str(port),
        )

        assert 2 == process.wait(30)

    said = (tmp_path / "log").read_text()
    assert f"CASCADE_INGRESS_PORT: port {port} on 127.0.0.1" in said
    assert "Traceback" not in said
    assert len(said.splitlines()) <= 2


def test_every_wrong_setting_is_named_at_once(tmp_path: Path) -> None:
    process = launch(
        tmp_path / "log",
        CASCADE_INGRESS_PORT="many",
        CASCADE_INGRESS_WORKERS="0",
        CASCADE_LOG_LEVEL="loud",
    )

    assert 2 == process.wait(30)
    said = (tmp_path / "log").read_text()
    for name in ("BROKER_URL", "INGRESS_PORT", "INGRESS_WORKERS", "LOG_LEVEL"):
        assert f"CASCADE_{name}" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("name", "value"), [("CASCADE_BROKER_URL", "http://127.0.0.1"), ("CASCADE_STORE_URL", "mysql://127.0.0.1/x")]
)
def test_a_wrong_address_is_one_clear_error(tmp_path: Path, name: str, value: str) -> None:
    given = {"CASCADE_BROKER_URL": "amqp://127.0.0.1", "CASCADE_INGRESS_PORT": "0", name: value}
    process = launch(tmp_path / "log", **given)

    assert 2 == process.wait(30)
    said = (tmp_path / "log").read_text()
    assert "The ingress can't start." in said
    assert "Traceback" not in said
