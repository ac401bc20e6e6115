"""The small tables: who calls, whom we call, what is stopped, who is alive. Read whole, a few hundred rows at most."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, Integer, LargeBinary, Table, Text

from shared.store.tables import WORD, metadata

controls = Table(
    "controls",
    metadata,
    # "watermark", or "stop:" and the stop's key.
    Column("name", WORD, primary_key=True),
    Column("read_to", Double),
    Column("kind", WORD),
    Column("account", Text),
    Column("channel", Text),
    Column("sender", Text),
    Column("reason", Text),
    Column("since", Double),
    Column("by_whom", Text),
    Column("probe_at", Double),
    Column("probe_count", Integer),
)

settings = Table(
    "settings",
    metadata,
    Column("name", WORD, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

dispatchers = Table(
    "dispatchers",
    metadata,
    Column("name", WORD, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("since", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("calls_in_flight", Integer, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", WORD, primary_key=True),
    Column("base_url", Text, nullable=False),
    Column("generation", Text, nullable=False),
    Column("api_key", Text, nullable=False),
    Column("application_id", Text),
    Column("private_key", Text),
    Column("api_secret", Text),
    Column("signature_secrets", Text, nullable=False),  # JSON list
)

# An empty text stands for "all": NULLs would make every route distinct from itself.
routes = Table(
    "routes",
    metadata,
    Column("tenant", WORD, primary_key=True),
    Column("channel", WORD, primary_key=True),
    Column("sender", WORD, primary_key=True),
    Column("account", Text, nullable=False),
)

tenants = Table(
    "tenants",
    metadata,
    Column("name", WORD, primary_key=True),
    Column("status_url", Text),
    Column("inbound_url", Text),
)

applications = Table(
    "applications",
    metadata,
    Column("application_id", WORD, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("status_url", Text),
    Column("inbound_url", Text),
    Column("webhook_version", Text),
    Column("revoked", Boolean, nullable=False),
    Column("engine", Text),
)

keys = Table(
    "keys",
    metadata,
    Column("api_key", WORD, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("secret_hashes", Text, nullable=False),  # JSON list
    Column("signature_secret", Text, nullable=False),
    Column("revoked", Boolean, nullable=False),
    Column("made_at", Double, nullable=False),
)

publishers = Table(
    "publishers",
    metadata,
    Column("user", WORD, primary_key=True),
    Column("tenant", Text, nullable=False),
)
