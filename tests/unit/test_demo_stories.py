"""The stories of the demo's cases read as a person has read them: tests/golden/stories is what the timeline says.

Where a sentence is meant to change: `python -m tests.support.demo_stories`, and read what it wrote.
"""

import pytest

from tests.support.demo_stories import FOLDER, STORIES, told


@pytest.mark.parametrize("name", STORIES)
def test_the_story_is_the_one_that_was_read(name: str) -> None:
    assert (FOLDER / f"{name}.txt").read_text(encoding="utf-8") == told(STORIES[name]())


def test_no_story_is_kept_that_nobody_plays() -> None:
    assert set(STORIES) == {path.stem for path in FOLDER.iterdir()}


@pytest.mark.parametrize("name", STORIES)
def test_every_story_comes_to_its_end(name: str) -> None:
    assert 1 == sum(entry.what == "final" for entry in STORIES[name]().entries)
