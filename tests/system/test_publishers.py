"""Other systems publish to the queue, or come from Dispatch: the documents' own code, under the shipped rights."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pika
import pytest

from services.cli.credentials import new_key_pair
from services.cli.publisher import add_publisher
from services.cli.tokens import caller_token
from shared.queue.topology import DEFAULT_VHOST
from tests.support.deployment import Deployment, channels_of, new_mark, viber_then_sms
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("system-publishers")
ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("kombu", "pika")


@pytest.fixture(scope="module")
def urls(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the AMQP URL of three publishers: two of tenant demo, one of another."""
    port = deployment.urls.setup.rpartition(":")[2].partition("/")[0]
    made = {}
    for user, tenant in (("billing", "demo"), ("rota", "demo"), ("stranger", "globex")):
        password = add_publisher(deployment.home, user, tenant)
        made[user] = f"amqp://{user}:{password}@127.0.0.1:{port}/{DEFAULT_VHOST}"
    return made


class Publisher:
    """A plain pika client, as another system would write it."""

    def __init__(self, url: str) -> None:
        parameters = pika.URLParameters(url)
        self.user = parameters.credentials.username
        self._connection = pika.BlockingConnection(parameters)
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
        self._channel.queue_declare(f"{self.user}.answers", durable=True)
        self._channel.queue_bind(f"{self.user}.answers", "cascade.answers", routing_key=f"{self.user}.answers")

    def publish(self, body: bytes, **properties: Any) -> str:
        message_id = properties.pop("message_id", None) or str(uuid4())
        given = {
            "type": "workflow.v0_1",
            "content_type": "application/json",
            "user_id": self.user,
            "reply_to": f"{self.user}.answers",
            "delivery_mode": 2,
            **properties,
        }
        self._channel.basic_publish(
            "cascade.sends",
            str(given["type"]),
            body,
            pika.BasicProperties(message_id=message_id, **given),
            mandatory=True,
        )
        return message_id

    def answer(self) -> dict[str, Any]:
        method, properties, body = next(self._channel.consume(f"{self.user}.answers", inactivity_timeout=15))
        assert method is not None, "no answer in 15 s"
        self._channel.basic_ack(method.delivery_tag)
        return {"correlation_id": properties.correlation_id, **json.loads(body)}

    def close(self) -> None:
        self._connection.close()


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_readme_shows_the_example_as_it_is(library: str) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)

    assert (ROOT / "examples" / f"publish_with_{library}.py").read_text(encoding="utf-8") in blocks


EXAMPLES = {"viber-then-sms": "workflow.v0_1", "rcs-then-sms": "message.v1", "sms": "message.v0_1"}


