"""The sheets of a CSV file of planned purchases, outside the pipeline: a folder of pages that stands alone.

The pages are those of the notebooks, made where the tables of these purchases stand for those of the announced ones:
a scratch project, whose other parts lead to this one. Only protected tables are read, so that nothing secret leaks.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analysis.buyer import programme, schedule
from analysis.buyer.tables import Tables
from analysis.buyer.typed import tables_of
from analysis.checking.guard import check_pages
from analysis.checking.links import check_links
from analysis.core import reference
from analysis.core.dataset import Dataset, load_dataset
from analysis.core.errors import DataError
from analysis.core.files import finished_folder, read_table, write_table, write_text
from analysis.core.paths import ROOT_VARIABLE, STEPS, project_root, protected_dir, reports_dir
from analysis.publishing.definitions import METHOD
from analysis.publishing.report import report
from analysis.publishing.templating import fill, program_version
from analysis.site import method
from analysis.site.home import pages

HOME = "index.html"
NOTEBOOKS = ("programme", "buyer")
LED_TO = ("data/raw", "dvc.yaml", "notebooks", "params.yaml", "requirements.lock", "src")


def build(path: Path, dataset: str, out: Path) -> list[str]:
    """Write to `out` the page of each purchase of the file `path`, that of them all, their tables and calendars.

    Returns what is wrong with the file, a sentence per fault; a purchase with an error has no page. Raises DataError
    when none has, or the file cannot be read; `out` is replaced as a whole, and must be no other folder of the user's.
    """
    out = out.resolve()
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / HOME).is_file()):
        raise DataError(f"« {out.name} » existe et n'est pas un rapport d'achats ; attendu : un dossier nouveau.")
    described = load_dataset(dataset)
    planned = programme.from_file(path)
    told = list(planned.remarks["message"])
    if not planned.purchases:
        raise DataError("\n".join(told) or f"{path.name} : aucun achat ; attendu : une ligne par achat.")
    tables = tables_of(planned, described)
    tables["engagement_retro"] = read_table(protected_dir(dataset) / "buyer" / "engagement_retro.parquet")
    with finished_folder(out) as folder:
        with _in_place_of_announced(tables, dataset):
            report(dataset, NOTEBOOKS)
            for name in NOTEBOOKS:
                shutil.copytree(reports_dir(dataset) / name, folder / name)
            leads = [page for name in NOTEBOOKS for page in pages(described, name)]
        _write_tables(tables, dataset, folder / "tables")
        for name, calendar in schedule.calendars(tables["achats"], described.date_observation).items():
            (folder / STEPS).mkdir(exist_ok=True)
            (folder / STEPS / name).write_bytes(calendar)
        _write_home(described, leads, folder)
        check_links(folder)
        check_pages(folder, sorted(folder.glob("*/*.html")))
    return told


@contextmanager
def _in_place_of_announced(tables: Tables, dataset: str) -> Iterator[None]:
    """A project like this one, but for the tables of planned purchases: the one that is found inside the block."""
    here, before = project_root(), os.environ.get(ROOT_VARIABLE)
    with tempfile.TemporaryDirectory(prefix="achats-") as scratch:
        root = Path(scratch)
        (root / "data").mkdir()
        for name in LED_TO:
            (root / name).symlink_to(here / name)
        os.environ[ROOT_VARIABLE] = str(root)
        try:
            for name, table in tables.items():
                write_table(table, protected_dir(dataset) / "buyer" / f"{name}.parquet")
            yield
        finally:
            if before is None:
                del os.environ[ROOT_VARIABLE]
            else:
                os.environ[ROOT_VARIABLE] = before


def _write_tables(tables: Tables, dataset: str, folder: Path) -> None:
    """As CSV, the tables of the purchases and those that an argument names."""
    for name, table in tables.items():
        write_table(table, folder / f"buyer_{name}.csv")
    for cited in reference.table("acheteur/arguments")["table"].unique():
        deliverable, _, name = cited.partition("_")
        if deliverable != "buyer":
            write_table(read_table(protected_dir(dataset) / deliverable / f"{name}.parquet"), folder / f"{cited}.csv")


def _write_home(dataset: Dataset, leads: list, folder: Path) -> None:
    write_text(method.page(dataset), folder / METHOD)
    home = fill(
        "site/purchases.html.j2",
        title="Fiches des achats prévus",
        contents=[],
        dataset=dataset,
        pages=leads,
        version=program_version(),
    )
    write_text(home, folder / HOME)
