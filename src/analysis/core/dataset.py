"""A dataset is a folder of `data/raw/` described by its `dataset.yaml`: what it is, and its editions."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from analysis.core import reference
from analysis.core.errors import DataError
from analysis.core.params import Block, load_settings
from analysis.core.paths import raw_dir
from analysis.core.texts import some, together

Code = TypeVar("Code", str, int)
SHOWN = 15  # codes of a list that a message says


def _listed(name: str, column: str = "code") -> AfterValidator:
    """A code of a reference table: one that nothing has would match no row, and nobody would see it."""

    def check(code: Code) -> Code:
        known = list(dict.fromkeys(reference.table(name)[column]))
        if str(code) not in known:
            raise ValueError(f"un code de data/raw/reference/{name}.csv ({some(known, SHOWN)})")
        return code

    return AfterValidator(check)


class Edition(Block):
    """One yearly consolidation: its year of data, its vintage, its perimeter and its legal scope."""

    annee: int = Field(ge=1000, le=9999)  # four digits
    date_observation: dt.date
    territoire: str
    territoire_nom: str
    # Of the communes that we have: nothing could be placed in another department.
    departements: list[Annotated[str, _listed("territoire/communes", "departement")]] = Field(min_length=1)
    # An edition without scope or divisor prints nothing that can be compared (domain rule W15).
    mecanismes: list[Annotated[str, _listed("nomenclatures/mecanismes")]] = Field(min_length=1)
    base_legale: str = Field(min_length=1)
    diviseurs_etp: list[int] = Field(min_length=1)
    qpv_millesime: Annotated[int, _listed("nomenclatures/millesimes_qpv")]
    cog_millesime: Annotated[int, _listed("territoire/millesimes_cog")]

    @property
    def clauses(self) -> str:
        """What the clauses of the edition ask for, in plain words, then the articles of its legal scope."""
        plain = reference.table("nomenclatures/mecanismes").set_index("code")["en_clair"]
        return f"{', '.join(plain[code] for code in self.mecanismes)} ({self.base_legale})"

    @property
    def is_partial(self) -> bool:
        """Whether it lacks departments of the region whose code it bears: what is published of the region, and its part
        of the country, are not its own. Of a former region, nothing is known to lack."""
        return bool(set(reference.departments(self.territoire)["code_departement"]) - set(self.departements))

    @property
    def territory_name(self) -> str:
        """How pages call what it covers: its departments where it bears the name of a region and lacks some of it."""
        region = reference.table("territoire/regions").set_index("code_region")["nom"].get(self.territoire)
        if self.territoire_nom != region or not self.is_partial:
            return self.territoire_nom
        return together(list(reference.department_names()[sorted(self.departements)]))


class Dataset(Block):
    """`dataset.yaml`: title, whether it is synthetic, the date up to which it is observed, editions."""

    nom: str
    titre: str
    synthetique: bool
    region: Annotated[str, _listed("territoire/regions", "code_region")]
    region_nom: str
    date_observation: dt.date
    editions: list[Edition] = Field(min_length=1)

    @field_validator("editions")
    @classmethod
    def _years_once(cls, editions: list[Edition]) -> list[Edition]:
        years = [edition.annee for edition in editions]
        if again := sorted({year for year in years if years.count(year) > 1}):
            raise ValueError(f"une seule édition par année ; {again[0]} y est {years.count(again[0])} fois")
        return editions

    @field_validator("editions")
    @classmethod
    def _scope_is_said(cls, editions: list[Edition]) -> list[Edition]:
        """Pages tell a change of scope by the legal base: two scopes have two."""
        scopes: dict[str, Edition] = {}
        for edition in sorted(editions, key=lambda edition: edition.annee):
            other = scopes.setdefault(edition.base_legale, edition)
            if set(other.mecanismes) != set(edition.mecanismes):
                raise ValueError(
                    f"une base légale par champ ; les éditions {other.annee} et {edition.annee} ont la même, "
                    f"« {edition.base_legale} », et d'autres mécanismes"
                )
        return editions

    @field_validator("editions")
    @classmethod
    def _latest_of_the_region(cls, editions: list[Edition], info: ValidationInfo) -> list[Edition]:
        latest, region = max(editions, key=lambda edition: edition.annee), info.data.get("region")
        if region and latest.territoire != region:
            raise ValueError(
                f"le territoire de la dernière édition, {latest.annee}, est celui de la région : {region} ; "
                f"« {latest.territoire} » y est écrit"
            )
        return editions

    @property
    def latest(self) -> Edition:
        """Its latest edition: what the dataset speaks of now."""
        return max(self.editions, key=lambda edition: edition.annee)

    @property
    def departements(self) -> list[str]:
        """The departments that the dataset speaks of now, in order: those of its latest edition. Pages count and list
        their intercommunalités (`reference.epci`) and what is bought there, and no others."""
        return sorted(self.latest.departements)

    @property
    def territory_name(self) -> str:
        """How pages call what the dataset speaks of now: its region, or what it has of it."""
        return self.latest.territory_name if self.latest.is_partial else self.region_nom

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
