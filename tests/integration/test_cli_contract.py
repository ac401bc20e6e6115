"""`cascade contract`: the documents on the command line are those that the ingress serves."""

from __future__ import annotations

from pathlib import Path

from shared.wire.documents import documents
from tests.support.command_line import CommandLineInside


def test_the_documents_are_listed_printed_and_written(tmp_path: Path) -> None:
    line = CommandLineInside(state_dir=tmp_path / "state")

    assert [*documents()] == line("contract", "list").fine().split()
    assert documents()["asyncapi.json"].decode() == line("contract", "print", "asyncapi.json").fine()
    line("contract", "write", str(tmp_path / "docs")).fine()
    assert documents() == {path: (tmp_path / "docs" / path).read_bytes() for path in documents()}


def test_a_document_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    said = CommandLineInside(state_dir=tmp_path / "state")("contract", "print", "wsdl")

    assert "there is no wsdl; there are openapi.json, asyncapi.json" in said.refusal()
