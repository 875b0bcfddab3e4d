"""The `analysis` command: one verb per stage of `dvc.yaml`, and a few that analysts call by hand.

Imports are inside the verbs, so that each starts with no more than it needs.
"""

from __future__ import annotations

import datetime as dt
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from analysis.core.errors import DataError
from analysis.core.paths import project_root
from analysis.core.processor import settle


class Verbs(click.Group):
    """Shows an error about data as its one sentence, without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except DataError as error:
            click.echo(f"Erreur : {error}", err=True)
            sys.exit(2)


class Day(click.ParamType):
    """A day, written as ISO does."""

    name = "AAAA-MM-JJ"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        try:
            return dt.datetime.strptime(value, "%Y-%m-%d").date()
        except ValueError:
            option = param.opts[0] if param else self.name
            raise DataError(
                f"{option} : « {value} » ; attendu : une date AAAA-MM-JJ, par exemple 2026-01-26."
            ) from None


@click.group(cls=Verbs)
def main() -> None:
    """Social clauses: from raw files to published pages."""
    settle()


@main.group()
def ingest() -> None:
    """Raw files of one source into clean tables, outside the pipeline too."""


@ingest.command("decp")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="contracts, .parquet")
@click.option("--quality", required=True, type=click.Path(path_type=Path), help="what was wrong, .parquet")
@click.option("--holders", type=click.Path(path_type=Path), help="holders of the contracts, .parquet")
@click.option("--modifications", type=click.Path(path_type=Path), help="their modifications, .parquet")
@click.option(
    "--observed-on",
    type=Day(),
    help="dates more than a day after it are refused; by default, after the last publication in each file",
)
def ingest_decp(
    *,
    files: tuple[Path, ...],
    out: Path,
    quality: Path,
    holders: Path | None,
    modifications: Path | None,
    observed_on: dt.date | None,
) -> None:
    """DECP files (2019 or 2022 JSON, tabular CSV or Parquet, mixed) into one table of contracts."""
    from analysis.sources.decp import ingest_files

    ingest_files(
        list(files),
        out,
        quality,
        holders=holders,
        modifications=modifications,
        observed_on=observed_on,
    )


@main.command()
def demo() -> None:
    """Write the synthetic dataset data/raw/demo/ (seed and size in params.yaml)."""
    from analysis.core.params import load_params
    from analysis.core.paths import raw_dir
    from analysis.demo import generate

    generate(raw_dir("demo"), load_params().demo)


@main.command()
@click.argument("source", type=click.Choice(["decp", "exports", "inventory", "projects"]))
@click.argument("dataset")
def clean(source: str, dataset: str) -> None:
    """Stage: the raw files of one source of DATASET into clean tables and a quality table."""
    module = import_module(f"analysis.sources.{source}")
    module.build(dataset)


@main.command()
@click.argument("dataset")
def classify(dataset: str) -> None:
    """Stage: the market segment of each contract of DATASET, from its object and its CPV code."""
    from analysis.segments.telling.stage import build

    build(dataset)


@main.command()
@click.argument("deliverable", type=click.Choice(["segments", "facilitators", "consolidation", "buyer", "quality"]))
@click.argument("dataset")
def analyse(deliverable: str, dataset: str) -> None:
    """Stage: the result tables of one deliverable of DATASET, from its clean tables."""
    import_module(f"analysis.{deliverable}.tables").build(dataset)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dataset", required=True, help="whose protected tables the purchases are held against")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="folder of the pages, replaced as a whole")
def buyer(file: Path, dataset: str, out: Path) -> None:
    """A sheet for each planned purchase of FILE (CSV), and a page for them all; says what is wrong with a line."""
    from analysis.publishing.report import ready

    with ready():  # beside the making of tables
        from analysis.purchases import build

        for message in build(file, dataset, out):
            click.echo(message, err=True)


@main.command()
@click.argument("dataset")
def feedback(dataset: str) -> None:
    """Stage: a workbook per structure of DATASET that lists what to correct, to be sent back to it."""
    from analysis.quality.feedback import build

    click.echo(build(dataset))


@main.command()
@click.argument("dataset")
def protect(dataset: str) -> None:
    """Stage: disclosure control of every table of DATASET, before any notebook reads it."""
    from analysis.disclosure.protect import build

    build(dataset)


@main.command()
@click.argument("dataset")
@click.argument("notebooks", nargs=-1)
@click.option("--scheduler", envvar="ANALYSIS_SCHEDULER", help="address of a Dask cluster that makes the pages")
def report(dataset: str, notebooks: tuple[str, ...], scheduler: str | None) -> None:
    """Stage: the pages of DATASET that changed, of all notebooks or of NOTEBOOKS only."""
    from analysis.publishing.report import cluster
    from analysis.publishing.report import report as run

    if scheduler is None:
        run(dataset, notebooks)
    else:
        with cluster(scheduler) as executor:
            run(dataset, notebooks, executor)


@main.command()
@click.argument("dataset")
def site(dataset: str) -> None:
    """Stage: the front page of DATASET, its method, directory, guide, calendars and downloads, after every page is
    checked.
    """
    from analysis.site.home import build

    build(dataset)


@main.command()
@click.argument("dataset")
@click.argument("name")
@click.option("--date", "day", required=True, type=Day(), help="day of the publication")
@click.option("--note", default="", help="a sentence on why figures were revised")
def release(dataset: str, name: str, day: dt.date, note: str) -> None:
    """Freeze the site of DATASET as the release NAME; say what it revises."""
    from analysis.release import release as freeze

    click.echo(freeze(dataset, name, day, note))


@main.command()
@click.argument("dataset", required=False)
def summary(dataset: str | None) -> None:
    """The address of DATASET's front page and three figures from it; by default, of all that params.yaml lists."""
    from analysis.core.params import load_params
    from analysis.site.home import summary as text

    for name in [dataset] if dataset else load_params().datasets:
        click.echo(text(name))


