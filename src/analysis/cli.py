"""The `analysis` command: one verb per stage of `dvc.yaml`, and a few that analysts call by hand.

Imports are inside the verbs, so that each starts with no more than it needs.
"""

from __future__ import annotations

import sys
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


if __name__ == "__main__":
    main()
