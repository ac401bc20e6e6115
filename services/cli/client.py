"""The command line's client of the ingress: plain HTTP, as any caller's."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from services.cli.home import Home
from services.cli.tokens import caller_token
from shared.errors import CascadeError

URL_VARIABLE = "CASCADE_INGRESS_URL"
TIMEOUT_S = (3.05, 15.0)
TOKEN_KEPT_S = 600.0
"""Well below the quarter of an hour that a token lives."""


def answers(url: str) -> bool:
    """Tell whether a GET of this address is answered 200."""
    with new_session(url) as session:
        try:
            return session.get(url, timeout=2).ok
        except requests.RequestException:
            return False


def path_to(kind: str, given: str) -> str:
    """Return the path of a thing by its id, whatever letters somebody typed as the id."""
    return f"/v1/{kind}/{quote(given, safe='')}"


class Refused(CascadeError):
    """The ingress answered no; the text is what it said, with every field it named."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class IngressClient:
    """Calls one ingress as one application."""

    def __init__(self, home: Home, *, application: str | None = None, key: Path | None = None) -> None:
        """Take the address from CASCADE_INGRESS_URL, else the home's port."""
        self._url = (os.environ.get(URL_VARIABLE) or home.url("ingress")).rstrip("/")
        self._home, self._application, self._key = home, application, key
        self._session = new_session(self._url)
        self._token, self._token_until = "", 0.0

    def post(self, path: str, body: object) -> dict[str, Any]:
        """Post JSON and return the answer's. Raises Refused."""
        return self._call("POST", path, json=body)

    def get(self, path: str) -> dict[str, Any]:
        """Return what is there. Raises Refused."""
        return self._call("GET", path)

    def delete(self, path: str) -> dict[str, Any]:
        """Ask for an end. Raises Refused."""
        return self._call("DELETE", path)

    def _call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        bearer = f"Bearer {self._fresh_token()}"

        def signed(request: requests.PreparedRequest) -> requests.PreparedRequest:
            # As an `auth`, not among the headers: those would lose against a ~/.netrc.
            request.headers["Authorization"] = bearer
            return request

        try:
            answer = self._session.request(
                method,
                self._url + path,
                headers={"Accept": "application/json"},
                auth=signed,
                timeout=TIMEOUT_S,
                allow_redirects=False,
                **body,
            )
        except requests.RequestException as error:
            raise CascadeError(
                f"The ingress at {self._url} does not answer ({type(error).__name__}); is it running? `make up`"
            ) from error
        try:
            decoded = answer.json()
        except requests.exceptions.JSONDecodeError as error:
            raise Refused(answer.status_code, f"HTTP {answer.status_code} without JSON from {self._url}") from error
        if not answer.ok or not isinstance(decoded, dict):
            problem = decoded if isinstance(decoded, dict) else {}
            raise Refused(answer.status_code, _words(answer.status_code, problem))
        return decoded

    def _fresh_token(self) -> str:
        """Return a token for this call: reading and checking a private key costs more than a whole request does."""
        if time.monotonic() >= self._token_until:
            self._token = caller_token(self._home, application=self._application, key=self._key)
            self._token_until = time.monotonic() + TOKEN_KEPT_S
        return self._token


def new_session(url: str) -> requests.Session:
    """Return a session that goes straight to this very machine, and elsewhere by the environment's proxies."""
    session = requests.Session()
    host = urlsplit(url).hostname or ""
    try:
        here = ip_address(host).is_loopback
    except ValueError:
        here = host == "localhost"
    session.trust_env = not here
    return session


def _words(status: int, problem: Mapping[str, Any]) -> str:
    lines = [f"HTTP {status}: {problem.get('title', '')} {problem.get('detail', '')}".rstrip()]
    lines += [f"  {each.get('name')}: {each.get('reason')}" for each in problem.get("invalid_parameters", [])]
    return "\n".join(lines)
