"""Inbound messages by account, too: an id that one account of the provider's takes says nothing of another's.

Revision: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

_WORD = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Change the key; what is there already stays."""
    if op.get_bind().dialect.name == "postgresql":
        # In place: the first of these keeps writers out until all is done, so nothing of theirs is lost.
        op.drop_constraint("inbound_pkey", "inbound")
        op.alter_column("inbound", "account", type_=_WORD)
        op.create_primary_key("inbound_pkey", "inbound", ["provider_uuid", "account"])
        return
    # SQLite changes no key in place; nobody writes meanwhile.
    op.rename_table("inbound", "inbound_before")
    op.create_table(
        "inbound",
        sa.Column("provider_uuid", _WORD, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("account", _WORD, nullable=False),
        sa.Column("channel", _WORD, nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("region_url", sa.Text()),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("provider_uuid", "account", name="inbound_pkey"),
    )
    op.execute(
        "INSERT INTO inbound"
        " (provider_uuid, tenant, account, channel, sender, recipient, region_url, raw, received_at)"
        " SELECT provider_uuid, tenant, account, channel, sender, recipient, region_url, raw, received_at"
        " FROM inbound_before"
    )
    op.drop_table("inbound_before")
