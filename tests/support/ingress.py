"""Start the ingress as a process of its own, on a free port, and talk to it over real HTTP.

store_url = new_store(tmp_path, caller)
ingress = start_ingress(tmp_path, broker_url=vhost.url, store_url=store_url)
ingress.wait_until_ready()
ingress.post("/v1/messages", body, authorization=caller.bearer(now=time.time()))
...
ingress.stop()
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

from shared.store.directory import DirectoryChange
from shared.store.migrations import upgrade
from shared.store.opening import open_store
from tests.support.ingress_callers import MadeUpCaller
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]


def new_store(folder: Path, *known: MadeUpCaller | DirectoryChange) -> str:
    """Make a SQLite store that knows these callers and records; return its URL."""
    url = f"sqlite:///{folder / 'cascade.db'}"
    upgrade(url)
    store = open_store(url)
    for each in known:
        for record in each.records() if isinstance(each, MadeUpCaller) else (each,):
            store.change_directory(record)
    store.close()
    return url


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingress:
    """An ingress that runs. `pid` is the process to signal; `url` has no slash at its end."""

    url: str
    pid: int
    process: "subprocess.Popen[bytes]"
    log: Path

    def get(self, path: str, *, authorization: str | None = None, timeout_s: float = 10.0) -> requests.Response:
        return requests.get(self.url + path, headers=_given(authorization), timeout=timeout_s)

    def delete(self, path: str, *, authorization: str | None = None) -> requests.Response:
        return requests.delete(self.url + path, headers=_given(authorization), timeout=10.0)

    def post(
        self,
        path: str,
        body: object = None,
        *,
        authorization: str | None = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 15.0,
    ) -> requests.Response:
        """Post `body` as JSON, or `raw` as it is."""
        chosen = {**_given(authorization), **(headers or {})}
        if raw is not None:
            chosen.setdefault("Content-Type", "application/json")
            return requests.post(self.url + path, data=raw, headers=chosen, timeout=timeout_s)
        return requests.post(self.url + path, json=body, headers=chosen, timeout=timeout_s)

    def wait_until_ready(self, within_s: float = 30.0) -> None:
        """Wait until /readyz says yes."""
        wait_until(lambda: self.get("/readyz").status_code == 200, within_s)

    def stop(self, within_s: float = 30.0) -> int:
        """End it in good order and return its exit code. May be called twice."""
        self.process.terminate()
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(within_s)
            raise


def start_ingress(folder: Path, *, broker_url: str, store_url: str, **environment: str) -> Ingress:
    """Start an ingress and wait until it takes calls (not until it is ready). Its log is in `folder`."""
    port_file, log = folder / "ingress.port", folder / "ingress.log"
    port_file.unlink(missing_ok=True)
    chosen = {
        "CASCADE_BROKER_URL": broker_url,
        "CASCADE_STORE_URL": store_url,
        "CASCADE_INGRESS_PORT": "0",
        "CASCADE_INGRESS_PORT_FILE": str(port_file),
        **environment,
    }
    process = launch(log, **chosen)
    try:
        wait_until(lambda: port_file.exists() or process.poll() is not None, 30.0)
    except AssertionError:
        process.kill()
        process.wait()
        raise
    if process.poll() is not None:
        raise AssertionError(f"the ingress ended with {process.returncode}: {log.read_text()}")
    port = port_file.read_text().strip()
    return Ingress(url=f"http://127.0.0.1:{port}", pid=process.pid, process=process, log=log)


def launch(log: Path, **environment: str) -> "subprocess.Popen[bytes]":
    """Start the process with these settings and no others, and wait for nothing."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CASCADE_")}
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "services.ingress"],
            cwd=ROOT,
            env={**inherited, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _given(authorization: str | None) -> dict[str, str]:
    return {} if authorization is None else {"Authorization": authorization}