@pytest.mark.parametrize("example", EXAMPLES)
@pytest.mark.parametrize("library", LIBRARIES)
def test_an_example_runs_under_the_shipped_rights(
    library: str, example: str, deployment: Deployment, urls: dict[str, str], tmp_path: Path
) -> None:
    mark = new_mark()
    body = tmp_path / "body.json"
    # To a phone that takes what it is sent, so that nobody waits for a window; with words to find it by.
    text = (ROOT / "examples" / f"{example}.json").read_text(encoding="utf-8")
    body.write_text(re.sub("Your table is ready[.]", mark, text.replace("447700900003", "447700900500")), "utf-8")

    done = subprocess.run(
        [sys.executable, ROOT / "examples" / f"publish_with_{library}.py", urls["billing"], body, EXAMPLES[example]],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    answer = json.loads(done.stdout)
    assert "accepted" == answer["answer"]
    assert "delivered" == deployment.wait_final(answer["workflow_id"])["outcome"]
    assert 1 == len(deployment.received(mark))


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_shell_example_sends_and_waits_for_the_end(deployment: Deployment, tmp_path: Path) -> None:
    demo = json.loads((deployment.home.state_dir / "demo.json").read_text(encoding="utf-8"))
    body = tmp_path / "body.json"
    body.write_text(json.dumps(viber_then_sms("447700900505", mark=new_mark())), encoding="utf-8")

    done = subprocess.run(
        ["sh", ROOT / "examples" / "send.sh", deployment.ingress, f"{demo['api_key']}:{demo['api_secret']}", body],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    taken, _, told = done.stdout.partition("\n")
    assert taken.startswith("taken: ")
    assert ("final", "delivered") == (json.loads(told)["state"], json.loads(told)["outcome"])


def test_the_same_id_twice_is_one_workflow_and_another_body_is_a_conflict(
    deployment: Deployment, urls: dict[str, str]
) -> None:
    mark, message_id = new_mark(), f"order-{uuid4().hex[:8]}"
    body = json.dumps(viber_then_sms("447700900501", mark=mark)).encode()
    before = deployment.dead_letters()
    publisher = Publisher(urls["rota"])

    answers = []
    for each in (body, body, body.replace(b"hello", b"other")):
        # One after the other: of three at once two dispatchers may take the last one first.
        publisher.publish(each, message_id=message_id)
        answers.append(publisher.answer())
    publisher.close()

    assert ["accepted", "accepted", "rejected"] == [answer["answer"] for answer in answers]
    assert "idempotency_conflict" == answers[2]["reason"]
    assert {message_id} == {answer["correlation_id"] for answer in answers}
    assert 1 == len({answer["workflow_id"] for answer in answers[:2]})
    deployment.wait_final(answers[0]["workflow_id"])
    assert ["viber_service"] == channels_of(deployment.received(mark))
    wait_until(lambda: deployment.dead_letters() > before, 15, every_s=0.5)


BAD: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "not JSON": (b"{", {}, "invalid"),
    "no such channel": (b'{"template":"failover","workflow":[{"to":{"type":"fax"}}]}', {}, "workflow[0]"),
    "oversized": (b'{"template":"' + b"x" * 300_000 + b'"}', {}, "262144"),
    "unknown type": (b"{}", {"type": "workflow.v9"}, "is none of workflow.v0_1"),
    "compressed": (b"{}", {"content_encoding": "gzip"}, "must be utf-8"),
    "id too long": (b"{}", {"message_id": "x" * 65}, "64"),
    "our own type": (b"{}", {"type": "step.1"}, "is none of workflow.v0_1"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_bad_is_answered_with_the_reason_and_kept(
    name: str, deployment: Deployment, urls: dict[str, str]
) -> None:
    body, properties, words = BAD[name]
    before = deployment.dead_letters()
    publisher = Publisher(urls["rota"])

    try:
        message_id = publisher.publish(body, **properties)
        answer = publisher.answer()
    finally:
        publisher.close()

    assert ("rejected", message_id) == (answer["answer"], answer["correlation_id"])
    assert words in json.dumps(answer)
    wait_until(lambda: deployment.dead_letters() > before, 15, every_s=0.5)


def test_a_message_without_a_user_is_a_dead_letter_without_an_answer(
    deployment: Deployment, urls: dict[str, str]
) -> None:
    before = deployment.dead_letters()
    publisher = Publisher(urls["rota"])

    publisher.publish(json.dumps(viber_then_sms("447700900502", mark=new_mark())).encode(), user_id=None)

    wait_until(lambda: deployment.dead_letters() > before, 15, every_s=0.5)
    publisher.close()


def test_somebody_elses_name_is_refused_by_the_broker(deployment: Deployment, urls: dict[str, str]) -> None:
    publisher = Publisher(urls["rota"])

    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="user_id"):
        publisher.publish(b"{}", user_id="billing")


@pytest.mark.parametrize("exchange", ["cascade.receipts", "cascade.steps", "cascade.commands", "cascade.dead", ""])
def test_a_publisher_reaches_no_other_exchange(exchange: str, deployment: Deployment, urls: dict[str, str]) -> None:
    with pika.BlockingConnection(pika.URLParameters(urls["stranger"])) as connection:
        channel = connection.channel()
        channel.confirm_delivery()

        with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="403"):
            channel.basic_publish(exchange, "receipt", b"{}")


def test_a_header_names_no_tenant_from_outside(deployment: Deployment, urls: dict[str, str]) -> None:
    publisher = Publisher(urls["stranger"])
    body = json.dumps(viber_then_sms("447700900503", mark=new_mark())).encode()

    publisher.publish(body, headers={"x-cascade-tenant": "demo", "x-cascade-workflow-id": str(uuid4())})
    answer = publisher.answer()
    publisher.close()

    assert "accepted" == answer["answer"]
    assert 404 == deployment.call("GET", f"/v1/workflows/{answer['workflow_id']}").status_code
    stored = wait_until(lambda: deployment.store.find(answer["workflow_id"]), 10)
    assert stored is not None
    assert "globex" == stored.workflow.tenant


def test_events_are_told_to_their_own_tenant_only(deployment: Deployment, urls: dict[str, str]) -> None:
    with pika.BlockingConnection(pika.URLParameters(urls["stranger"])) as connection:
        channel = connection.channel()
        channel.queue_declare("stranger.events", durable=True)
        with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="403"):
            channel.queue_bind("stranger.events", "cascade.events", routing_key="demo.#")
    with pika.BlockingConnection(pika.URLParameters(urls["billing"])) as connection:
        channel = connection.channel()
        channel.queue_declare("billing.events", durable=True)
        channel.queue_bind("billing.events", "cascade.events", routing_key="demo.#")
        sent = deployment.send(viber_then_sms("447700900504", mark=new_mark()))
        deployment.wait_final(sent)
        told: list[dict[str, Any]] = []
        while "workflow.final" not in [event["event"] for event in told]:
            method, _, body = next(channel.consume("billing.events", inactivity_timeout=15))
            assert method is not None, told
            told += [json.loads(body)] if sent in body.decode() else []
    assert {"workflow.accepted", "workflow.step_started", "message.delivered"} <= {event["event"] for event in told}


