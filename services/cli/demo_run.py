"""The demo from the first process to the last count: start, send, kill, wait, compare.

What is told at the end is read as a caller and as the provider would: the workflows over the ingress's HTTP API, the
messages from the sandbox. The store is looked at on the way only, for progress and for the calls in flight.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from services.cli.broker import BrokerUrls
from services.cli.client import IngressClient, Refused
from services.cli.client_sandbox import SandboxClient
from services.cli.credentials import DEMO_TENANT
from services.cli.demo_count import Count, count, received_by_mark, told_of
from services.cli.demo_heard import Heard, heard_of
from services.cli.demo_kill import DOWN_S, Struck, start_again, strike
from services.cli.demo_kinds import IN_DOUBT, SLOW, SLOW_ANSWER_S, scripts
from services.cli.demo_plan import Plan
from services.cli.demo_report import Case, Kill
from services.cli.demo_stage import QueueSender, Stage
from services.cli.home import Home
from services.cli.publisher import add_publisher
from services.cli.store import existing_store
from shared.errors import CascadeError, ConfigError
from shared.queue.topology import DEFAULT_VHOST
from shared.store.port import Store

LOOK_EVERY_S = 0.5
PROGRESS_EVERY_S = 10.0
LONGEST_S = 240.0
"""From the first workflow: what has not ended by then is counted as it stands."""
QUIET_S = 7.0
"""After the last end: the late receipt comes 5 s after its window, and a message too many would come by then too."""
OTHER_SYSTEM = "demo-shop"
"""Broker user of the "other system" that publishes without HTTP."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the demo found."""

    cases: tuple[Case, ...]
    not_accepted: tuple[str, ...]
    received: Counter[tuple[str, str]]
    kill: Kill
    count: Count
    heard: Heard


def perform(home: Home, urls: BrokerUrls, plan: Plan, say: Say) -> Result:
    """Run the plan on a home that is up. Raises CascadeError where something that must answer does not."""
    client, sandbox = IngressClient(home), SandboxClient(home.url("sandbox"))
    queue = _other_system(home, urls)
    try:
        with existing_store(home) as store:
            stage = Stage(client=client, queue=queue, store=store, say=say)
            in_doubt = sum(planned.recipient == IN_DOUBT for planned in plan.steady)
            for recipient, script in scripts(slow=len(plan.batch), in_doubt=in_doubt).items():
                sandbox.script(recipient, script)
            kill = _play(home, urls, plan, stage, sandbox, store, say)
            return _compare(client, sandbox, stage, kill)
    finally:
        queue.close()
        sandbox.close()


def _other_system(home: Home, urls: BrokerUrls) -> QueueSender:
    password = add_publisher(home, OTHER_SYSTEM, DEMO_TENANT)
    if password is None:
        raise ConfigError("The demo has no broker of its own.")
    port = urls.setup.rpartition(":")[2].partition("/")[0]
    url = f"amqp://{OTHER_SYSTEM}:{password}@127.0.0.1:{port}/{DEFAULT_VHOST}"
    return QueueSender(url, user=OTHER_SYSTEM, tenant=DEMO_TENANT)


def _play(
    home: Home, urls: BrokerUrls, plan: Plan, stage: Stage, sandbox: SandboxClient, store: Store, say: Say
) -> Kill:
    """Send everything in its time, kill and start again on the way, and wait until all has ended."""
    begun = time.monotonic()
    waiting = list(plan.steady)
    struck: Struck | None = None
    kill: Kill | None = None
    look_at = progress_at = begun
    quiet_since: float | None = None
    while quiet_since is None or time.monotonic() < quiet_since + QUIET_S:
        now = time.monotonic()
        if waiting and waiting[0].after_s <= now - begun:
            stage.send(waiting.pop(0))
        if struck is None and now - begun >= plan.batch_after_s:
            struck = _kill_amid_the_batch(home, plan, stage, sandbox, say)
        if struck is not None and kill is None and time.time() >= struck.at + DOWN_S:
            kill = start_again(home, urls, store, struck)
            say(f"  {_clock()}  {kill.name} runs again, pid {kill.started_again_pid}")
        if now >= look_at:
            look_at = now + LOOK_EVERY_S
            stage.watch()
        if now >= progress_at + PROGRESS_EVERY_S:
            progress_at = now
            say(_progress(plan, stage, len(waiting)))
        over = not waiting and kill is not None and (not stage.open_count or now - begun >= LONGEST_S)
        quiet_since = (quiet_since or now) if over else None
        if not waiting or waiting[0].after_s > time.monotonic() - begun:
            time.sleep(0.02)
    if kill is None:
        raise CascadeError("No dispatcher was killed.")
    return kill


def _kill_amid_the_batch(home: Home, plan: Plan, stage: Stage, sandbox: SandboxClient, say: Say) -> Struck:
    """Send the batch, and when most of its calls have reached the provider and none is answered, kill."""
    begun = time.monotonic()
    for planned in plan.batch:
        stage.send(planned)
    wanted = len(plan.batch) * 3 // 4
    while len(sandbox.messages(to=SLOW)) < wanted and time.monotonic() - begun < SLOW_ANSWER_S * 0.75:
        time.sleep(0.05)
    struck = strike(home, stage.open_rows)
    say(f"  {_clock()}  kill -9 of {struck.name}, pid {struck.pid}: {len(struck.in_flight)} calls were in flight")
    return struck


def _compare(client: IngressClient, sandbox: SandboxClient, stage: Stage, kill: Kill) -> Result:
    received = received_by_mark(sandbox.messages())
    cases = []
    for workflow_id, planned in stage.accepted.items():
        try:
            workflow = client.get(f"/v1/workflows/{workflow_id}")
            entries = client.get(f"/v1/workflows/{workflow_id}/timeline")["entries"]
        except Refused as refused:
            if refused.status != 404:
                raise
            workflow, entries = {"workflow_id": workflow_id}, []  # accepted, and unknown: lost
        cases.append(Case(planned=planned, told=told_of(planned.mark, workflow, entries), entries=entries))
    return Result(
        cases=tuple(cases),
        not_accepted=tuple(stage.not_accepted),
        received=received,
        kill=kill,
        count=count([case.told for case in cases], received),
        heard=heard_of(sandbox.callbacks("demo")),
    )


def _progress(plan: Plan, stage: Stage, unsent: int) -> str:
    sent = plan.total - unsent
    return f"  {_clock()}  {sent} of {plan.total} sent, {len(stage.accepted) - stage.open_count} ended"


def _clock() -> str:
    return time.strftime("%H:%M:%S")
