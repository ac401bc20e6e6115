"""The command line starts at once, and tells what there is."""

import ast
import subprocess
import sys

import pytest

from services.cli.main import VERBS
from tests.support.command_line import CommandLine

HEAVY = ("sqlalchemy", "alembic", "psycopg", "flask", "gunicorn", "pika", "jsonschema_rs")
SCRIPT = """
import sys
from services.cli.main import cascade
try:
    cascade(sys.argv[1:], standalone_mode=False)
finally:
    print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_is_there_and_waits_for_no_heavy_library(verb: str) -> None:
    script = SCRIPT.format(heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", script, *([verb] if verb else []), "--help"], capture_output=True, text=True, check=True
    )

    assert "Usage:" in done.stdout
    assert [] == ast.literal_eval(done.stderr)


def test_the_list_of_verbs_imports_none_of_them() -> None:
    script = "import sys\nfrom services.cli.main import cascade\ncascade(['--help'], standalone_mode=False)\n"
    script += "print([name for name in sys.modules if name.startswith('services.cli.')], file=sys.stderr)"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ["services.cli.main"] == ast.literal_eval(done.stderr)
    assert [] == [verb for verb in VERBS if verb not in done.stdout]


def test_a_verb_that_is_none_is_wrong_usage(tmp_path: object) -> None:
    said = CommandLine(state_dir=tmp_path)("sned")  # type: ignore[arg-type]

    assert 2 == said.code
    assert "sned" in said.refusal()
