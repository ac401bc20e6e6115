"""Processor time of a deployment's processes, children included, from /proc."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tests.support.deployment import Deployment

_TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(deployment: Deployment) -> dict[str, float]:
    """Return seconds used so far by ingress, sandbox, broker, and the dispatchers together."""
    parents, used = _all_processes()
    groups: dict[str, float] = {}
    for path in (deployment.home.state_dir / "run").glob("*.pid"):
        group = {"rabbitmq": "broker"}.get(path.stem, path.stem.partition("-")[0])
        root = int(path.read_text(encoding="utf-8"))
        groups[group] = groups.get(group, 0.0) + sum(
            seconds for pid, seconds in used.items() if _descends(pid, root, parents)
        )
    return groups


def _all_processes() -> tuple[Mapping[int, int], Mapping[int, float]]:
    parents, used = {}, {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended between the two looks
        fields = text.rpartition(")")[2].split()
        pid = int(folder.name)
        parents[pid] = int(fields[1])
        used[pid] = (int(fields[11]) + int(fields[12])) / _TICKS
    return parents, used


def _descends(pid: int, root: int, parents: Mapping[int, int]) -> bool:
    while pid not in (0, root):
        pid = parents.get(pid, 0)
    return pid == root
