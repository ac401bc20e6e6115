"""Searching by recipient and reference, keys for repeated requests, and who runs an application's workflows.

Revision: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

_WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables; what is there already can be found by the step it stands at."""
    op.add_column("applications", sa.Column("engine", sa.Text()))
    op.create_index("workflows_tenant_accepted_at", "workflows", ["tenant", "accepted_at", "workflow_id"])
    op.create_table(
        "search_words",
        sa.Column("tenant", _WORD, nullable=False),
        sa.Column("kind", _WORD, nullable=False),
        sa.Column("word", _WORD, nullable=False),
        sa.Column("accepted_at", sa.Double(), nullable=False),
        sa.Column("workflow_id", _WORD, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "word", "accepted_at", "workflow_id", name="search_words_pkey"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO search_words (tenant, kind, word, accepted_at, workflow_id)"
        " SELECT tenant, 'to', recipient, accepted_at, workflow_id FROM workflows"
    )
    op.execute(
        "INSERT INTO search_words (tenant, kind, word, accepted_at, workflow_id)"
        " SELECT tenant, 'client_ref', client_ref, accepted_at, workflow_id FROM workflows"
        " WHERE client_ref IS NOT NULL"
    )
    op.create_table(
        "idempotency",
        sa.Column("tenant", _WORD, nullable=False),
        sa.Column("key", _WORD, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("workflow_id", _WORD, nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("taken_at", sa.Double(), nullable=False),
        sa.Column("answer", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("tenant", "key", name="idempotency_pkey"),
    )
    op.create_index("idempotency_made_at", "idempotency", ["made_at"])
