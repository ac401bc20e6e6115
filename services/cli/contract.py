"""`cascade contract`: what other systems hold us to, as documents: OpenAPI, AsyncAPI, JSON Schemas."""

from __future__ import annotations

from pathlib import Path

import click

from shared.wire.documents import documents


@click.group()
def contract() -> None:
    """Print the OpenAPI, the AsyncAPI or a JSON Schema, or write them all."""


@contract.command(name="list")
def list_documents() -> None:
    """List the documents."""
    click.echo("\n".join(documents()))


@contract.command(name="print")
@click.argument("document", type=click.Choice([*documents()]))
def print_document(document: str) -> None:
    """Print one DOCUMENT."""
    click.echo(documents()[document], nl=False)


@contract.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def write(folder: Path) -> None:
    """Write all of them under FOLDER."""
    for path, document in documents().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(document)
