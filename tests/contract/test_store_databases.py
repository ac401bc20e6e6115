"""What only a real database can get wrong: plans, locks, lost connections, killed processes, rows of other versions."""

import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event, insert, text, update

from shared.errors import ConfigError, StoreUnavailable
from shared.model import StopKind
from shared.store.document import DOCUMENT_SCHEMA
from shared.store.migrations import upgrade
from shared.store.opening import open_store
from shared.store.records import Batch
from shared.store.records_requests import SearchQuery
from shared.store.sql import SqlStore
from shared.store.sql_connect import connect
from shared.store.tables import workflows
from tests.support.store_rows import (
    EPOCH,
    attempt_row,
    batch,
    callback_row,
    change,
    outbox_row,
    parked,
    start,
    stop,
    suppression,
    tombstone,
    workflow,
    workflow_id,
)
from tests.support.waiting import wait_until


@pytest.fixture
def opened(database_url: str) -> Iterator[SqlStore]:
    upgrade(database_url)
    store = open_store(database_url)
    yield store
    store.close()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/store.db"
    upgrade(url)
    return url


# Every statement of the paths that run all day, on enough rows that reading a whole table would show.
ALL_DAY: dict[str, Callable[[SqlStore], object]] = {
    "due": lambda store: store.due(now=EPOCH + 90, read_to=EPOCH + 80, limit=10, seed=1),
    "load": lambda store: store.load([workflow_id(5), workflow_id(9999)], ["uuid-7"]),
    "commit": lambda store: store.commit(
        batch(
            change(workflow(5), version=1, attempts=(attempt_row(workflow(5), uuid="u"),)),
            start(workflow(9001), suppressions=(suppression("number:1"),), callbacks=(callback_row("c"),)),
            parked=(parked("a", next_at=None),),
            unparked=("a",),
            tombstones=(tombstone(9002),),
            read_to=EPOCH,
        )
    ),
    "quarantine": lambda store: store.quarantine(workflow_id(6), until=EPOCH, error="x"),
    "outbox_sent": lambda store: store.outbox_sent([1, 2, 3]),
    "outbox_of_others": lambda store: store.outbox_of_others(now=EPOCH, older_than_s=5, limit=10),
    "take_callbacks": lambda store: store.take_callbacks(now=store.now() + 60, lease_s=30, limit=10),
    "settle_callback": lambda store: store.callbacks_of(workflow_id(5)),
    "due_parked": lambda store: store.due_parked(now=EPOCH - 60, limit=10),
    "find": lambda store: (store.find(workflow_id(5)), store.timeline(workflow_id(5)), store.has_tombstone("x")),
    "attempts_of": lambda store: store.attempts_of(workflow_id(5)),
    "search": lambda store: [
        store.search(SearchQuery(tenant="acme", limit=20, **asked))  # type: ignore[arg-type] # its fields by name
        for asked in SEARCHES
    ],
    "find_inbound": lambda store: store.find_inbound("uuid-7"),
    "ready_since": lambda store: store.ready_since(channel="sms", before=EPOCH, limit=10),
    "in_state": lambda store: store.in_state(("held", "ready"), stop=stop(StopKind.FAULT), limit=10),
}
SEARCHES: tuple[dict[str, object], ...] = (
    {},
    {"upto": (EPOCH + 900, workflow_id(900))},
    {"from_time": EPOCH + 90, "to_time": EPOCH + 99},
    {"recipient": "4915100000001"},
    {"recipient": "4915100000001", "upto": (EPOCH + 900, workflow_id(900)), "from_time": EPOCH + 90},
    {"recipient": "nobody", "client_ref": "nothing"},
)
LARGE = ("search_words", "workflows", "journal", "attempts", "callbacks", "receipts_parked", "outbox")


def fill(store: SqlStore, count: int = 3000) -> None:
    for first in range(0, count, 500):
        rows = [workflow(number) for number in range(first, first + 500)]
        store.commit(
            batch(
                *(
                    start(
                        each,
                        wake_ungated_at=each.accepted_at + 60,
                        attempts=(attempt_row(each, uuid=f"uuid-{each.accepted_at - EPOCH:.0f}"),),
                        callbacks=(callback_row(each.workflow_id, of=each.workflow_id),),
                        outbox=(outbox_row("m"),),
                    )
                    for each in rows
                ),
                parked=tuple(parked(each.workflow_id, next_at=each.accepted_at) for each in rows),
            )
        )
    with store._database.writing() as connection:
        connection.execute(text("ANALYZE"))


