"""The page on conformance is whole, and every test that it names is there."""

from __future__ import annotations

import ast
import importlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from shared.channels import CHANNELS
from shared.model import Outcome, Status
from shared.wire.documents import documents
from shared.wire.openapi_words import REFUSALS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("|---")
]
NAMED = sorted(set(re.findall(r"`(tests/[^`]+\.py[^`]*)`", PAGE)))


@cache
def functions_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@cache
def ids_of(path: str, function: str) -> frozenset[str]:
    """Return the ids of the cases of a test that has one list of them, and makes an id of each."""
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    marks = [mark for mark in getattr(module, function).pytestmark if mark.name == "parametrize"]
    assert 1 == len(marks), f"{path}::{function} has {len(marks)} lists of cases"
    return frozenset(marks[0].kwargs["ids"](value) for value in marks[0].args[1])


@pytest.mark.parametrize("name", NAMED)
def test_a_named_test_is_there(name: str) -> None:
    path, _, rest = name.partition("::")
    function, _, case = rest.partition("[")

    assert (ROOT / path).is_file()
    if function:
        assert function in functions_in(ROOT / path)
    if case:
        assert case.removesuffix("]") in ids_of(path, function)


def test_every_row_names_a_test() -> None:
    told = [row for row in ROWS if row[-1] != "tests"]

    assert len(told) > 150
    assert [] == [row for row in told if not re.search(r"`tests/[^`]+\.py", row[-1])]


def test_every_endpoint_has_a_line() -> None:
    paths: dict[str, Any] = json.loads(documents()["openapi.json"])["paths"]
    served = {f"`{method.upper()} {path}`" for path, item in paths.items() for method in item}

    assert served == {row[1] for row in ROWS if re.match("`[A-Z]+ /", row[1])}


def test_every_row_of_the_matrix_has_a_line_with_its_generations() -> None:
    told = {(row[0], row[1]): row[2] for row in ROWS if len(row) == 4 and row[2].startswith("v1")}
    known = {
        (f"`{channel.name}`", f"`{each.name}`"): ", ".join(
            ["v1", *(["v0.1"] if each.in_v0_1 else []), *(["beta"] if each.in_v0_1 and channel.in_beta else [])]
        )
        for channel in CHANNELS.values()
        for each in channel.types
    }

    assert known == told


def test_every_status_end_and_refusal_has_a_line() -> None:
    first = [(row[0], row[1]) for row in ROWS]

    assert [] == [each for each in Status if (f"`{each.value}`", "a message") not in first]
    assert [] == [each for each in Outcome if (f"`{each.value}`", "the whole") not in first]
    assert set() == {f"`{status}`" for status in (*REFUSALS, 200, 202, 405)} - {name for name, _ in first}


def test_every_webhook_has_a_line() -> None:
    webhooks = json.loads(documents()["openapi.json"])["webhooks"]

    assert set() == {f"`{name}`" for name in webhooks} - {row[0] for row in ROWS}
