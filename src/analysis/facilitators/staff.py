"""Who is in post on a day: persons, ETP and structures, three counts that are never mixed."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from analysis.core import reference
from analysis.core.reference import WHOLE
from analysis.core.results import ALWAYS, PART_TOLERANCE, on_day

FIRST_YEAR = 2015  # of the evolution
FACILITATOR, OTHER = "FACILITATEUR", "AUTRE"  # kinds of actor, and roles
ETP = ["etp", "etp_retenu"]  # the true time, and that on which all may rest that is told of places
NO_SEAT = "inconnu"  # in place of the department of a seat that is not known


def days(dataset_years: list[int], asked: list[dt.date]) -> list[pd.Timestamp]:
    """31 December of each year from 2015 (or the first edition) to the last edition, and the days asked for."""
    years = range(min(FIRST_YEAR, *dataset_years), max(dataset_years) + 1)
    return sorted({*(pd.Timestamp(year, 12, 31) for year in years), *(pd.Timestamp(day) for day in asked)})


def in_post(clean: dict[str, pd.DataFrame], day: pd.Timestamp) -> pd.DataFrame:
    """The persons in post on `day`, with what is known of their structure: one row per person.

    structure_id, nom, type_acteur, nature_porteuse, departement (of the seat), epci_siren (idem), accord (to publish),
    operations_suivies and acheteurs_suivis (as the structure declares), fac_ref, role, etp (of all the person's rows of
    that day, 1 at most; missing where none is known), financements, bureau_epci (of the person's office, else of the
    structure's seat). Who has two posts has the role and the office of the longer one.
    """
    people = on_day(clean["facilitateurs"], day).sort_values("etp", na_position="first", kind="stable")
    towns = reference.communes().set_index("code_insee")
    people = people.assign(bureau_epci=people["siege_commune_insee"].map(towns["epci_siren"]))
    people = people.groupby(["structure_id", "fac_ref"], as_index=False).agg(
        role=("role", "last"), etp=("etp", lambda known: known.sum(min_count=1)),
        financements=("financements", _all_said), bureau_epci=("bureau_epci", "last"),
    )  # fmt: skip
    people = people.assign(etp=people["etp"].clip(upper=1.0), financements=people["financements"].astype("str"))
    hosts = clean["structures"].assign(
        departement=clean["structures"]["commune_insee"].map(towns["departement"]),
        epci_siren=clean["structures"]["commune_insee"].map(towns["epci_siren"]),
        accord=clean["structures"]["accord_publication"].fillna(False).astype("bool"),
    )
    names = ["structure_id", "nom", "type_acteur", "nature_porteuse", "departement", "epci_siren", "accord"]
    names += ["operations_suivies", "acheteurs_suivis"]
    rows = people.merge(hosts[names], on="structure_id").sort_values(["structure_id", "fac_ref"], ignore_index=True)
    return rows.assign(bureau_epci=rows["bureau_epci"].fillna(rows["epci_siren"]))


def _all_said(codes: pd.Series) -> str | None:
    """The codes of all rows of a person, `|` between them, each once; none where no row says any."""
    return "|".join(dict.fromkeys("|".join(codes.dropna()).split("|"))) or None


def time_of_year(clean: dict[str, pd.DataFrame], year: int) -> pd.Series:
    """ETP of each structure, the mean of all days of `year`: as the hours of a year are those of whoever came and left
    in it. Missing where that of somebody in post that year is not known; nobody counts for more than one."""
    first, last = pd.Timestamp(year, 1, 1), pd.Timestamp(year, 12, 31)
    rows = clean["facilitateurs"]
    start, end = rows["date_debut"].fillna(first).clip(lower=first), rows["date_fin"].fillna(last).clip(upper=last)
    part = ((end - start).dt.days + 1) / ((last - first).days + 1)
    there = rows.assign(etp=rows["etp"] * part)[part > 0]
    people = there.groupby(["structure_id", "fac_ref"])["etp"].sum(min_count=1).clip(upper=1.0)
    return people.astype("float64").groupby("structure_id").agg(lambda known: known.sum(skipna=False))


def facilitators(people: pd.DataFrame) -> pd.DataFrame:
    """The rows of facilitator structures."""
    return people[people["type_acteur"] == FACILITATOR]


def structures(people: pd.DataFrame) -> pd.DataFrame:
    """The structures of `people`: personnes, etp (those that are known), sans_etp (persons whose is not), est_seule
    (one person, who may not be told), and etp_retenu, on which all may rest that is told of places."""
    key = ["structure_id", "nom", "nature_porteuse", "departement", "epci_siren", "accord"]
    key += ["operations_suivies", "acheteurs_suivis"]
    out = people.groupby(key, as_index=False, dropna=False).agg(**_TIME)
    out = out.assign(etp=out["etp"].round(2), est_seule=out["personnes"].eq(1) & ~out["accord"])
    return out.assign(etp_retenu=usual(out))


def usual(hosts: pd.DataFrame) -> pd.Series:
    """The ETP of each structure, that of a person who may not be told replaced by the mean of all others, a whole one
    where there is none: a class, an order or a count that rested on the true one would bound it."""
    told = hosts[~hosts["est_seule"]]
    persons = (told["personnes"] - told["sans_etp"]).sum()
    return hosts["etp"].mask(
        hosts["est_seule"] & hosts["sans_etp"].eq(0), told["etp"].sum() / persons if persons else 1
    )


_TIME = {"personnes": ("fac_ref", "size"), "etp": ("etp", "sum"), "sans_etp": ("etp", lambda known: known.isna().sum())}


def grouped(people: pd.DataFrame, column: str) -> pd.DataFrame:
    """Structures, persons and ETP by a column of `in_post`, with the measure that disclosure control asks for.

    `_personnes_sans_accord` is 1 for a person alone without agreement: sums over several structures are cells that
    the attack knows to hold these.
    """
    alone = structures(people).set_index("structure_id")["est_seule"].reindex(people["structure_id"]).to_numpy()
    rows = people.assign(_alone=pd.array(alone, dtype="boolean").fillna(False))
    out = rows.groupby(column, as_index=False).agg(
        structures=("structure_id", "nunique"), **_TIME, _seules=("_alone", "sum")
    )
    hidden = out["personnes"].eq(1) & out["_seules"].gt(0)
    return out.assign(etp=out["etp"].round(2), _personnes_sans_accord=hidden.astype("int64")).drop(columns="_seules")


def counted(people: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The inventory of a day: porteurs, departements, evolution, roles, financements, autres_acteurs, structures."""
    own = facilitators(people)
    hosts = structures(own)
    return {
        "porteurs": grouped(own, "nature_porteuse"),
        "departements": grouped(own.assign(departement=own["departement"].fillna(NO_SEAT)), "departement"),
        "evolution": grouped(own.assign(ensemble=WHOLE), "ensemble"),
        "roles": grouped(own, "role"),
        "financements": grouped(_by_funding(own), "financement"),
        "autres_acteurs": _others(people[people["type_acteur"] == OTHER]),
        "structures": hosts.assign(
            # What one may tell is told: areas, offices and ratios tell it too, so that hiding it here protects nobody.
            _controle=hosts["est_seule"].map({True: "porteurs", False: "ouvert"}),
            _personnes_sans_accord=hosts["est_seule"].astype("int64"),
        ),
    }


def _others(people: pd.DataFrame) -> pd.DataFrame:
    """Other actors by nature, hidden where one of the structures is a person alone without agreement, however many
    there are beside: no row tells them one by one, so that the attack does not know what their sum holds."""
    alone = structures(people).groupby("nature_porteuse")["est_seule"].any()
    out = grouped(people, "nature_porteuse")
    return out.assign(_personnes_sans_accord=out["nature_porteuse"].map(alone).astype("int64"))


def _by_funding(people: pd.DataFrame) -> pd.DataFrame:
    """A row per person and source of funding, by its name or code: who has two sources counts in both."""
    rows = people.assign(financement=people["financements"].str.split("|")).explode("financement")
    given = rows["financement"].astype("str").str.strip().replace("", pd.NA)
    found = given.str.casefold().map(reference.spellings("financements"))
    rows["financement"] = found.astype("str").mask(found.isna() & given.notna(), "AUTRE")
    return rows.dropna(subset="financement").drop_duplicates(["structure_id", "fac_ref", "financement"])


def areas(zones: pd.DataFrame, hosts: pd.DataFrame) -> pd.DataFrame:
    """The areas that `hosts` declare, each once: structure_id, epci_siren, date_debut (the first), part_temps.

    `zones` are those in force. Shares of time of a structure that sum to more than 1 are scaled down: it cannot give
    more time than it has. Areas whose share is not known have equal parts of what the others leave.
    """
    rows = zones[zones["structure_id"].isin(hosts["structure_id"])]
    rows = rows.assign(date_debut=rows["date_debut"].fillna(ALWAYS))
    key = ["structure_id", "epci_siren"]
    whole = rows.groupby("structure_id")["part_temps"].transform("sum")
    rows = rows.assign(
        date_debut=rows.groupby(key)["date_debut"].transform("min"),
        part_temps=rows.groupby(key)["part_temps"].transform("sum", min_count=1)
        / whole.where(whole > 1 + PART_TOLERANCE, 1.0),
    ).drop_duplicates(key)
    by_structure = rows.groupby("structure_id")["part_temps"]
    unknown = by_structure.transform("size") - by_structure.transform("count")
    left = (1 - by_structure.transform("sum")).clip(lower=0) / unknown.where(unknown > 0)
    return rows.assign(part_temps=rows["part_temps"].fillna(left))[[*key, "date_debut", "part_temps"]]


def vacant(zones: pd.DataFrame, structures: pd.DataFrame, hosts: pd.DataFrame) -> pd.DataFrame:
    """structure_id, nom, epci_siren: the areas in force (`zones`) that a facilitator structure declares while it has
    nobody in post, being none of `hosts`."""
    empty = structures["type_acteur"].eq(FACILITATOR) & ~structures["structure_id"].isin(hosts["structure_id"])
    return zones[["structure_id", "epci_siren"]].drop_duplicates().merge(structures.loc[empty, ["structure_id", "nom"]])


def by_epci(hosts: pd.DataFrame, zones: pd.DataFrame) -> pd.DataFrame:
    """What each EPCI that is declared has: structures, etp (sum of each structure's ETP x its share of time there), and
    etp_retenu, the same of the ETP that all may rest on.

    `zones` come from `areas`. `_personnes_sans_accord` is 1 where one or two of the structures behind it are a person
    alone without agreement: by difference with what is told, the others would know their time.
    """
    rows = zones.merge(hosts[["structure_id", *ETP, "est_seule"]], on="structure_id")
    rows[ETP] = rows[ETP].mul(rows["part_temps"], axis=0)
    out = rows.groupby("epci_siren", as_index=False).agg(
        structures=("structure_id", "nunique"), etp=("etp", "sum"), etp_retenu=("etp_retenu", "sum"),
        _seules=("est_seule", "sum"),
    )  # fmt: skip
    return out.assign(_personnes_sans_accord=out["_seules"].isin([1, 2]).astype("int64")).drop(columns="_seules")


def names_of(said: pd.Series) -> str:
    """Names, each once, in order."""
    return " ; ".join(sorted(set(said.dropna())))


def seats(people: pd.DataFrame) -> pd.DataFrame:
    """ETP by EPCI of the office: epci_siren, structures, noms (theirs), etp (that may be rested on), as a scenario may
    use and publish them."""
    hosts = structures(people)
    alone = hosts[hosts["est_seule"]].set_index("structure_id")["etp_retenu"]
    rows = people.assign(etp=people["structure_id"].map(alone).fillna(people["etp"])).dropna(subset="bureau_epci")
    out = rows.groupby("bureau_epci", as_index=False).agg(
        structures=("structure_id", "nunique"), noms=("nom", names_of), etp=("etp", "sum")
    )
    return out.rename(columns={"bureau_epci": "epci_siren"})
