"""Where things are. Every path hangs from the project root, found by its `dvc.yaml`.

Papermill runs a notebook in the caller's folder, nbval and JupyterLab in the notebook's own:
only a marker gives all three the same root.
"""

from __future__ import annotations

import os
from pathlib import Path

MARKER = "dvc.yaml"
ROOT_VARIABLE = "ANALYSIS_ROOT"


def project_root() -> Path:
    """The folder that holds `dvc.yaml`: ANALYSIS_ROOT if set, else the nearest one above the working folder."""
    if named := os.environ.get(ROOT_VARIABLE):
        return Path(named).resolve()
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / MARKER).is_file():
            return folder
    own = Path(__file__).resolve().parents[3]  # a command called from elsewhere: the checkout it was installed from
    if (own / MARKER).is_file():
        return own
    raise FileNotFoundError(f"no {MARKER} in {here} or above: run this inside the project")


def reference_dir() -> Path:
    """Small committed tables, each with its source."""
    return project_root() / "data" / "raw" / "reference"


def raw_dir(dataset: str) -> Path:
    """What was received, as received."""
    return project_root() / "data" / "raw" / dataset


def clean_dir(dataset: str, source: str) -> Path:
    """Typed tables of a source (decp, exports, inventory, projects) or of fingerprints of persons (empreintes).

    One row per thing; persons are pseudonyms already.
    """
    return project_root() / "data" / "processed" / dataset / "clean" / source


def fingerprints_dir(dataset: str) -> Path:
    """Keyed hashes of the persons' names and birth dates: what the scan of the finished site looks for."""
    return clean_dir(dataset, "empreintes")


def classified_dir(dataset: str) -> Path:
    """Where the segment of each contract is told."""
    return project_root() / "data" / "processed" / dataset / "classified"


def quality_dir(dataset: str) -> Path:
    """What was wrong in the received files, a table per source."""
    return project_root() / "data" / "processed" / dataset / "quality"


def feedback_dir(dataset: str) -> Path:
    """Workbooks to send back to the structures, one each: not for publication."""
    return project_root() / "data" / "processed" / dataset / "retours"


def results_dir(dataset: str) -> Path:
    """Results before disclosure control: no notebook reads here."""
    return project_root() / "data" / "processed" / dataset / "results"


def protected_dir(dataset: str) -> Path:
    """Results after disclosure control: all that a publishing notebook may read."""
    return project_root() / "data" / "processed" / dataset / "protected"


def pages_dir(dataset: str) -> Path:
    """Pages that were made, kept with what they were made from, so that they are not made again."""
    return project_root() / "data" / "processed" / dataset / "pages"


def checked_dir(dataset: str) -> Path:
    """Which files of the site passed its checks, and under which rules, so that they are not read again."""
    return project_root() / "data" / "processed" / dataset / "checked"


def releases_dir(dataset: str) -> Path:
    """What was published of the dataset, frozen: a folder per release."""
    return project_root() / "data" / "releases" / dataset


def reports_dir(dataset: str) -> Path:
    """The published site of the dataset."""
    return project_root() / "reports" / dataset


CALENDARS = "veille"  # the folder of the calendars in the site of a dataset


def calendar_name(territory: str) -> str:
    """The name of a territory's calendar, in the folder `CALENDARS` of the site."""
    return f"veille_{territory}.ics"


STEPS = "etapes"  # the folder of the calendars of planned purchases in the site of a dataset


def steps_name(achat: str) -> str:
    """The name of the calendar of a planned purchase, in the folder `STEPS` of the site."""
    return f"etapes_{achat}.ics"


def notebooks_dir() -> Path:
    """The notebooks that become pages."""
    return project_root() / "notebooks"
