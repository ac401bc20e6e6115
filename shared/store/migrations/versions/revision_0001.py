"""The first schema: everything the pair needs. With it the deployment's secret is made, once.

Revision: 0001
"""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

_WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make all tables and the two rows that are there from the beginning."""
    _make_work()
    _make_what_arrives()
    _make_small_ones()
    _make_first_rows()


def _make_work() -> None:
    op.create_table(
        "workflows",
        sa.Column("workflow_id", _WORD, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("schema_number", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("channel", _WORD, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("client_ref", sa.Text()),
        sa.Column("outcome", _WORD),
        sa.Column("accepted_at", sa.Double(), nullable=False),
        sa.Column("ready_since", sa.Double()),
        sa.Column("wake_at", sa.Double()),
        sa.Column("wake_ungated_at", sa.Double()),
        sa.Column("quarantined_until", sa.Double()),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workflow_id"),
    )
    op.create_index("workflows_quarantined_until", "workflows", ["quarantined_until"], **_where("quarantined_until"))
    op.create_index(
        "workflows_ready_since", "workflows", ["channel", "ready_since", "workflow_id"], **_where("ready_since")
    )
    op.create_index("workflows_state_channel", "workflows", ["state", "channel", "workflow_id"])
    op.create_index("workflows_wake_at", "workflows", ["wake_at", "workflow_id", "schema_number"], **_where("wake_at"))
    op.create_index(
        "workflows_wake_ungated_at",
        "workflows",
        ["wake_ungated_at", "workflow_id", "schema_number"],
        **_where("wake_ungated_at"),
    )
    op.create_table(
        "journal",
        sa.Column("workflow_id", _WORD, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("by_whom", sa.Text(), nullable=False),
        sa.Column("what", _WORD, nullable=False),
        sa.Column("step", sa.Integer()),
        sa.Column("attempt", sa.Integer()),
        sa.Column("reason", _WORD),
        sa.Column("next_at", sa.Double()),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("event", sa.Text()),
        sa.PrimaryKeyConstraint("workflow_id", "sequence", name="journal_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attempts",
        sa.Column("reference", _WORD, nullable=False),
        sa.Column("workflow_id", _WORD, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("provider_uuid", _WORD),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("reference"),
    )
    op.create_index("attempts_provider_uuid", "attempts", ["provider_uuid"], **_where("provider_uuid"))
    op.create_index("attempts_workflow_id", "attempts", ["workflow_id"])
    op.create_table(
        "outbox",
        sa.Column("row_id", _NUMBER, nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.Column("routing_key", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text()),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("mandatory", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("row_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_made_at", "outbox", ["made_at", "row_id"])


def _make_what_arrives() -> None:
    op.create_table(
        "callbacks",
        sa.Column("callback_id", _WORD, nullable=False),
        sa.Column("workflow_id", _WORD),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Text()),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.Double()),
        sa.Column("last_status", sa.Integer()),
        sa.Column("last_error", sa.Text()),
        sa.Column("delivered_at", sa.Double()),
        sa.PrimaryKeyConstraint("callback_id"),
    )
    op.create_index("callbacks_next_at", "callbacks", ["next_at"], **_where("next_at"))
    op.create_index("callbacks_workflow_id", "callbacks", ["workflow_id"])
    op.create_table(
        "receipts_parked",
        sa.Column("parked_id", _WORD, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("provider_uuid", _WORD),
        sa.Column("reference", sa.Text()),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("first_at", sa.Double(), nullable=False),
        sa.Column("next_at", sa.Double()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("keep_until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("parked_id"),
    )
    op.create_index("receipts_parked_keep_until", "receipts_parked", ["keep_until"])
    op.create_index("receipts_parked_next_at", "receipts_parked", ["next_at"], **_where("next_at"))
    op.create_table(
        "inbound",
        sa.Column("provider_uuid", _WORD, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("channel", _WORD, nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("region_url", sa.Text()),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("provider_uuid"),
    )
    op.create_table(
        "tombstones",
        sa.Column("workflow_id", _WORD, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("by_whom", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("workflow_id"),
    )
    op.create_table(
        "suppressions",
        sa.Column("person", _WORD, nullable=False),
        sa.Column("tenant", _WORD, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("by_whom", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person", "tenant", name="suppressions_pkey"),
    )


def _make_small_ones() -> None:
    op.create_table(
        "accounts",
        sa.Column("name", _WORD, nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("generation", sa.Text(), nullable=False),
        sa.Column("api_key", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Text()),
        sa.Column("private_key", sa.Text()),
        sa.Column("api_secret", sa.Text()),
        sa.Column("signature_secrets", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "applications",
        sa.Column("application_id", _WORD, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("status_url", sa.Text()),
        sa.Column("inbound_url", sa.Text()),
        sa.Column("webhook_version", sa.Text()),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("application_id"),
    )
    op.create_table(
        "controls",
        sa.Column("name", _WORD, nullable=False),
        sa.Column("read_to", sa.Double()),
        sa.Column("kind", _WORD),
        sa.Column("account", sa.Text()),
        sa.Column("channel", sa.Text()),
        sa.Column("sender", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("since", sa.Double()),
        sa.Column("by_whom", sa.Text()),
        sa.Column("probe_at", sa.Double()),
        sa.Column("probe_count", sa.Integer()),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "dispatchers",
        sa.Column("name", _WORD, nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.Column("calls_in_flight", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "keys",
        sa.Column("api_key", _WORD, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("secret_hashes", sa.Text(), nullable=False),
        sa.Column("signature_secret", sa.Text(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("api_key"),
    )
    op.create_table(
        "publishers",
        sa.Column("user", _WORD, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user"),
    )
    op.create_table(
        "routes",
        sa.Column("tenant", _WORD, nullable=False),
        sa.Column("channel", _WORD, nullable=False),
        sa.Column("sender", _WORD, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "channel", "sender"),
    )
    op.create_table(
        "settings",
        sa.Column("name", _WORD, nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "tenants",
        sa.Column("name", _WORD, nullable=False),
        sa.Column("status_url", sa.Text()),
        sa.Column("inbound_url", sa.Text()),
        sa.PrimaryKeyConstraint("name"),
    )


def _make_first_rows() -> None:
    settings = sa.table("settings", sa.column("name", sa.Text), sa.column("value", sa.LargeBinary))
    controls = sa.table("controls", sa.column("name", sa.Text), sa.column("read_to", sa.Double))
    op.execute(settings.insert().values(name="deployment_secret", value=secrets.token_bytes(32)))
    op.execute(controls.insert().values(name="watermark", read_to=0.0))


def _where(column: str) -> dict[str, Any]:
    condition = sa.text(f"{column} IS NOT NULL")
    return {"sqlite_where": condition, "postgresql_where": condition}
