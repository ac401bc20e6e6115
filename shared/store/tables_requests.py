"""Tables around requests: what they are found by later, and the keys under which callers repeat them."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, LargeBinary, PrimaryKeyConstraint, Table, Text

from shared.store.tables import WORD, metadata

# Written once, with the workflow: its steps may go to different people, and a step that is over must be found, too.
# The key is the index that searches read, newest first.
search_words = Table(
    "search_words",
    metadata,
    Column("tenant", WORD, nullable=False),
    Column("kind", WORD, nullable=False),  # to, client_ref
    Column("word", WORD, nullable=False),
    Column("accepted_at", Double, nullable=False),
    Column("workflow_id", WORD, nullable=False),
    PrimaryKeyConstraint("tenant", "kind", "word", "accepted_at", "workflow_id", name="search_words_pkey"),
    sqlite_with_rowid=False,
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("tenant", WORD, nullable=False),
    Column("key", WORD, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("workflow_id", WORD, nullable=False),
    Column("made_at", Double, nullable=False),
    Column("taken_at", Double, nullable=False),
    Column("answer", LargeBinary),
    PrimaryKeyConstraint("tenant", "key", name="idempotency_pkey"),
    Index("idempotency_made_at", "made_at"),
)
