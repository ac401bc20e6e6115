"""Run a client's driver, a script in the client's own environment: calls go in as JSON, results come out as JSON."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".state" / "clients"
PYTHON = INSTALLED / "python" / "bin" / "python"
NODE = INSTALLED / "node" / "node"

SDK_3 = ("server-sdk-3.27.0", "server-sdk-3.30.1")
V0_1_CLIENTS = ("nexmo-2.4.3", "nexmo-2.7.0", "server-sdk-2.10.7")
BETA_CLIENT = "nexmo-2.3.1"
FIRST_V1_CLIENT = "server-sdk-2.11.3"

Call = Mapping[str, Any]
Result = dict[str, Any]
"""`gave`, or `raised` with what the client made of the refusal."""


def by_python(host: str, auth: Call | None, calls: Sequence[Call], *, authority: Path | None = None) -> list[Result]:
    """Make calls with the Python client; `host` is host and port, `authority` the certificate it trusts."""
    asked = {"host": host, "calls": calls} | ({} if auth is None else {"auth": auth})
    trusted = {} if authority is None else {"REQUESTS_CA_BUNDLE": str(authority)}
    return _run([str(PYTHON), str(HERE / "drive_python.py")], asked, trusted)


def by_sdk_3(package: str, url: str, auth: Call | None, calls: Sequence[Call], **environment: str) -> list[Result]:
    """Make calls with a 3.x client for Node; `url` is the host with its scheme."""
    asked = {"package": package, "apiHost": url, "calls": calls} | ({} if auth is None else {"auth": auth})
    return _run([str(NODE), str(HERE / "drive_sdk3.js")], asked, environment)


def by_old_node(package: str, port: int, credentials: Call, calls: Sequence[Call]) -> list[Result]:
    """Make calls with a client for Node that calls back, to a port of this machine."""
    # Where each version looks for the host: some want a bare one, some an address, none names the same option.
    bare = package.startswith("nexmo")
    options = {"host": "127.0.0.1" if bare else "http://127.0.0.1", "port": port}
    if package == FIRST_V1_CLIENT:
        options = {"apiHost": "http://127.0.0.1", "port": port}
    asked = {"package": package, "credentials": credentials, "options": options, "calls": calls}
    return _run([str(NODE), str(HERE / "drive_old_node.js")], asked, {})


def _run(command: list[str], asked: Call, environment: Mapping[str, str]) -> list[Result]:
    # No proxy comes between a client and this machine.
    inherited = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    ran = subprocess.run(
        command,
        cwd=INSTALLED / "node",
        env={**inherited, **environment},
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    results: list[Result] = json.loads(ran.stdout)
    assert len(asked["calls"]) == len(results)
    return results
