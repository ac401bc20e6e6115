"""Run the ingress: `python -m services.ingress`. Settings come from the environment (settings.py)."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile

from services.ingress.settings import IngressSettings, ingress_settings
from shared.errors import ConfigError
from shared.logs import configure_logs

FIGURES_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def main() -> int:
    """Serve until told to stop. Gives 2 where a setting is wrong."""
    try:
        _serve(ingress_settings())
    except ConfigError as error:
        sys.stderr.write(f"The ingress can't start.\n{error}\n")
        return 2
    return 0


def _serve(settings: IngressSettings) -> None:
    ourselves, folder = os.getpid(), tempfile.mkdtemp(prefix="cascade-ingress-")
    # Before the first import of the library that counts: it looks for the workers' common folder then.
    os.environ.setdefault(FIGURES_VARIABLE, folder)
    try:
        _run(settings)
    finally:
        if os.getpid() == ourselves:  # a worker that ends comes by here too
            shutil.rmtree(folder, ignore_errors=True)


def _run(settings: IngressSettings) -> None:
    from services.ingress.server import IngressServer, listen
    from shared.queue.address import nodes
    from shared.store.sql_connect import parse_url

    nodes(settings.broker_url)
    parse_url(settings.store_url)
    listening = listen(settings)
    configure_logs("ingress", format_=settings.log_format, level=settings.log_level)
    IngressServer(settings, listening).run()


if __name__ == "__main__":
    sys.exit(main())
