"""Send webhooks, and send them again, as the provider does: the one place here that is an HTTP client.

On 429, 5xx, a time-out or a broken connection a webhook is tried again after 5 s, then twice as long each time up to
15 minutes, for 24 hours (protocol 7.3); any other answer ends it. Each try is signed anew over the same bytes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from queue import SimpleQueue
from threading import Thread
from typing import Final

import requests
import structlog
from requests.adapters import HTTPAdapter

from services.sandbox.directory import Application
from services.sandbox.schedule import Schedule
from services.sandbox.scripts import Signature
from services.sandbox.signing import authorization

_FIRST_RETRY_S: Final = 5.0
_LONGEST_RETRY_S: Final = 900.0
_GIVEN_UP_AFTER_S: Final = 86_400.0
_TIMEOUTS_S: Final = (3.0, 15.0)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How one try went: `answer` is the status, None with an `error` if there was none."""

    number: int
    at_s: float
    answer: int | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One notification on its way. `told` hears of each try, on a thread of the sender."""

    url: str
    body: bytes
    account: Application
    by_token: bool
    signature: Signature
    told: Callable[[Attempt], None]
    method: str = "POST"
    content_type: str = "application/json"
    attempt: int = 1
    first_at_s: float = 0.0


def retry_delay_s(attempt: int) -> float:
    """Time before the try that follows this one (1 = the first)."""
    # Bounded before it is raised to a power: a day holds about a hundred tries.
    return min(_FIRST_RETRY_S * 2.0 ** min(attempt - 1, 20), _LONGEST_RETRY_S)


class Sender:
    """A small pool of threads, each with a connection pool of its own.

    `retry_scale` multiplies all waiting times between tries, so that a test need not wait for real ones.
    """

    def __init__(self, schedule: Schedule, *, threads: int, retry_scale: float) -> None:
        self._schedule = schedule
        self._retry_scale = retry_scale
        self._queue: SimpleQueue[Webhook | None] = SimpleQueue()
        self._threads = [
            Thread(target=self._run, name=f"sandbox-sender-{number}", daemon=True) for number in range(threads)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads after what they are doing."""
        for _ in self._threads:
            self._queue.put(None)

    def send(self, webhook: Webhook) -> None:
        """Have a webhook sent now. Returns at once."""
        self._queue.put(replace(webhook, first_at_s=time.monotonic()))

    def _run(self) -> None:
        # The bare adapter: no proxy and no .netrc of the environment, no cookies, no redirects, and a quarter quicker.
        adapter = HTTPAdapter()
        while (webhook := self._queue.get()) is not None:
            self._try(adapter, webhook)
        adapter.close()

    def _try(self, adapter: HTTPAdapter, webhook: Webhook) -> None:
        attempt = _call(adapter, webhook)
        webhook.told(attempt)
        if attempt.answer is not None and attempt.answer != 429 and attempt.answer < 500:
            return
        delay_s = retry_delay_s(webhook.attempt) * self._retry_scale
        if time.monotonic() + delay_s - webhook.first_at_s > _GIVEN_UP_AFTER_S * self._retry_scale:
            _log.warning("webhook.given_up", url=webhook.url, attempts=webhook.attempt)
            return
        _log.info(
            "webhook.put_off",
            url=webhook.url,
            attempt=webhook.attempt,
            answer=attempt.answer,
            error=attempt.error,
            delay_s=delay_s,
        )
        again = replace(webhook, attempt=webhook.attempt + 1)
        self._schedule.after(delay_s, lambda: self._queue.put(again))


def _call(adapter: HTTPAdapter, webhook: Webhook) -> Attempt:
    now_s = time.time()
    headers = {"User-Agent": "cascade-sandbox"}
    if webhook.method != "GET":
        headers["Content-Type"] = webhook.content_type
    signed = authorization(
        webhook.body, webhook.account, by_token=webhook.by_token, signature=webhook.signature, now_s=now_s
    )
    if signed is not None:
        headers["Authorization"] = signed
    answer: int | None = None
    error: str | None = None
    try:
        request = requests.Request(webhook.method, webhook.url, headers=headers, data=webhook.body).prepare()
        with adapter.send(request, timeout=_TIMEOUTS_S) as response:
            # Read to its end, the connection can be used again.
            _ = response.content
            answer = response.status_code
    # The library wraps nearly everything; a host name that can't be encoded gets through as the ValueError it is.
    except (requests.RequestException, ValueError) as failure:
        error = type(failure).__name__
    return Attempt(number=webhook.attempt, at_s=now_s, answer=answer, error=error)