def test_what_runs_all_day_reads_no_whole_table(opened: SqlStore) -> None:
    fill(opened)
    scans = []
    for name, run in ALL_DAY.items():
        statements: list[tuple[str, object]] = []

        def note(_: object, __: object, sql: str, values: object, ___: object, many: bool) -> None:
            first = values[0] if many and isinstance(values, list) else values
            statements.append((sql, first))  # noqa: B023 - used up within the turn

        event.listen(opened._database.engine, "before_cursor_execute", note)
        run(opened)
        event.remove(opened._database.engine, "before_cursor_execute", note)
        assert statements
        scans += [
            f"{name}: {line}" for sql, values in statements for line in plan(opened, sql, values) if reads_all(line)
        ]

    assert [] == scans


def plan(store: SqlStore, sql: str, values: object) -> list[str]:
    if not sql.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")):
        return []
    with store._database.reading() as connection:
        explain = "EXPLAIN QUERY PLAN " if store._database.is_sqlite else "EXPLAIN "
        return [str(row[-1]) for row in connection.exec_driver_sql(explain + sql, values)]  # type: ignore[arg-type]


def reads_all(line: str) -> bool:
    # SQLite says "SCAN workflows", or "SCAN workflows USING INDEX" where it walks a whole index;
    # PostgreSQL "Seq Scan on workflows".
    words = line.split()
    return any(words[:2] == ["SCAN", table] or f"Seq Scan on {table}" in line for table in LARGE)


def test_rows_of_a_newer_schema_are_named_and_left_alone(opened: SqlStore) -> None:
    opened.commit(batch(start(workflow(1), wake_at=EPOCH), start(workflow(2), wake_at=EPOCH)))
    write(opened, 1, schema_number=DOCUMENT_SCHEMA + 1, document='{"of": "tomorrow"}')

    turn = opened.load([workflow_id(1), workflow_id(2)])

    assert (frozenset({workflow_id(1)}), {workflow_id(2)}, {}) == (turn.newer, set(turn.workflows), turn.unreadable)
    assert (workflow_id(2),) == opened.due(now=EPOCH, read_to=EPOCH, limit=10, seed=1)
    with pytest.raises(StoreUnavailable, match="schema 2"):
        opened.find(workflow_id(1))


def test_a_row_that_cannot_be_read_is_named_with_the_error_and_can_be_quarantined(opened: SqlStore) -> None:
    opened.commit(batch(start(workflow(1), wake_at=EPOCH), start(workflow(2), wake_at=EPOCH)))
    with opened._database.reading() as connection:
        whole = connection.execute(workflows.select().where(workflows.c.workflow_id == workflow_id(1))).one().document
    write(opened, 1, document='{"workflow_id": 7}')

    turn = opened.load([workflow_id(1), workflow_id(2)])
    opened.quarantine(workflow_id(1), until=EPOCH + 60, error=turn.unreadable[workflow_id(1)])

    assert {workflow_id(2)} == set(turn.workflows)
    assert "workflow_id" in turn.unreadable[workflow_id(1)]
    assert (workflow_id(2),) == opened.due(now=EPOCH, read_to=EPOCH, limit=10, seed=1)

    # When the document was mended, the journal goes on after the entry of the quarantine
    write(opened, 1, document=whole)
    stored = opened.load([workflow_id(1)]).workflows[workflow_id(1)]
    opened.commit(batch(change(stored.workflow, version=stored.version)))
    assert [1, 2, 3] == [each.sequence for each in opened.timeline(workflow_id(1))]


def write(store: SqlStore, number: int, **values: object) -> None:
    with store._database.writing() as connection:
        connection.execute(update(workflows).where(workflows.c.workflow_id == workflow_id(number)).values(**values))


def test_search_columns_take_what_a_caller_may_write(opened: SqlStore) -> None:
    odd = workflow(1)
    odd = replace(odd, steps=(replace(odd.steps[0], client_ref="a\0b"), odd.steps[1]))

    opened.commit(batch(start(odd)))

    stored = opened.find(odd.workflow_id)
    assert stored is not None
    assert odd == stored.workflow


def test_the_store_s_time_is_the_clock_that_was_handed_in_on_sqlite(sqlite_url: str) -> None:
    store = open_store(sqlite_url, clock=lambda: EPOCH)
    store.commit(Batch(outbox=(outbox_row("a"),)))

    assert [EPOCH] == [row.made_at for row in store.outbox_of_others(now=EPOCH + 6, older_than_s=5, limit=1)]
    assert (EPOCH, EPOCH, EPOCH) == (store.now(), store.load([]).now, store.controls().now)
    store.close()


