"""`cascade contract`: what other systems hold us to, as documents: OpenAPI, AsyncAPI, JSON Schemas."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def contract() -> None:
    """Print the OpenAPI, the AsyncAPI or a JSON Schema, or write them all."""


@contract.command(name="list")
def list_documents() -> None:
    """List the documents."""
    from shared.wire.documents import documents

    click.echo("\n".join(documents()))


@contract.command(name="print")
@click.argument("document")
def print_document(document: str) -> None:
    """Print one DOCUMENT, e.g. openapi.json."""
    from shared.wire.documents import documents

    found = documents().get(document)
    if found is None:
        raise click.UsageError(f"there is no {document}; there are {', '.join(documents())}")
    click.echo(found.decode(), nl=False)


@contract.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def write(folder: Path) -> None:
    """Write all of them under FOLDER."""
    from shared.wire.documents import documents

    for path, document in documents().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(document)
