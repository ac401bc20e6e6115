"""The documents of the contract: valid by their own standards, current in the tree, and true of the structs."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.ingress.app import app_of
from shared.errors import WireError
from shared.model import Status
from shared.queue.topology import ANSWERS, EVENTS, EXCHANGES, SENDS
from shared.wire.announcements import accepted_answer, event, rejected_answer, write
from shared.wire.asyncapi import asyncapi
from shared.wire.asyncapi_messages import EVENT_NAMES
from shared.wire.documents import documents
from shared.wire.inbound import inbound_webhook
from shared.wire.openapi import VERSION, openapi
from shared.wire.openapi_examples import EXAMPLES
from shared.wire.requests import StartType, read_start
from shared.wire.schemas import reference, standalone
from shared.wire.webhook_bodies import FinalReport, StatusWebhookV0_1, StatusWebhookV1
from tests.support.ingress_room import Room

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GOLDEN = ROOT / "tests" / "golden" / "wire"
MESSAGE = {"channel": "sms", "message_type": "text", "to": "447700900000", "from": "Acme", "text": "Hello"}
METHODS = {"get", "post", "put", "patch", "delete"}
EVERY_EXAMPLE = [(start_type, name) for start_type, named in EXAMPLES.items() for name in named]


@pytest.mark.parametrize("path", documents())
def test_the_tree_holds_what_the_structs_say(path: str) -> None:
    assert documents()[path].decode() == (DOCS / path).read_text(encoding="utf-8"), "make documents writes it anew"


def test_the_tree_holds_no_document_that_is_gone() -> None:
    found = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.json")}

    assert set(documents()) == found


def test_the_openapi_document_is_valid() -> None:
    errors = [
        f"{list(error.absolute_path)}: {error.message}"
        for error in OpenAPIV31SpecValidator(read("openapi.json")).iter_errors()
    ]

    assert [] == errors


@pytest.mark.parametrize("name", standalone())
def test_each_schema_keeps_the_rules_for_schemas(name: str) -> None:
    schema = standalone()[name]

    jsonschema_rs.meta.validate(schema)
    assert [] == [each for each in references(schema) if each.removeprefix("#/$defs/") not in defs(schema)]


@pytest.mark.parametrize("path", ["openapi.json", "asyncapi.json"])
def test_no_reference_of_a_document_leads_nowhere(path: str) -> None:
    document = read(path)

    for pointer in references(document):
        at: Any = document
        for part in pointer.removeprefix("#/").split("/"):
            at = at[part.replace("~1", "/").replace("~0", "~")]
        assert at


def test_every_part_is_used() -> None:
    document = read("openapi.json")
    used = set(references(document))
    parts = {f"#/components/{kind}/{name}" for kind, named in document["components"].items() for name in named}

    assert set() == {part for part in parts - used if not part.startswith("#/components/securitySchemes/")}


def test_every_route_is_described_and_every_description_has_a_route() -> None:
    routes = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app_of(Room().house).url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }
    described = {
        (method, path) for path, item in read("openapi.json")["paths"].items() for method in item if method in METHODS
    }

    assert routes == described


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for _, operation in operations()]

    assert sorted(set(names)) == sorted(names)


def test_every_answer_carries_the_trace_id_and_every_refusal_is_a_problem() -> None:
    document = read("openapi.json")
    for where, operation in operations():
        for status, answer in operation["responses"].items():
            told = (
                document["components"]["responses"][answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
            )

            assert "x-nexmo-trace-id" in told["headers"], (where, status)
            if int(status) >= 400 and where != "/readyz":
                assert ["application/problem+json"] == list(told["content"]), (where, status)


def test_an_unavailable_service_says_when_to_come_again() -> None:
    responses = read("openapi.json")["components"]["responses"]

    assert {"x-nexmo-trace-id", "Retry-After"} == set(responses["Problem503"]["headers"])


def test_the_contract_has_the_version_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["version"] == VERSION


@pytest.mark.parametrize(("start_type", "name"), EVERY_EXAMPLE)
def test_an_example_keeps_all_rules_and_fits_its_schema(start_type: StartType, name: str) -> None:
    example = EXAMPLES[start_type][name]["value"]

    jsonschema_rs.validator_for(dict(standalone()[start_type.value])).validate(example)
    assert read_start(start_type, msgspec.json.encode(example)).steps


ADDRESSES = {
    "https://acme.example/hooks?a=b#c": True,
    "HTTP://[::1]:8080/": True,
    "http://user:secret@acme.example": True,
    "http://täst.example/ü": True,
    "http://:80/": False,
    "https:///hooks": False,
    "ftp://acme.example": False,
    "http://acme.example/a b": False,
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_schema_and_the_reader_agree_on_addresses_for_webhooks(address: str) -> None:
    assert (ADDRESSES[address], ADDRESSES[address]) == judged({**MESSAGE, "webhook_url": address})


RECIPIENTS = {
    "447700900000": True,
    "+447700900000": False,
    "0447700900000": False,
    "44770": False,
    "4477009000000000": False,
}


@pytest.mark.parametrize("recipient", RECIPIENTS)
def test_the_schema_and_the_reader_agree_on_numbers(recipient: str) -> None:
    assert (RECIPIENTS[recipient], RECIPIENTS[recipient]) == judged({**MESSAGE, "to": recipient})


@pytest.mark.parametrize("start_type", StartType)
def test_the_words_of_the_request_are_in_its_schema(start_type: StartType) -> None:
    validator = jsonschema_rs.validator_for(dict(standalone()[start_type.value]))
    example = next(iter(EXAMPLES[start_type].values()))["value"]
    assert isinstance(example, dict)

    assert validator.is_valid({**example, "valid_for": 60, "priority": "high"})
    assert not validator.is_valid({**example, "valid_for": 1})
    assert not validator.is_valid({**example, "priority": "urgent"})


def test_what_the_dispatcher_answers_and_tells_fits_its_schema() -> None:
    answer = jsonschema_rs.validator_for(dict(standalone()["answer.1"]))
    told = event(
        id="1", event="workflow.final", at=0.0, tenant="acme", workflow_id=f"{'0' * 8}-0000-8000-8000-{'0' * 12}"
    )

    answer.validate(json.loads(write(accepted_answer(message_id="1", workflow_id="2"))))
    answer.validate(json.loads(write(rejected_answer(message_id="1", reason="invalid"))))
    jsonschema_rs.validator_for(dict(standalone()["event.1"])).validate(json.loads(write(told)))
    assert not answer.is_valid({"answer": "perhaps", "message_id": "1"})


WEBHOOKS: Mapping[str, type[msgspec.Struct]] = {
    "status_v1": StatusWebhookV1,
    "status_v0_1": StatusWebhookV0_1,
    "status_beta": StatusWebhookV0_1,
    "report_v0_1": FinalReport,
    "report_beta": FinalReport,
}


@pytest.mark.parametrize("name", WEBHOOKS)
def test_a_golden_webhook_has_no_member_that_is_not_described(name: str) -> None:
    golden = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    pressed = msgspec.convert(golden, WEBHOOKS[name], strict=True)

    assert golden == json.loads(msgspec.json.encode(pressed))


INBOUND = sorted(
    path for path in (GOLDEN.parent / "webhooks").glob("inbound_*.json") if not path.stem.endswith(".read")
)


@pytest.mark.parametrize("path", INBOUND, ids=lambda path: path.stem)
@pytest.mark.parametrize("version", ["v1", "v0.1"])
def test_an_inbound_message_fits_what_is_described_in_either_form(path: Path, version: str) -> None:
    told = json.loads(inbound_webhook(path.read_bytes(), version=version))
    # What v0.1 has no word for stays in v1.
    name = "InboundWebhookV0_1" if isinstance(told["to"], dict) else "InboundWebhookV1"
    document = read("openapi.json")

    jsonschema_rs.validator_for({**reference(name), "components": document["components"]}).validate(told)


def test_the_queue_document_names_the_exchanges_of_the_topology() -> None:
    bindings = [channel["bindings"]["amqp"] for channel in read("asyncapi.json")["channels"].values()]
    named = {each["exchange"]["name"]: each["exchange"]["type"] for each in bindings if each["is"] == "routingKey"}

    assert {each.name: each.kind for each in EXCHANGES if each.name in (SENDS, ANSWERS, EVENTS)} == named


def test_every_event_that_is_told_is_described_and_no_other() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "services" / "dispatcher").glob("*.py"))
    told = set(re.findall(r'(?:event=|^NAME = |_piece\(stop, )"([a-z]+\.[a-z_]+)"', sources, re.MULTILINE))
    told |= {f"message.{status.value}" for status in Status}
    page = (DOCS / "queue.md").read_text(encoding="utf-8")

    assert set(EVENT_NAMES) == told
    assert [] == [name for name in EVENT_NAMES if f"`{name}`" not in page]


@pytest.mark.parametrize("start_type", StartType)
def test_the_queue_document_has_every_kind_of_request(start_type: StartType) -> None:
    document = read("asyncapi.json")
    by_type = {each["bindings"]["amqp"]["messageType"]: each for each in document["components"]["messages"].values()}
    properties = by_type[start_type.value]["x-amqp-properties"]

    assert ["message_id", "type", "user_id"] == sorted(properties["required"])
    assert start_type.value == properties["properties"]["type"]["const"]
    assert start_type.value in {channel["address"] for channel in document["channels"].values()}


def test_the_examples_of_the_queue_document_fit_their_payloads() -> None:
    document = read("asyncapi.json")
    for message in document["components"]["messages"].values():
        schema = {**message["payload"], "components": document["components"]}
        for example in message["examples"]:
            jsonschema_rs.validator_for(schema).validate(example["payload"])


def test_both_documents_are_made_without_a_file_or_a_clock() -> None:
    assert openapi() is openapi()
    assert asyncapi() is asyncapi()


def read(path: str) -> Any:
    return json.loads(documents()[path])


def judged(body: Mapping[str, object]) -> tuple[bool, bool]:
    """Return whether a v1 message fits its schema, and whether the reader takes it."""
    fits = jsonschema_rs.validator_for(dict(standalone()["message.v1"])).is_valid(body)
    try:
        return fits, bool(read_start(StartType.MESSAGE_V1, msgspec.json.encode(body)).steps)
    except WireError:
        return fits, False


def operations() -> Iterator[tuple[str, Any]]:
    for path, item in read("openapi.json")["paths"].items():
        for method in METHODS & set(item):
            yield path, item[method]


def defs(schema: Mapping[str, object]) -> Any:
    return schema["$defs"]


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)
