"""A toy project: the real reference data, one small dataset, its protected tables, one notebook."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbformat import NotebookNode

from analysis.core.files import write_table
from analysis.core.paths import ROOT_VARIABLE, project_root, protected_dir

DATASET = """\
nom: jouet
titre: Jeu d'essai
synthetique: true
region: "32"
region_nom: Hauts-de-France
date_observation: 2017-01-31
editions:
  - annee: 2015
    date_observation: 2016-01-31
    territoire: "31"
    territoire_nom: Nord-Pas-de-Calais
    departements: ["59", "62"]
    mecanismes: [EXEC]
    base_legale: article 14 du code de 2006
    diviseurs_etp: [1607, 1820]
    qpv_millesime: 2015
    cog_millesime: 2026
  - annee: 2016
    date_observation: 2017-01-31
    territoire: "32"
    territoire_nom: Hauts-de-France
    departements: ["02", "59", "60", "62", "80"]
    mecanismes: [EXEC, EXEC_CRIT]
    base_legale: articles 38 et 38+52 de l'ordonnance de 2015
    diviseurs_etp: [1607, 1820]
    qpv_millesime: 2015
    cog_millesime: 2026
"""

PARAMETERS = 'dataset: str = "jouet"\nedition: int = 2016\nterritory: str = "32"'

CELLS = [
    "from analysis.publishing.content import Card, Column, DataTable, Figure, Prose, Strip, Warning\n"
    "from analysis.publishing.page import Page\n"
    'page = Page("consolidation", dataset, edition, territory)\n'
    "page.header()",
    "## L'année en bref",
    "heads = page.read('headlines')\n"
    "Strip([Card(h.libelle, h.valeur, h.unite, digits=h.decimales) for h in heads.itertuples()])",
    "Prose('Les heures **augmentent** de 3,2 %.')",
    "## Publics",
    "### Heures par public",
    "table = page.read('indicateurs')\n"
    "shown = DataTable(\n"
    "    table,\n"
    "    columns={'public': Column('Public'), 'heures': Column('Heures', 0, 'h'),\n"
    "             'part': Column('Part des heures', 1, '%', factor=100)},\n"
    "    caption='Heures réalisées par public', scope=page.scope, csv=page.csv('indicateurs'),\n"
    "    note='Une personne peut relever de plusieurs publics : les lignes ne s\\'additionnent pas.')\n"
    "shown",
    "from analysis.publishing import style\n"
    "known = table[table['heures'].notna()]\n"
    "Figure(style.bar_chart(known.set_index('public')['heures'], unit='h'),\n"
    "       title='Heures par public', alt='Les demandeurs d\\'emploi de longue durée font 618 686 heures.',\n"
    "       table=shown, source='jeu d\\'essai')",
    "Warning('Deux structures n\\'ont pas répondu.')",
]


def notebook(*cells: str, parameters: str = PARAMETERS) -> NotebookNode:
    """A notebook of the cell tagged `parameters` and `cells`; a cell starting with `#` and a space is text."""
    made = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})]
    for source in cells:
        text = source.startswith(("# ", "## ", "### "))
        made.append(nbformat.v4.new_markdown_cell(source) if text else nbformat.v4.new_code_cell(source))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=made, metadata=kernel)


def save(node: NotebookNode, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(node, path)
    return path


@contextmanager
def toy_project(root: Path) -> Iterator[Path]:
    """A toy project in the empty folder `root`, which is the project inside the block."""
    here = project_root()
    (root / "data/raw").mkdir(parents=True)
    (root / "data/raw/reference").symlink_to(here / "data/raw/reference")
    (root / "dvc.yaml").write_text("stages: {}\n")
    shutil.copy(here / "params.yaml", root)
    (root / "data/raw/jouet").mkdir()
    (root / "data/raw/jouet/dataset.yaml").write_text(DATASET, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ROOT_VARIABLE, str(root))
        write_protected()
        save(notebook(*CELLS), root / "notebooks/consolidation.ipynb")
        yield root


def write_protected() -> None:
    folder = protected_dir("jouet") / "consolidation"
    rows = [
        (1, "Heures d'insertion réalisées", 1302553.0, 0, "h"),
        (2, "Personnes", 3453.0, 0, ""),
        (3, "Équivalents temps plein (1 607 h)", 810.549, 1, "ETP"),
        (4, "Opérations", 888.0, 0, ""),
    ]
    heads = pd.DataFrame(rows, columns=["ordre", "libelle", "valeur", "decimales", "unite"])
    write_table(heads.assign(edition=2016, perimetre="Hauts-de-France"), folder / "headlines.parquet")
    publics = pd.DataFrame(
        {
            "public": ["Allocataires du RSA", "Demandeurs d'emploi de longue durée", "Jeunes", "Réfugiés", "Autres"],
            "heures": [299727.0, 618686.0, 473653.0, None, None],
            "part": [0.230107, 0.474980, 0.363635, None, None],
            "secret": ["", "", "", "moins de 5 personnes", ""],
        }
    )
    write_table(publics, folder / "indicateurs.parquet")
