"""The house keeps its rules: who imports what, what is pure, and how a module is made (architecture 3)."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.house import (
    Tree,
    catchers,
    caught_too_much,
    forbidden_directions,
    ill_made_modules,
    impurities,
    misplaced_libraries,
    read_tree,
)
from tests.support.house_rules import LONGEST_MODULE, MADE_BY_TOOLS, MAY_CATCH_ALL, TOP_LEVEL

ROOT = Path(__file__).resolve().parent.parent
Rule = Callable[[Tree], list[str]]
RULES: tuple[Rule, ...] = (misplaced_libraries, forbidden_directions, impurities, caught_too_much, ill_made_modules)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_has_no_faults(rule: Rule) -> None:
    tree = read_tree(ROOT)

    assert tree
    assert rule(tree) == []


BROKEN: dict[str, tuple[Rule, str, str]] = {
    "kombu outside the queue": (misplaced_libraries, "services/ingress/send.py", "import kombu"),
    "kombu in the dispatcher": (misplaced_libraries, "services/dispatcher/amqp.py", "from kombu import Connection"),
    "pika outside its place": (misplaced_libraries, "services/dispatcher/engine.py", "from pika import spec"),
    "flask in the dispatcher": (misplaced_libraries, "services/dispatcher/health.py", "import flask"),
    "sqlalchemy outside the store": (misplaced_libraries, "services/ingress/query.py", "import sqlalchemy as sa"),
    "sqlite3 outside the store": (misplaced_libraries, "services/cli/doctor.py", "import sqlite3"),
    "requests outside the clients": (misplaced_libraries, "services/dispatcher/senders.py", "import requests"),
    "a library hidden in a function": (misplaced_libraries, "shared/ids.py", "def make():\n    import kombu"),
    "a library nobody decided on": (misplaced_libraries, "services/ingress/app.py", "import httpx"),
    "a launcher with a library": (misplaced_libraries, "deploy/node.py", "import msgspec"),
    "service to service": (forbidden_directions, "services/ingress/app.py", "from services.dispatcher import failover"),
    "service to service by name": (forbidden_directions, "services/ingress/app.py", "from services import dispatcher"),
    "service to service, relative": (
        forbidden_directions,
        "services/ingress/app.py",
        "from ..dispatcher import engine",
    ),
    "the command line to a service": (forbidden_directions, "services/cli/dev.py", "import services.ingress.app"),
    "shared to a service": (forbidden_directions, "shared/logs.py", "from services.cli import main"),
    "a launcher to shared": (forbidden_directions, "deploy/node.py", "from shared import settings"),
    "a service to a launcher": (forbidden_directions, "services/ingress/app.py", "from deploy import rabbitmq_node"),
    "the sandbox to the wire": (forbidden_directions, "services/sandbox/app.py", "from shared.wire import v1"),
    "the sandbox to the provider": (forbidden_directions, "services/sandbox/app.py", "from shared import vonage"),
    "the product to its tests": (forbidden_directions, "shared/model.py", "from tests.support import house"),
    "a clock in the core": (impurities, "services/dispatcher/failover.py", "import time"),
    "now in the core": (
        impurities,
        "services/dispatcher/failover_receipts.py",
        "from datetime import datetime, UTC\nx = datetime.now(UTC)",
    ),
    "random ids": (impurities, "shared/ids.py", "from uuid import uuid4"),
    "random ids by the module": (impurities, "shared/ids.py", "import uuid\nx = uuid.uuid4()"),
    "the environment in the wire": (impurities, "shared/wire/v1.py", "import os"),
    "a file in the provider": (impurities, "shared/vonage/tokens.py", "x = open('key')"),
    "a logger in the model": (impurities, "shared/model.py", "import structlog"),
    "a bare except": (caught_too_much, "shared/logs.py", "try:\n    x = 1\nexcept:\n    pass"),
    "except Exception": (caught_too_much, "shared/logs.py", "try:\n    x = 1\nexcept Exception:\n    pass"),
    "Exception among others": (
        caught_too_much,
        "shared/logs.py",
        "try:\n    x = 1\nexcept (ValueError, Exception):\n    x = 2",
    ),
    "raised again as another": (
        caught_too_much,
        "shared/logs.py",
        "try:\n    x = 1\nexcept BaseException:\n    raise ValueError",
    ),
    "no docstring": (ill_made_modules, "shared/logs.py", "x = 1"),
    "too long": (ill_made_modules, "shared/logs.py", '"""Long."""\n' + "x = 1\n" * LONGEST_MODULE),
    "a name without an idea": (ill_made_modules, "shared/utils/text.py", '"""Text."""'),
    "work at import": (ill_made_modules, "shared/logs.py", '"""Work."""\nprint(1)'),
}


@pytest.mark.parametrize(("rule", "path", "source"), BROKEN.values(), ids=BROKEN.keys())
def test_each_rule_finds_the_fault_it_is_there_for(rule: Rule, path: str, source: str) -> None:
    faults = rule({path: source})

    assert faults
    assert [fault for fault in faults if not fault.startswith(path)] == []


def test_what_a_pure_module_reaches_must_be_pure_too() -> None:
    tree = {
        "shared/model.py": "from shared import times",
        "shared/times.py": "import time",
        "shared/__init__.py": "",
    }

    assert impurities(tree) == ["shared/times.py: a pure module imports time"]


SOUND: dict[str, tuple[Rule, str, str]] = {
    "kombu in the queue": (misplaced_libraries, "shared/queue/publisher.py", "import kombu"),
    "pika in its place": (misplaced_libraries, "services/dispatcher/amqp_relay.py", "import pika"),
    "a service to itself": (forbidden_directions, "services/ingress/app.py", "from services.ingress import auth"),
    "a service to shared": (forbidden_directions, "services/sandbox/app.py", "from shared import settings"),
    "the command line to a launcher": (forbidden_directions, "services/cli/up.py", "from deploy import rabbitmq_node"),
    "the class of ids": (impurities, "shared/ids.py", "from uuid import UUID\nx = UUID(int=1)"),
    "raised again": (caught_too_much, "shared/logs.py", "try:\n    x = 1\nexcept BaseException:\n    x = 2\n    raise"),
    "a narrow except": (caught_too_much, "shared/logs.py", "try:\n    x = 1\nexcept ValueError:\n    pass"),
}


@pytest.mark.parametrize(("rule", "path", "source"), SOUND.values(), ids=SOUND.keys())
def test_a_rule_lets_pass_what_is_allowed(rule: Rule, path: str, source: str) -> None:
    assert rule({path: source}) == []


def test_whoever_may_catch_everything_does_so() -> None:
    tree = read_tree(ROOT)
    found = {f"{path}:{function}" for path, source in tree.items() for _line, function in catchers(source)}

    assert sorted(MAY_CATCH_ALL.keys() - found) == []


def test_every_top_level_entry_is_known() -> None:
    assert sorted({path.name for path in ROOT.iterdir()} - TOP_LEVEL - MADE_BY_TOOLS) == []


@pytest.mark.parametrize("name", ["runtime.txt", "dev.txt", "clients.txt", "clients_node.txt"])
def test_locked_requirements_name_no_index_and_carry_hashes(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    packages = [block for block in text.replace("\\\n", " ").splitlines() if block.strip()]

    assert packages
    assert [line for line in text.splitlines() if "://" in line or "index" in line.split("=")[0]] == []
    assert [each[:60] for each in packages if "==" not in each or "--hash=sha256:" not in each] == []


def test_the_lock_holds_what_is_asked_for() -> None:
    for name in ("runtime", "dev", "clients", "clients_node"):
        asked = (ROOT / "requirements" / f"{name}.in").read_text(encoding="utf-8").lower().splitlines()
        locked = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").lower()
        pins = [line.split("[")[0] + "==" + line.split("==")[1] if "[" in line else line for line in asked]

        assert [pin for pin in pins if "==" in pin and f"{pin} " not in locked] == []


def test_make_alone_shows_every_target() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    targets = (
        "demo",
        "up",
        "down",
        "test",
        "test-clients",
        "test-long",
        "lint",
        "bench",
        "topology-check",
        "clean",
        "lock",
    )
    assert [target for target in targets if f"  make {target} " not in shown] == []
