"""Run a dispatcher: `python -m services.dispatcher`. Settings come from the environment (shared/settings.py)."""

from __future__ import annotations

import sys

from services.dispatcher.main import main

if __name__ == "__main__":
    sys.exit(main())
