"""Run the sandbox: `python -m services.sandbox`. Settings come from the environment (settings.py)."""

import os
import sys

from services.sandbox.logs import set_up
from services.sandbox.server import SandboxServer, listen
from services.sandbox.settings import SettingsError, read_settings


def main() -> int:
    """Serve until told to stop. Gives 2 if a setting is wrong."""
    try:
        settings = read_settings(os.environ)
        listening = listen(settings)
    except SettingsError as error:
        sys.stderr.write(f"The sandbox can't start.\n{error}\n")
        return 2
    set_up()
    SandboxServer(settings, listening).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
