"""Kill a dispatcher that has calls in flight, by the pid of its pid file, and start it again.

Which calls are in flight is read from the store (rows in `sending`); whose they are, from the dispatchers' logs: each
logs what it committed, so the last who claimed a row is who was calling.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.cli import fleet
from services.cli.broker import BrokerUrls
from services.cli.demo_report import Kill
from services.cli.home import Home
from shared.errors import CascadeError
from shared.model import State, Workflow
from shared.store.port import Store

DISPATCHERS = ("dispatcher-1", "dispatcher-2")
DOWN_S = 5.0
"""How long the killed one stays away."""

Look = Callable[[], Mapping[str, Workflow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """A dispatcher that was killed and not started again yet."""

    name: str
    pid: int
    at: float
    in_flight: tuple[str, ...]


def claimers(logs: Iterable[tuple[str, Path]]) -> dict[str, str]:
    """Return who claimed each workflow last, by id, as the logs of (name, file) tell it."""
    last: dict[str, tuple[str, str]] = {}
    for name, path in logs:
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if '"claimed"' not in line:
                continue
            try:
                told = json.loads(line)
            except ValueError:
                continue  # the last line of a process that was killed while it wrote
            claim = (str(told.get("timestamp")), name)
            workflow_id = str(told.get("workflow_id"))
            last[workflow_id] = max(claim, last.get(workflow_id, claim))
    return {workflow_id: name for workflow_id, (_, name) in last.items()}


def in_flight_by_dispatcher(home: Home, rows: Mapping[str, Workflow]) -> dict[str, list[str]]:
    """Return the ids of the rows in `sending`, by the dispatcher that calls for them."""
    whose = claimers((name, home.log_dir / f"{name}.log") for name in DISPATCHERS)
    found: dict[str, list[str]] = {name: [] for name in DISPATCHERS}
    for workflow_id, workflow in rows.items():
        if workflow.state is State.SENDING and workflow_id in whose:
            found[whose[workflow_id]].append(workflow_id)
    return found


def strike(home: Home, look: Look) -> Struck:
    """Kill the dispatcher with most calls in flight. Raises CascadeError where none runs."""
    by_name = in_flight_by_dispatcher(home, look())
    calls = Counter({name: len(ids) for name, ids in by_name.items()})
    name = calls.most_common(1)[0][0]
    process = fleet.running(home, name)
    if process is None:
        raise CascadeError(f"{name} is not running; the end of its log is in {home.log_dir / name}.log")
    at = time.time()
    process.kill()
    # Read after the kill: what it committed in its last moment counts, and nobody answers for it any more.
    left = in_flight_by_dispatcher(home, look())[name]
    return Struck(name=name, pid=process.pid, at=at, in_flight=tuple(left))


def start_again(home: Home, urls: BrokerUrls, store: Store, struck: Struck) -> Kill:
    """Start the killed dispatcher again and wait until it works."""
    member = fleet.dispatcher(home, urls, int(struck.name.rpartition("-")[2]))
    fleet.start(home, member)
    fleet.wait_until_ready(home, member, store)
    process = fleet.running(home, struck.name)
    return Kill(
        name=struck.name,
        pid=struck.pid,
        at=struck.at,
        in_flight=struck.in_flight,
        started_again_pid=process.pid if process is not None else None,
        down_s=time.time() - struck.at,
    )
