"""`cascade ingress|dispatcher|sandbox`: run one service in the foreground, in this process's place."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click


@click.command()
def ingress() -> None:
    """Run the ingress. Settings come from CASCADE_* variables; CASCADE_BROKER_URL is required."""
    _become("services.ingress")


@click.command()
def dispatcher() -> None:
    """Run a dispatcher. Start as many as you like; kill them as you like."""
    _become("services.dispatcher")


@click.command()
def sandbox() -> None:
    """Run the simulated provider. For development and tests, never for production."""
    _become("services.sandbox")


def _become(module: str) -> NoReturn:
    """Replace this process, so that signals and exit codes are the service's own."""
    os.execv(sys.executable, [sys.executable, "-m", module])  # noqa: S606  no shell is wanted
