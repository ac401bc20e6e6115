"""The command line's client of the sandbox's own side: what it received, and what it shall do."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import requests

from services.cli.client import new_session
from shared.errors import CascadeError

TIMEOUT_S = (3.05, 15.0)


class SandboxClient:
    """Calls one sandbox. Every method raises CascadeError where it does not answer as it should."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = new_session(url)

    def script(self, recipient: str, script: object) -> None:
        """Say what becomes of the messages to a recipient."""
        self._call("PUT", f"/sandbox/scripts/{quote(recipient, safe='')}", json=script)

    def messages(self, *, to: str | None = None) -> list[dict[str, Any]]:
        """Return what was received, oldest first; `to` None: by anyone."""
        return list(self._call("GET", "/sandbox/messages", params={} if to is None else {"to": to}).json())

    def callbacks(self, name: str) -> list[dict[str, Any]]:
        """Return the webhooks that the receiver of this name got."""
        return list(self._call("GET", f"/sandbox/callbacks/{quote(name, safe='')}").json())

    def close(self) -> None:
        """Give back its connections."""
        self._session.close()

    def _call(self, method: str, path: str, **given: Any) -> requests.Response:
        try:
            answer = self._session.request(method, self._url + path, timeout=TIMEOUT_S, **given)
        except requests.RequestException as error:
            raise CascadeError(f"The sandbox at {self._url} does not answer ({type(error).__name__})") from error
        if not answer.ok:
            raise CascadeError(f"The sandbox answered HTTP {answer.status_code} to {method} {path}: {answer.text}")
        return answer
