"""`cascade jwt`: a token for curl."""

from __future__ import annotations

from pathlib import Path

import click

from services.cli.home import Home
from services.cli.tokens import DEFAULT_LIFE_S, LONGEST_LIFE_S, caller_token


@click.command()
@click.option("--application", metavar="ID", help="Application id; else CASCADE_APPLICATION_ID, else the demo's.")
@click.option("--key", type=click.Path(path_type=Path), metavar="FILE", help="Its private key in PEM.")
@click.option(
    "--life", type=click.IntRange(30, LONGEST_LIFE_S), default=DEFAULT_LIFE_S, show_default=True, help="In seconds."
)
def jwt(application: str | None, key: Path | None, life: int) -> None:
    """Print a JWT: curl -H "Authorization: Bearer $(.venv/bin/cascade jwt)" ..."""
    click.echo(caller_token(Home.from_environment(), application=application, key=key, life_s=life))
