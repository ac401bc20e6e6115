"""The tables of the work itself: workflows, their journal, and what leaves and arrives because of them.

One schema for SQLite and PostgreSQL. Times are seconds since the epoch, store time. JSON is kept as text, because a
document must come back exactly as it was. `shared/store/migrations` makes the same tables step by step; a test
compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

metadata = MetaData()

# Ids and other short words compare bytewise on both databases: rows are locked in the order Python sorts them.
WORD = Text().with_variant(Text(collation="C"), "postgresql")
NUMBER = BigInteger().with_variant(Integer(), "sqlite")

workflows = Table(
    "workflows",
    metadata,
    Column("workflow_id", WORD, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("schema_number", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("state", WORD, nullable=False),
    Column("step", Integer, nullable=False),
    Column("channel", WORD, nullable=False),
    Column("account", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("client_ref", Text),
    Column("outcome", WORD),
    Column("accepted_at", Double, nullable=False),
    Column("ready_since", Double),
    Column("wake_at", Double),
    Column("wake_ungated_at", Double),
    Column("quarantined_until", Double),
    Column("document", Text, nullable=False),
)
# The due indexes cover their query, and rows that have ended are in neither.
Index(
    "workflows_wake_at",
    workflows.c.wake_at,
    workflows.c.workflow_id,
    workflows.c.schema_number,
    sqlite_where=workflows.c.wake_at.is_not(None),
    postgresql_where=workflows.c.wake_at.is_not(None),
)
Index(
    "workflows_wake_ungated_at",
    workflows.c.wake_ungated_at,
    workflows.c.workflow_id,
    workflows.c.schema_number,
    sqlite_where=workflows.c.wake_ungated_at.is_not(None),
    postgresql_where=workflows.c.wake_ungated_at.is_not(None),
)
Index("workflows_tenant_accepted_at", workflows.c.tenant, workflows.c.accepted_at, workflows.c.workflow_id)
Index("workflows_state_channel", workflows.c.state, workflows.c.channel, workflows.c.workflow_id)
Index(
    "workflows_ready_since",
    workflows.c.channel,
    workflows.c.ready_since,
    workflows.c.workflow_id,
    sqlite_where=workflows.c.ready_since.is_not(None),
    postgresql_where=workflows.c.ready_since.is_not(None),
)
Index(
    "workflows_quarantined_until",
    workflows.c.quarantined_until,
    sqlite_where=workflows.c.quarantined_until.is_not(None),
    postgresql_where=workflows.c.quarantined_until.is_not(None),
)

journal = Table(
    "journal",
    metadata,
    Column("workflow_id", WORD, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("at", Double, nullable=False),
    Column("by_whom", Text, nullable=False),
    Column("what", WORD, nullable=False),
    Column("step", Integer),
    Column("attempt", Integer),
    Column("reason", WORD),
    Column("next_at", Double),
    Column("facts", Text, nullable=False),
    Column("event", Text),
    PrimaryKeyConstraint("workflow_id", "sequence", name="journal_pkey"),
    sqlite_with_rowid=False,
)

attempts = Table(
    "attempts",
    metadata,
    Column("reference", WORD, primary_key=True),
    Column("workflow_id", WORD, nullable=False),
    Column("step", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("account", Text, nullable=False),
    Column("provider_uuid", WORD),
    Column("made_at", Double, nullable=False),
)
Index("attempts_workflow_id", attempts.c.workflow_id)
Index(
    "attempts_provider_uuid",
    attempts.c.provider_uuid,
    sqlite_where=attempts.c.provider_uuid.is_not(None),
    postgresql_where=attempts.c.provider_uuid.is_not(None),
)

outbox = Table(
    "outbox",
    metadata,
    Column("row_id", NUMBER, primary_key=True),
    Column("made_at", Double, nullable=False),
    Column("owner", Text, nullable=False),
    Column("exchange", Text, nullable=False),
    Column("routing_key", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("correlation_id", Text),
    Column("headers", Text, nullable=False),
    Column("mandatory", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
    # A number is never given twice: who deletes a confirmed row by its number must not hit a newer one.
    sqlite_autoincrement=True,
)
Index("outbox_made_at", outbox.c.made_at, outbox.c.row_id)

callbacks = Table(
    "callbacks",
    metadata,
    Column("callback_id", WORD, primary_key=True),
    Column("workflow_id", WORD),
    Column("tenant", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("key", Text, nullable=False),
    Column("application_id", Text),
    Column("made_at", Double, nullable=False),
    Column("position", Integer, nullable=False),  # order within one commit
    Column("attempts", Integer, nullable=False),
    Column("next_at", Double),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("delivered_at", Double),
)
Index(
    "callbacks_next_at",
    callbacks.c.next_at,
    sqlite_where=callbacks.c.next_at.is_not(None),
    postgresql_where=callbacks.c.next_at.is_not(None),
)
Index("callbacks_workflow_id", callbacks.c.workflow_id)

receipts_parked = Table(
    "receipts_parked",
    metadata,
    Column("parked_id", WORD, primary_key=True),
    Column("account", Text, nullable=False),
    Column("provider_uuid", WORD),
    Column("reference", Text),
    Column("raw", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("first_at", Double, nullable=False),
    Column("next_at", Double),
    Column("tries", Integer, nullable=False),
    Column("keep_until", Double, nullable=False),
)
Index(
    "receipts_parked_next_at",
    receipts_parked.c.next_at,
    sqlite_where=receipts_parked.c.next_at.is_not(None),
    postgresql_where=receipts_parked.c.next_at.is_not(None),
)
Index("receipts_parked_keep_until", receipts_parked.c.keep_until)

inbound = Table(
    "inbound",
    metadata,
    Column("provider_uuid", WORD, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("account", WORD, nullable=False),
    Column("channel", WORD, nullable=False),
    Column("sender", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("region_url", Text),
    Column("raw", LargeBinary, nullable=False),
    Column("received_at", Double, nullable=False),
    PrimaryKeyConstraint("provider_uuid", "account", name="inbound_pkey"),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("workflow_id", WORD, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("by_whom", Text, nullable=False),
    Column("at", Double, nullable=False),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("person", WORD, nullable=False),
    Column("tenant", WORD, nullable=False),
    Column("why", Text, nullable=False),
    Column("since", Double, nullable=False),
    Column("by_whom", Text, nullable=False),
    PrimaryKeyConstraint("person", "tenant", name="suppressions_pkey"),
)
