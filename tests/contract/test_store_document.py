"""The state document is a promise to every later version: what schema 1 wrote is read for good."""

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from shared import model
from shared.errors import CommitFailed
from shared.store.document import (
    DOCUMENT_SCHEMA,
    UnreadableDocument,
    decode_facts,
    decode_workflow,
    encode_facts,
    encode_workflow,
)
from tests.support.store_rows import step, well_travelled, workflow

GOLDEN = Path(__file__).parent.parent / "golden" / "store"
IN_THE_DOCUMENT = (model.Workflow, model.Step, model.Message, model.Attempt, model.CodeMeaning, model.Problem)


def test_a_document_comes_back_exactly() -> None:
    assert well_travelled() == decode_workflow(encode_workflow(well_travelled()))


def test_a_document_of_today_is_read_tomorrow() -> None:
    written = (GOLDEN / f"document_{DOCUMENT_SCHEMA}.json").read_text(encoding="utf-8")

    assert well_travelled() == decode_workflow(written)


def test_whoever_adds_a_field_to_the_model_raises_the_schema_number() -> None:
    written = json.loads((GOLDEN / f"fields_{DOCUMENT_SCHEMA}.json").read_text(encoding="utf-8"))
    now = {kind.__name__: sorted(each.name for each in fields(kind)) for kind in IN_THE_DOCUMENT}

    # A dispatcher of the same number would read the row, drop the field it does not know, and write it back.
    assert written == now


def test_fields_that_an_older_document_lacks_take_the_model_s_defaults() -> None:
    document = json.loads(encode_workflow(workflow()))
    del document["fallback_saved"], document["steps"][0]["again_count"]

    assert workflow() == decode_workflow(json.dumps(document))


UNREADABLE = {
    "no JSON": "{",
    "no workflow": "{}",
    "not text": b'{"tenant": "\xff"}',
    "an unknown word": encode_workflow(workflow()).replace('"ready"', '"asleep"'),
}


@pytest.mark.parametrize("document", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_document_that_is_none_is_said_to_be(document: str | bytes) -> None:
    with pytest.raises(UnreadableDocument):
        decode_workflow(document)


@pytest.mark.parametrize("value", [object(), "\ud800", {1.5j}], ids=["an object", "half a pair", "a complex number"])
def test_what_is_no_json_is_said_to_be(value: object) -> None:
    odd = step(1)
    odd = replace(odd, message=replace(odd.message, content={"odd": value}))

    with pytest.raises(CommitFailed, match="can't be written"):
        encode_workflow(workflow(steps=(odd,)))
    with pytest.raises(CommitFailed, match="can't be written"):
        encode_facts({"odd": value})


def test_facts_come_back_exactly() -> None:
    facts = {"status": "delivered", "list": [1, 2.5, None, True], "nested": {"ü": "\u0000"}}

    assert facts == decode_facts(encode_facts(facts))
    assert ("{}", {}) == (encode_facts({}), decode_facts("{}"))
