"""A dataset is a folder of `data/raw/` described by its `dataset.yaml`: what it is, and its editions."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from analysis.core.errors import DataError
from analysis.core.params import Block, load_settings
from analysis.core.paths import raw_dir


class Edition(Block):
    """One yearly consolidation: its year of data, its vintage, its perimeter and its legal scope."""

    annee: int
    date_observation: dt.date
    territoire: str
    territoire_nom: str
    departements: list[str] = Field(min_length=1)
    # An edition without scope or divisor prints nothing that can be compared (domain rule W15).
    mecanismes: list[str] = Field(min_length=1)
    base_legale: str = Field(min_length=1)
    diviseurs_etp: list[int] = Field(min_length=1)
    qpv_millesime: int
    cog_millesime: int


class Dataset(Block):
    """`dataset.yaml`: title, whether it is synthetic, the date up to which it is observed, editions."""

    nom: str
    titre: str
    synthetique: bool
    region: str
    region_nom: str
    date_observation: dt.date
    editions: list[Edition] = Field(min_length=1)

    def edition(self, year: int) -> Edition:
        """The edition of data year `year`; DataError names the years there are."""
        for edition in self.editions:
            if edition.annee == year:
                return edition
        known = ", ".join(str(edition.annee) for edition in self.editions)
        raise DataError(f"jeu de données « {self.nom} » : édition {year} inconnue ; attendu : {known}.")


def load_dataset(name: str) -> Dataset:
    """The dataset of that name; DataError says which there are when it does not exist."""
    folder = raw_dir(name)
    if not (folder / "dataset.yaml").is_file():
        known = sorted(path.parent.name for path in folder.parent.glob("*/dataset.yaml"))
        raise DataError(
            f"jeu de données « {name} » inconnu ; attendu : {', '.join(known) or 'aucun pour le moment'} "
            f"(créez-le par « analysis new-dataset {name} »)."
        )
    return load_settings(folder / "dataset.yaml", Dataset)
