"""The page of figures of a service that is served by several processes.

The client library keeps each process's figures in files of one folder when `PROMETHEUS_MULTIPROC_DIR` names it before
the library is imported. Without that variable the page shows this process alone.
"""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess

from shared.metrics import Metrics

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def page_of(metrics: Metrics) -> tuple[bytes, str]:
    """Return (text, content type): the sum over all processes where they share a folder."""
    registry = metrics.registry
    if os.environ.get(FOLDER_VARIABLE):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's is untyped
    return generate_latest(registry), CONTENT_TYPE_LATEST


def forget_process(pid: int) -> None:
    """Take the gauges of a process that ended off the page; its counters stay."""
    if os.environ.get(FOLDER_VARIABLE):
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]  # the library's is untyped
