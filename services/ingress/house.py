"""What every request of the ingress may use: one record, handed to the application when it is made."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, current_app

from services.ingress.clock import Clock, StoreTime
from services.ingress.known import KnownCallers
from services.ingress.ports import IngressStore, Publisher
from services.ingress.settings import IngressSettings
from shared.metrics import Metrics

_NAME = "cascade"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The ports and caches of one process."""

    settings: IngressSettings
    store: IngressStore
    publisher: Publisher
    clock: Clock
    store_time: StoreTime
    known: KnownCallers
    metrics: Metrics


def house() -> House:
    """Return the record of the application that serves this request."""
    found: House = current_app.extensions[_NAME]
    return found


def move_in(app: Flask, record: House) -> None:
    """Give the record to an application."""
    app.extensions[_NAME] = record
