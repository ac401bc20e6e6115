"""The script that judges every change, with a `make` that is content with everything."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "run"


def judged(folder: Path) -> tuple[int, str]:
    """Run the script in a tree that holds nothing else; return its exit code and its errors."""
    made = folder / "bin" / "make"
    made.parent.mkdir()
    made.write_text("#!/bin/sh\n", encoding="utf-8")
    made.chmod(0o755)
    (folder / "tree" / ".ci").mkdir(parents=True)
    shutil.copy(SCRIPT, folder / "tree" / ".ci" / "run")
    done = subprocess.run(
        [str(folder / "tree" / ".ci" / "run")],
        env={"PATH": f"{made.parent}:/usr/local/bin:/usr/bin:/bin", "GIT_CEILING_DIRECTORIES": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.skipif(shutil.which("git") is None, reason="without git there is nothing to ask")
def test_a_tree_that_git_knows_nothing_of_is_not_taken_for_a_clean_one(tmp_path: Path) -> None:
    code, said = judged(tmp_path)

    assert 0 != code
    assert "not a git repository" in said


@pytest.mark.skipif(shutil.which("git") is None, reason="without git there is nothing to ask")
def test_a_file_left_behind_is_named(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "tree")], check=True, timeout=60)
    code, said = judged(tmp_path)

    assert 1 == code
    assert "?? .ci/" in said
