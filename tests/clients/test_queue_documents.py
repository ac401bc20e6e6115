"""The queue as Node sees it: the example with amqplib runs, and the standard's own parser finds no fault."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from services.cli.publisher import add_publisher
from shared.queue.topology import DEFAULT_VHOST
from tests.clients.drivers import HERE, INSTALLED, NODE
from tests.clients.stage import Stage
from tests.support.deployment import new_mark, viber_then_sms

ROOT = HERE.parents[1]
HINT = 2
"""The least of the parser's severities that is a fault of ours is 1, a warning; 2 tells of newer versions."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder in which Node finds the installed packages."""
    (tmp_path / "node_modules").symlink_to(INSTALLED / "node" / "node_modules")
    return tmp_path


def run(folder: Path, script: Path, *arguments: object) -> Any:
    shutil.copy(script, folder)
    done = subprocess.run(
        [NODE, folder / script.name, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


def test_the_standards_own_parser_finds_no_fault(folder: Path) -> None:
    read = run(folder, HERE / "parse_asyncapi.mjs", ROOT / "docs" / "asyncapi.json")

    assert [] == [each for each in read["diagnostics"] if each["severity"] < HINT]
    assert "3.0.0" == read["version"]
    assert {"sendMessageV1", "answers", "events"} <= set(read["channels"])
    assert {"takeMessageV1", "takeDispatchV0_1", "sendAnswer", "sendEvent"} <= set(read["operations"])


def test_the_parser_would_tell_of_a_fault(folder: Path) -> None:
    document = json.loads((ROOT / "docs" / "asyncapi.json").read_text(encoding="utf-8"))
    document["operations"]["sendEvent"]["bindings"]["amqp"]["deliveryMode"] = 7
    wrong = folder / "wrong.json"
    wrong.write_text(json.dumps(document), encoding="utf-8")

    assert [each for each in run(folder, HERE / "parse_asyncapi.mjs", wrong)["diagnostics"] if each["severity"] == 0]


def test_the_example_for_node_runs_under_the_shipped_rights(stage: Stage, folder: Path) -> None:
    deployment = stage.deployment
    password = add_publisher(deployment.home, "node-billing", "demo")
    port = deployment.urls.setup.rpartition(":")[2].partition("/")[0]
    body = folder / "body.json"
    body.write_text(json.dumps(viber_then_sms("447700900510", mark=new_mark())), encoding="utf-8")
    url = f"amqp://node-billing:{password}@127.0.0.1:{port}/{DEFAULT_VHOST}"

    answer = run(folder, ROOT / "examples" / "publish_with_amqplib.mjs", url, body)

    assert "accepted" == answer["answer"]
    assert "delivered" == deployment.wait_final(answer["workflow_id"])["outcome"]