PAGE = ROOT / "docs" / "from-dispatch.md"
OWN_ID = "6f1c1b0e-6d6a-4d6f-9c0c-0d6b5a3e2f10"


def typed_on(page: Path) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def typed(block: str, folder: Path, state_dir: Path) -> str:
    """Type a block into a shell, in a folder that looks like a clone; return what it printed."""
    done = subprocess.run(
        ["sh", "-euc", block],
        cwd=folder,
        env={**os.environ, "CASCADE_STATE_DIR": str(state_dir), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(None in (shutil.which("curl"), shutil.which("openssl")), reason="needs curl and openssl")
def test_the_page_from_dispatch_can_be_typed_as_it_stands(deployment: Deployment, tmp_path: Path) -> None:
    pair = new_key_pair()
    command = tmp_path / ".venv" / "bin" / "cascade"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m services.cli.main "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for name, text in (
        ("private.key", pair.private),
        ("api-secret.txt", "the-secret"),
        ("signature-secret.txt", "s" * 32),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    up, application, key, send, show, account = typed_on(PAGE)
    here = deployment.home.state_dir

    assert "make up" == up.strip()
    assert OWN_ID in typed(application, tmp_path, here)
    assert "abcd1234" in typed(key, tmp_path, here)
    answer = json.loads(typed(send.replace("http://127.0.0.1:8080", deployment.ingress), tmp_path, here))
    assert ["dispatch_uuid"] == [*answer]
    wait_until(lambda: deployment.store.find(answer["dispatch_uuid"]), 30)
    assert "viber_service" in typed(show.replace("DISPATCH_UUID", answer["dispatch_uuid"]), tmp_path, here)
    token = caller_token(deployment.home, application=OWN_ID, key=tmp_path / "private.key")
    asked = f"{deployment.ingress}/v0.1/dispatch/{answer['dispatch_uuid']}"
    assert 200 == deployment.session.get(asked, headers={"Authorization": f"Bearer {token}"}, timeout=15).status_code
    # The real provider is for a state folder of its own: nothing here may call it.
    elsewhere = tmp_path / "state"
    typed(".venv/bin/cascade db upgrade && .venv/bin/cascade tenant set acme", tmp_path, elsewhere)
    assert "https://api.nexmo.com, JWT" in typed(account, tmp_path, elsewhere)
