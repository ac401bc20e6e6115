"""Write a file that only its owner may read."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write by renaming, so a reader never sees half, and never more open than the owner's alone."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