def test_a_commit_on_sqlite_survives_a_power_cut_and_readers_do_not_wait(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    with store._database.reading() as connection:
        pragmas = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    assert ["wal", 2] == pragmas

    with store._database.writing() as connection:
        connection.execute(insert(workflows).values(**row_values()))
        assert store.find(workflow_id(1)) is None
    store.close()


def row_values() -> dict[str, object]:
    values: dict[str, object] = {"tenant": "t", "state": "ready", "channel": "sms", "account": "a", "sender": "s"}
    values |= {"recipient": "r", "version": 1, "schema_number": 1, "sequence": 1, "step": 1, "accepted_at": EPOCH}
    return values | {"workflow_id": workflow_id(1), "document": "{}"}


def test_a_write_lock_that_is_not_given_back_is_store_unavailable(sqlite_url: str) -> None:
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store = SqlStore(connect(sqlite_url, busy_timeout_s=0.05))

    with pytest.raises(StoreUnavailable, match="locked"):
        store.commit(batch(start(workflow(1))))
    assert store.find(workflow_id(1)) is None

    other.execute("ROLLBACK")
    other.close()
    assert frozenset() == store.commit(batch(start(workflow(1)))).lost
    store.close()


def test_a_full_disk_is_store_unavailable_and_nothing_of_the_batch_is_written(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    with store._database.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 60")

    with pytest.raises(StoreUnavailable, match="full"):
        store.commit(batch(*(start(workflow(number)) for number in range(200))))

    assert {} == store.snapshot().by_state
    store.close()


@pytest.mark.parametrize("content", [b"no database at all" * 100, None], ids=["a damaged file", "a folder"])
def test_a_file_that_cannot_be_opened_is_store_unavailable(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "store.db"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)

    with pytest.raises(StoreUnavailable):
        open_store(f"sqlite:///{path}")


def test_a_server_that_is_not_there_is_store_unavailable() -> None:
    with pytest.raises(StoreUnavailable):
        open_store("postgresql://nobody:secret@127.0.0.1:1/none")


@pytest.mark.parametrize("url", ["", "mysql://host/name", "sqlite://", "postgresql://host", "no url"])
def test_a_url_that_is_none_of_ours_is_a_matter_of_configuration(url: str) -> None:
    with pytest.raises(ConfigError, match="CASCADE_STORE_URL"):
        open_store(url)


def test_no_error_repeats_what_was_to_be_written(opened: SqlStore) -> None:
    opened.close()
    with opened._database.writing() as connection:
        connection.execute(text("DROP TABLE outbox"))

    with pytest.raises(Exception, match="outbox") as caught:
        opened.commit(batch(start(workflow(1), outbox=(outbox_row("secret-number"),))))

    assert "secret-number" not in str(caught.value)


def test_a_connection_that_the_server_closed_is_replaced(postgres_url: str) -> None:
    upgrade(postgres_url)
    store = open_store(postgres_url)
    store.commit(batch(start(workflow(1))))
    with pytest.raises(StoreUnavailable), store._database.writing() as connection:  # noqa: PT012 - inside it ends
        connection.execute(insert(workflows).values(**row_values() | {"workflow_id": workflow_id(2)}))
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    assert store.find(workflow_id(2)) is None
    assert frozenset() == store.commit(batch(start(workflow(2)))).lost
    store.close()


def put_and_change(url: str, first: int, ready: Path) -> None:
    """Insert workflows and move each on three times, in batches, until done or killed."""
    store = open_store(url)
    for lot in range(15):
        rows = [workflow(first + lot * 10 + number) for number in range(10)]
        store.commit(batch(*(start(each, outbox=(outbox_row("m"),)) for each in rows)))
        for version in (1, 2, 3):
            moved = [replace(each, sequence=version) for each in rows]
            store.commit(batch(*(change(each, version=version, outbox=(outbox_row("m"),)) for each in moved)))
        ready.touch()
    store.close()


def test_four_processes_write_to_one_sqlite_file_and_none_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=put_and_change, args=(sqlite_url, 1000 * number, tmp_path / f"ready-{number}"))
        for number in range(4)
    ]
    for each in writers:
        each.start()
    for each in writers:
        each.join(120)

    store = open_store(sqlite_url)
    assert [0, 0, 0, 0] == [each.exitcode for each in writers]
    assert (600, 2400) == (store.snapshot().by_state["ready"], store.outbox_count())
    store.close()


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
def test_a_killed_process_leaves_whole_batches_only(database_url: str, tmp_path: Path) -> None:
    upgrade(database_url)
    context = multiprocessing.get_context("spawn")
    for number in range(3):
        ready = tmp_path / f"ready-{number}"
        writer = context.Process(target=put_and_change, args=(database_url, 1000 * number, ready))
        writer.start()
        wait_until(ready.exists, 60)
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join(30)

    store = open_store(database_url)
    ids = [workflow_id(number) for number in range(3000)]
    found = store.load(ids).workflows
    rows = {each: (stored.version, stored.workflow.sequence) for each, stored in found.items()}
    entries = {each: len(store.timeline(each)) for each in found}
    assert len(found) >= 30
    assert {each: (count, count) for each, count in entries.items()} == rows
    assert 0 == len(found) % 10
    assert sum(entries.values()) == store.outbox_count()
    store.close()
