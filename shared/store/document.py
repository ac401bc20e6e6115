"""The state document: a workflow as JSON and back, exactly, with the number of the schema that wrote it.

The document's keys are the field names of `shared.model`. Whoever adds a field there raises `DOCUMENT_SCHEMA`: an older
dispatcher would drop what it does not know when it writes the row again, so it leaves rows of a higher number alone.
Fields that are missing in an older document take the model's defaults.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from shared.errors import CommitFailed
from shared.model import Workflow
from shared.store.records import DOCUMENT_SCHEMA

__all__ = [
    "DOCUMENT_SCHEMA",
    "UnreadableDocument",
    "decode_facts",
    "decode_workflow",
    "encode_facts",
    "encode_workflow",
]


class UnreadableDocument(ValueError):
    """A document that is not a workflow of our schema."""


_workflows = msgspec.json.Decoder(Workflow)
_facts = msgspec.json.Decoder(dict[str, object])


def encode_workflow(workflow: Workflow) -> str:
    """Return the document. Raises CommitFailed where a value in it is no JSON."""
    return _encode(workflow, f"workflow {workflow.workflow_id}")


def decode_workflow(document: str | bytes) -> Workflow:
    """Return the workflow of a document. Raises UnreadableDocument where it is none of our schema."""
    try:
        return _workflows.decode(document)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise UnreadableDocument(str(error)) from error


def encode_facts(facts: Mapping[str, object]) -> str:
    """Return the facts of a journal entry, or the headers of a message, as JSON. Raises CommitFailed like above."""
    return _encode(facts, "facts") if facts else "{}"


def decode_facts(text: str) -> dict[str, object]:
    """Return what `encode_facts` wrote."""
    return {} if text == "{}" else _facts.decode(text)


def _encode(value: object, what: str) -> str:
    # TypeError: not JSON at all; ValueError: a lone surrogate.
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise CommitFailed(f"{what} can't be written as JSON: {error}") from error