@main.command("normalise-notebooks")
@click.option("--check", is_flag=True, help="change nothing; fail when a notebook is not in its committed form")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True))
def normalise_notebooks(files: tuple[Path, ...], check: bool) -> None:
    """Bring notebooks to their committed form: text outputs only, nothing volatile."""
    from analysis.notebooks import normalise_file

    changed = [path for path in files if normalise_file(path, check=check)]
    for path in changed:
        click.echo(f"{path} : {'à normaliser' if check else 'normalisé'}", err=True)
    if changed and check:
        sys.exit(1)


@main.command("run-notebooks")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True))
def run_notebooks(files: tuple[Path, ...]) -> None:
    """Execute FILES (by default all of notebooks/) at their default parameters and store their text outputs."""
    from analysis.core.paths import notebooks_dir
    from analysis.notebooks import run_notebooks as run

    run(files or sorted(notebooks_dir().glob("*.ipynb")))


@main.command("new-dataset")
@click.argument("name")
@click.option("--region", default="32", show_default=True, help="code of the region")
@click.option("--year", default="2025", show_default=True, help="data year of the edition, in four digits")
def new_dataset_verb(name: str, region: str, year: str) -> None:
    """Create data/raw/NAME with a README in French, questionnaires to send and a mapping to edit."""
    from analysis.scaffold import new_dataset

    folder = new_dataset(name, region, year)
    click.echo(f"{folder} : lisez LISEZMOI.md, puis ajoutez « {name} » à la liste datasets de params.yaml.")


@main.command("fetch")
@click.argument("dataset", default="open")
@click.option("--only", multiple=True, help="name of a source of data/raw/sources.yaml")
def fetch_verb(dataset: str, only: tuple[str, ...]) -> None:
    """Bring the official open sources; DATASET is the folder of data/raw that receives the DECP."""
    from analysis.sources.fetch import fetch

    for path in fetch(dataset, only):
        click.echo(str(path))


@main.command("dictionary")
def dictionary_verb() -> None:
    """Write docs/data-dictionary.md and docs/dictionary/ from the schemas."""
    from analysis.schemas.dictionary import write

    write(project_root() / "docs")


@main.command("constraints", hidden=True)
def constraints_verb() -> None:
    """Write constraints.txt from requirements.lock."""
    from analysis.constraints import write

    write(project_root())


if __name__ == "__main__":
    main()
