"""How fast a store writes and reads whole turns: each change with its journal, outbox, attempt and callback."""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from shared.model import State
from shared.store.migrations import upgrade
from shared.store.opening import open_memory_store, open_store
from shared.store.port import Store
from tests.support.store_rows import attempt_row, batch, callback_row, change, outbox_row, start, workflow

BATCHES = (1, 20, 100)
RUNS = 3


def bench_store(*, rows: int = 3_000, urls: dict[str, str] | None = None) -> dict[str, float]:
    """Return rows a second for each store, operation and batch size; the median of three runs.

    `urls`: more databases to measure, by name, empty ones. A row is a workflow of two steps; an insert brings one
    entry and one outbox row, an update one entry, one outbox row, one attempt, and every other one a callback.
    """
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, url in {"memory": "", "sqlite": f"sqlite:///{folder}/store.db", **(urls or {})}.items():
            if url:
                upgrade(url)
            store: Store = open_store(url) if url else open_memory_store()
            number = 0
            for size in BATCHES:
                runs = []
                for _ in range(RUNS):
                    count = rows if size > 1 else rows // 10
                    runs.append(_measure(store, first=number, count=count, size=size))
                    number += count
                for operation in runs[0]:
                    figures[f"store.{name}.{operation}.batch_{size}"] = round(median(run[operation] for run in runs))
            if url.startswith("sqlite"):
                figures["store.sqlite.bytes_a_workflow"] = Path(url.removeprefix("sqlite:///")).stat().st_size // number
            store.close()
    return figures


def _measure(store: Store, *, first: int, count: int, size: int) -> dict[str, float]:
    workflows = [workflow(number) for number in range(first, first + count)]
    lots = [workflows[place : place + size] for place in range(0, count, size)]
    inserts = [batch(*(start(each, outbox=(outbox_row("m", tenant="acme"),)) for each in lot)) for lot in lots]
    updates = [
        batch(
            *(
                change(
                    each,
                    version=1,
                    workflow=replace(each, state=State.WAITING, sequence=2),
                    outbox=(outbox_row("m", tenant="acme"),),
                    attempts=(attempt_row(each, uuid=each.workflow_id),),
                    callbacks=(callback_row(each.workflow_id, of=each.workflow_id),) if place % 2 else (),
                )
                for place, each in enumerate(lot)
            )
        )
        for lot in lots
    ]
    figures = {}
    numbers: list[int] = []
    for operation, batches in (("insert", inserts), ("update", updates)):
        begin = time.perf_counter()
        for each in batches:
            numbers += store.commit(each).outbox_ids
        figures[operation] = count / (time.perf_counter() - begin)
    begin = time.perf_counter()
    for lot in lots:
        store.load([each.workflow_id for each in lot])
    figures["load"] = count / (time.perf_counter() - begin)
    begin = time.perf_counter()
    for place in range(0, len(numbers), size):
        store.outbox_sent(numbers[place : place + size])
    figures["outbox_sent"] = len(numbers) / (time.perf_counter() - begin)
    return figures


if __name__ == "__main__":
    for figure, value in bench_store(urls={"postgresql": sys.argv[1]} if sys.argv[1:] else None).items():
        print(f"{value:>10,.0f}  {figure}")
