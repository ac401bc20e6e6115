"""Send a list of messages with one client twice: through us, and straight to the sandbox as if it were the provider."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.clients.drivers import HERE, Call, Result
from tests.clients.stage import Stage
from tests.support.provider_bodies import as_asked, without_own

Messages = Mapping[str, Any]


def messages_in(name: str) -> dict[str, Any]:
    """Return the messages of a file beside this one, each under the name of its test."""
    found: dict[str, Any] = json.loads((HERE / name).read_text(encoding="utf-8"))
    return found


def kinds_in(value: object, word: str) -> Iterator[str]:
    """Yield every name of a model or class that is used anywhere in a value."""
    if isinstance(value, Mapping):
        if word in value:
            yield value[word]
        for each in value.values():
            yield from kinds_in(each, word)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for each in value:
            yield from kinds_in(each, word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What the client was told of each message, both ways."""

    stage: Stage
    by_us: Mapping[str, Result]
    directly: Mapping[str, Result]
    received: Mapping[str, dict[str, Any]]
    """What the sandbox got directly, by the id that it gave."""
    uuid_of: Callable[[Result], str]
    """Where the client has the id."""

    def refusals(self, name: str) -> dict[str, Result]:
        """Return who refused the message, and what the client made of that; empty where nobody did."""
        both = {"by us": self.by_us[name], "by the provider": self.directly[name]}
        return {who: result for who, result in both.items() if "gave" not in result}

    def asked_and_got(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what the client sends the provider itself, and what the provider gets of it from us."""
        asked = self.received[self.uuid_of(self.directly[name])]
        got = self.stage.sent_by_us(self.uuid_of(self.by_us[name]))["body"]
        return without_own(asked), as_asked(got, asked)


def send_both_ways(
    stage: Stage,
    messages: Messages,
    *,
    call: Callable[[Any], Call],
    by_us: Callable[[list[Call]], Iterable[Result]],
    directly: Callable[[list[Call]], Iterable[Result]],
    uuid_of: Callable[[Result], str],
) -> Sent:
    """Make each call both ways, in one run of the client each."""
    calls = [call(message) for message in messages.values()]
    told = list(directly(calls))
    return Sent(
        stage=stage,
        by_us=dict(zip(messages, by_us(calls), strict=True)),
        directly=dict(zip(messages, told, strict=True)),
        received={row["message_uuid"]: row["body"] for row in stage.received()},
        uuid_of=uuid_of,
    )
