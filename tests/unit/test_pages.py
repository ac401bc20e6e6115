"""The pages for people: no link leads nowhere, and what they show of the examples is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))

    assert [] == [link for link in links if not (page.parent / link).exists()]


def test_every_page_and_every_example_is_named_where_people_look() -> None:
    told = (ROOT / "README.md").read_text(encoding="utf-8") + (ROOT / "docs" / "queue.md").read_text(encoding="utf-8")

    assert [] == [page.name for page in (ROOT / "docs").glob("*.md") if page.name not in told]
    assert [] == [example.name for example in (ROOT / "examples").iterdir() if example.name not in told]
