"""The `analysis` command: one verb per stage of `dvc.yaml`, and a few that analysts call by hand.

Imports are inside the verbs, so that each starts with no more than it needs.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import click

from analysis.errors import DataError


class Verbs(click.Group):
    """Shows an error about data as its one sentence, without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except DataError as error:
            click.echo(f"Erreur : {error}", err=True)
            sys.exit(2)


@click.group(cls=Verbs)
def main() -> None:
    """Social clauses: from raw files to published pages."""


@main.group()
def ingest() -> None:
    """Raw files of one source into clean tables, outside the pipeline too."""


@ingest.command("decp")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="contracts, .parquet")
@click.option("--quality", required=True, type=click.Path(path_type=Path), help="what was wrong, .parquet")
def ingest_decp(files: tuple[Path, ...], out: Path, quality: Path) -> None:
    """DECP files (2019 or 2022 JSON, tabular CSV or Parquet, mixed) into one table of contracts."""
    from analysis.sources.decp import ingest_files

    ingest_files(list(files), out, quality)


@main.command()
@click.argument("source", type=click.Choice(["decp", "exports", "inventory"]))
@click.argument("dataset")
def clean(source: str, dataset: str) -> None:
    """Stage: the raw files of one source of DATASET into clean tables and a quality table."""
    module = import_module(f"analysis.sources.{source}")
    module.build(dataset)


@main.command()
@click.argument("deliverable", type=click.Choice(["segments", "facilitators", "consolidation", "quality"]))
@click.argument("dataset")
def analyse(deliverable: str, dataset: str) -> None:
    """Stage: the result tables of one deliverable of DATASET, from its clean tables."""
    import_module(f"analysis.{deliverable}.tables").build(dataset)


@main.command()
@click.argument("deliverable", type=click.Choice(["segments", "facilitators", "consolidation", "quality"]))
@click.argument("dataset")
def protect(deliverable: str, dataset: str) -> None:
    """Stage: disclosure control of one deliverable of DATASET, before any notebook reads it."""
    from analysis.disclosure.protect import build

    build(dataset, deliverable)


if __name__ == "__main__":
    main()
