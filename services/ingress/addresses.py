"""The addresses of what was sent, of each generation: one row an address, for those who show, cancel and tell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from flask import Flask
from werkzeug.routing import BaseConverter

from shared.model import Generation

IDENTIFIER = "<id:identifier>"
"""An id as the router knows it, once `know_ids` was called."""


class _Identifier(BaseConverter):
    """One part of an address that is no `ping`: that one is an address of its own, with methods of its own."""

    regex = r"(?!ping\Z)[^/]+"
    part_isolating = True


def know_ids(app: Flask) -> None:
    """Teach the router what an id is; before the first address that has one."""
    app.url_map.converters["id"] = _Identifier


class Kind(StrEnum):
    """What the id at the end of an address is of."""

    WORKFLOW = "workflow"
    MESSAGE = "message"
    EITHER = "either"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address that ends in an id."""

    path: str
    kind: Kind
    generation: Generation = Generation.V1

    @property
    def rule(self) -> str:
        """The address as the router knows it."""
        return f"{self.path}/{IDENTIFIER}"

    def endpoint(self, verb: str) -> str:
        """Return a name for one thing that can be done there; the router takes no dots in it."""
        return f"{verb} {self.path}".replace(".", "_")


SENT: tuple[Address, ...] = (
    Address(path="/v1/messages", kind=Kind.MESSAGE),
    Address(path="/v1/workflows", kind=Kind.WORKFLOW),
    Address(path="/v0.1/messages", kind=Kind.MESSAGE, generation=Generation.V0_1),
    Address(path="/v0.1/dispatch", kind=Kind.WORKFLOW, generation=Generation.V0_1),
    Address(path="/beta/messages", kind=Kind.MESSAGE, generation=Generation.BETA),
    Address(path="/beta/workflows", kind=Kind.WORKFLOW, generation=Generation.BETA),
)
LINKED = Address(path="/workflows", kind=Kind.EITHER)
"""What webhooks link to: `/workflows/<id>` of a workflow, and beside it the bare ids of a report's messages."""
