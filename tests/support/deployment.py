"""A whole deployment, started as `make up` starts one: broker, store, sandbox, ingress, dispatchers, on free ports.

deployment = start_deployment(folder)
sent = deployment.send(viber_then_sms("447700900003", mark="m-1"))
deployment.wait_final(sent)
deployment.received("m-1")
deployment.stop()
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests

from deploy.ports import free_port
from services.cli import fleet
from services.cli.broker import BrokerUrls, private_ctl
from services.cli.down import stop_home
from services.cli.home import Home
from services.cli.store import open_upgraded_store
from services.cli.tokens import caller_token
from services.cli.up import start_home
from shared.queue.topology import DEFAULT_VHOST
from shared.store.directory import DirectoryChange
from shared.store.opening import open_store
from shared.store.port import Store
from tests.support.waiting import wait_until

WINDOW_S = 15


@dataclass(slots=True, kw_only=True)
class Deployment:
    """What runs, and how to talk to it."""

    home: Home
    urls: BrokerUrls
    store: Store
    session: requests.Session = field(default_factory=requests.Session)
    kept_token: str = ""

    @property
    def ingress(self) -> str:
        return self.home.url("ingress")

    @property
    def sandbox(self) -> str:
        return self.home.url("sandbox")

    def token(self) -> str:
        """Return one token for all calls, as a client that keeps its token does."""
        if not self.kept_token:
            self.kept_token = caller_token(self.home, application=None, key=None)
        return self.kept_token

    def call(self, method: str, path: str, body: object = None, **more: Any) -> requests.Response:
        """Call the ingress as the demo's application."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        return self.session.request(method, self.ingress + path, json=body, headers=headers, timeout=15, **more)

    def send(self, body: dict[str, Any], path: str | None = None) -> str:
        """Post a request, expect 202, return the workflow id."""
        path = path or ("/v0.1/dispatch" if "workflow" in body else "/v1/messages")
        answer = self.call("POST", path, body)
        assert 202 == answer.status_code, answer.text
        told = answer.json()
        given = told.get("dispatch_uuid") or told.get("workflow_uuid") or told["message_uuid"]
        return str(given)[:-2] + "00"

    def workflow(self, workflow_id: str) -> dict[str, Any]:
        answer = self.call("GET", f"/v1/workflows/{workflow_id}")
        assert answer.ok, answer.text
        return dict(answer.json())

    def timeline(self, workflow_id: str) -> list[dict[str, Any]]:
        answer = self.call("GET", f"/v1/workflows/{workflow_id}/timeline")
        assert answer.ok, answer.text
        return list(answer.json()["entries"])

    def wait_state(self, workflow_id: str, state: str, *, deadline_s: float = 60.0) -> dict[str, Any]:
        wait_until(lambda: self.workflow(workflow_id)["state"] == state, deadline_s)
        return self.workflow(workflow_id)

    def wait_final(self, workflow_id: str, *, deadline_s: float = 90.0) -> dict[str, Any]:
        return self.wait_state(workflow_id, "final", deadline_s=deadline_s)

    def received(self, mark: str = "", **filters: str) -> list[dict[str, Any]]:
        """Return what the provider took, in order, whose text holds the mark."""
        answer = self.session.get(f"{self.sandbox}/sandbox/messages", params=filters, timeout=30)
        return [row for row in answer.json() if mark in str(row["body"].get("text", ""))]

    def script(self, recipient: str, script: dict[str, Any]) -> None:
        answer = self.session.put(f"{self.sandbox}/sandbox/scripts/{recipient}", json=script, timeout=10)
        assert answer.ok, answer.text

    def callbacks(self, name: str = "demo") -> list[dict[str, Any]]:
        return list(self.session.get(f"{self.sandbox}/sandbox/callbacks/{name}", timeout=10).json())

    def dispatcher_numbers(self) -> list[int]:
        names = fleet.names_of(self.home)
        return [int(name.partition("-")[2]) for name in names if name.startswith("dispatcher-")]

    def pid(self, name: str) -> int:
        process = fleet.running(self.home, name)
        assert process is not None, f"{name} does not run"
        return process.pid

    def kill(self, name: str) -> None:
        """End one process as a power cut would."""
        process = fleet.running(self.home, name)
        assert process is not None, f"{name} does not run"
        process.send(signal.SIGKILL)
        wait_until(lambda: not process.alive(), 10)

    def stop_member(self, name: str) -> None:
        """Ask one process to end, and wait."""
        fleet.stop(self.home, name)

    def start_dispatcher(self, number: int, **environment: str) -> None:
        member = fleet.dispatcher(self.home, self.urls, number)
        member = replace(member, environment={**member.environment, **environment})
        fleet.start(self.home, member)
        fleet.wait_until_ready(self.home, member, self.store)

    def start_ingress(self) -> None:
        member = next(each for each in fleet.members(self.home, self.urls) if each.name == "ingress")
        fleet.start(self.home, member)
        fleet.wait_until_ready(self.home, member, self.store)

    def dead_letters(self) -> int:
        """Return how many messages lie in `cascade.dead`; the broker counts with a lag of some seconds."""
        ctl = private_ctl(self.home)
        assert ctl is not None
        lines = ctl("list_queues", "-p", DEFAULT_VHOST, "name", "messages").splitlines()[1:]
        return int(dict(line.split("\t") for line in lines)["cascade.dead"])

    def stop(self) -> None:
        self.store.close()
        stop_home(self.home)


Known = Callable[[Home], Iterable[DirectoryChange]]


def _nobody(_home: Home) -> Iterable[DirectoryChange]:
    return ()


def start_deployment(folder: Path, *, unpacked_dir: Path, dispatchers: int = 2, known: Known = _nobody) -> Deployment:
    """Start everything under `folder`.

    `known` gives who is in the store, beside the demo's caller, before anybody reads it.
    """
    home = Home(state_dir=folder, ports={"ingress": free_port(), "sandbox": free_port()}, unpacked_dir=unpacked_dir)
    with closing(open_upgraded_store(home)) as store:
        for record in known(home):
            store.change_directory(record)
    try:
        urls = start_home(home, say=lambda _line: None, dispatchers=dispatchers)
    except BaseException:
        stop_home(home)
        raise
    return Deployment(home=home, urls=urls, store=open_store(home.store_url))


def new_mark() -> str:
    """Return a mark of the caller's own for one workflow's texts."""
    return f"[{uuid4().hex[:12]}]"


def viber_then_sms(
    to: str, *, mark: str, window: int = WINDOW_S, condition: str = "delivered", **more: Any
) -> dict[str, Any]:
    """Return the README's workflow: Viber with a window, then SMS."""
    return {
        "template": "failover",
        "workflow": [
            {
                "from": {"type": "viber_service_msg", "id": "16273"},
                "to": {"type": "viber_service_msg", "number": to},
                "message": {"content": {"type": "text", "text": f"hello {mark}"}},
                "failover": {"expiry_time": window, "condition_status": condition},
            },
            {
                "from": {"type": "sms", "number": "447700900001"},
                "to": {"type": "sms", "number": to},
                "message": {"content": {"type": "text", "text": f"hello {mark}"}},
            },
        ],
        **more,
    }


def channels_of(rows: Iterable[dict[str, Any]]) -> list[str]:
    """Return the channels of what the provider took, in order."""
    return [str(row["channel"]) for row in rows]
