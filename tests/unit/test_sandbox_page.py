"""The page about the sandbox says what the sandbox does."""

import json
import re
from pathlib import Path

from services.sandbox.inbound_content import KINDS
from services.sandbox.legacy import METHODS, SIGNED
from services.sandbox.problems import NAMED
from services.sandbox.scripts import parse_script

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "sandbox.md").read_text()


def test_every_script_on_the_page_is_one() -> None:
    blocks = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)

    assert len(blocks) >= 2
    for block in blocks:
        assert parse_script(json.loads(block))


def test_the_page_names_every_word_that_may_be_said() -> None:
    words = {*re.findall(r"[A-Za-z0-9_-]+", PAGE)}

    assert set() == {*NAMED, *KINDS, *METHODS, *SIGNED} - words


def test_the_page_has_every_setting() -> None:
    source = (ROOT / "services" / "sandbox" / "settings.py").read_text()
    named = set(re.findall(r'"""(CASCADE_SANDBOX_[A-Z_]+):', source))

    assert len(named) >= 10
    assert set() == named - set(re.findall(r"CASCADE_SANDBOX_[A-Z_]+", PAGE))
