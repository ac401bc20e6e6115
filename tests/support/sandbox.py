"""Start the sandbox as a process of its own, and an account that may call it.

sandbox = start_sandbox(tmp_path, CASCADE_SANDBOX_RETRY_SCALE="0.02")
account = make_account()
sandbox.register(account, status_url=sink.url, inbound_url=sink.url)
sandbox.send(account, channel="sms", to="447700900123", text="Hello")
...
sandbox.stop()
"""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jwt
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An application with its key pair, and the account it belongs to."""

    application_id: str
    private_key: str
    public_key: str
    api_key: str
    api_secret: str
    signature_secret: str

    def token(self, claims: Mapping[str, object] | None = None, algorithm: str = "RS256") -> str:
        """Make a token; `claims` add to the usual ones, None takes one away."""
        usual = {"application_id": self.application_id, "iat": int(time.time()), "jti": str(uuid.uuid4())}
        chosen = {name: value for name, value in {**usual, **(claims or {})}.items() if value is not None}
        return jwt.encode(chosen, self.private_key, algorithm=algorithm)


@cache
def _kept_token(account: Account) -> str:
    """Sign once: reading the key again for each call takes longer than the call."""
    return account.token()


def make_account() -> Account:
    """Make an account with a fresh key pair and secrets."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Account(
        application_id=str(uuid.uuid4()),
        private_key=private.decode(),
        public_key=public.decode(),
        api_key=uuid.uuid4().hex[:8],
        api_secret=uuid.uuid4().hex[:16],
        signature_secret=uuid.uuid4().hex + uuid.uuid4().hex,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A sandbox that runs. `pid` is the process to signal; `url` has no slash at its end."""

    url: str
    pid: int
    process: "subprocess.Popen[bytes]"
    log: Path
    authority: Path | None = None
    """Where the sandbox speaks https: what to trust."""

    def stop(self, within_s: float = 10.0) -> int:
        """End it and give its exit code. May be called twice."""
        self.process.terminate()
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(within_s)
            raise

    def register(self, account: Account, *, status_url: str, inbound_url: str, **more: str) -> None:
        """Make an account known, with where its webhooks go."""
        fields = {
            **more,
            "public_key": account.public_key,
            "status_url": status_url,
            "inbound_url": inbound_url,
            "api_key": account.api_key,
            "api_secret": account.api_secret,
            "signature_secret": account.signature_secret,
        }
        self.call("PUT", f"/sandbox/applications/{account.application_id}", fields, expected=204)

    def send(self, account: Account, *, timeout_s: float = 30.0, **fields: object) -> requests.Response:
        """Send a v1 message; what is not given is a good text message."""
        body = {"from": "447700900001", "message_type": "text", "text": "Hello", **fields}
        return requests.post(
            f"{self.url}/v1/messages",
            json=body,
            headers={"Authorization": f"Bearer {account.token()}"},
            timeout=timeout_s,
        )

    def request(
        self, account: Account, method: str, path: str, body: object, *, timeout_s: float = 30.0
    ) -> requests.Response:
        """Call any address of the provider's side with one token for all calls of an account."""
        return requests.request(
            method,
            self.url + path,
            json=body,
            headers={"Authorization": f"Bearer {_kept_token(account)}"},
            timeout=timeout_s,
            verify=str(self.authority) if self.authority else None,
        )

    def post(self, account: Account, path: str, body: object) -> requests.Response:
        return self.request(account, "POST", path, body)

    def patch(self, account: Account, message_uuid: str, body: object) -> requests.Response:
        return self.request(account, "PATCH", f"/v1/messages/{message_uuid}", body)

    def reply(self, **fields: object) -> dict[str, Any]:
        """Have somebody write to an application; gives the body of the webhook."""
        return dict(self.call("POST", "/sandbox/reply", fields, expected=202)["body"])

    def workflows(self) -> list[dict[str, Any]]:
        """Give the workflows that the sandbox ran itself, oldest first."""
        return list(self.call("GET", "/sandbox/workflows"))

    def inbound(self) -> list[dict[str, Any]]:
        """Give the messages that were written to applications, oldest first."""
        return list(self.call("GET", "/sandbox/inbound"))

    def script(self, recipient: str, script: object) -> None:
        self.call("PUT", f"/sandbox/scripts/{recipient}", script)

    def messages(self, **wanted: str) -> list[dict[str, Any]]:
        """Give what was received, oldest first."""
        shown: list[dict[str, Any]] = self.call("GET", "/sandbox/messages", params=wanted)
        return shown

    def calls(self, **wanted: str) -> list[dict[str, Any]]:
        """Give every call, refused ones too."""
        shown: list[dict[str, Any]] = self.call("GET", "/sandbox/calls", params=wanted)
        return shown

    def call(
        self, method: str, path: str, body: object = None, *, params: dict[str, str] | None = None, expected: int = 200
    ) -> Any:
        """Call the sandbox's own API and give what it answers."""
        content = None if body is None else json.dumps(body)
        trusted = str(self.authority) if self.authority else None
        response = requests.request(method, self.url + path, data=content, params=params, timeout=10, verify=trusted)

        assert expected == response.status_code, response.text
        return response.json() if response.content else None


def start_sandbox(directory: Path, **environment: str) -> Sandbox:
    """Start a sandbox on a free port and wait until it takes calls. Its log is in `directory`."""
    port_file, log = directory / "sandbox.port", directory / "sandbox.log"
    port_file.unlink(missing_ok=True)
    chosen = {"CASCADE_SANDBOX_PORT": "0", "CASCADE_SANDBOX_PORT_FILE": str(port_file), **environment}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CASCADE_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.sandbox"],
            cwd=ROOT,
            env={**inherited, **chosen},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: port_file.exists() or process.poll() is not None, deadline_s=30)
    except AssertionError:
        process.kill()
        process.wait()
        raise
    if process.poll() is not None:
        raise AssertionError(f"the sandbox ended with {process.returncode}: {log.read_text()}")
    certificate = environment.get("CASCADE_SANDBOX_TLS_CERT")
    scheme, authority = ("https", Path(certificate)) if certificate else ("http", None)
    url = f"{scheme}://127.0.0.1:{port_file.read_text().strip()}"
    return Sandbox(url=url, pid=process.pid, process=process, log=log, authority=authority)
