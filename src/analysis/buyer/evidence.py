"""What the region's evidence says of planned purchases, from tables that are published.

`Knowledge` holds those tables: the stage gives its results, whose open columns alone are read; whoever types a
purchase, the protected ones. The rest are functions of purchases and knowledge, each giving rows by achat_id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.buyer.purchase import Purchase
from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.files import read_table
from analysis.core.params import ClassifierParams, Params
from analysis.core.reference import WHOLE
from analysis.places import kilometres, points
from analysis.segments.contracts import latest_years, segment_of_cpv
from analysis.segments.potential.sizing import ELIGIBLE
from analysis.segments.potential.supply import EVERY, companies, hours_of_capacity
from analysis.segments.telling.reader import Reader
from analysis.segments.telling.stage import PROJECT, TOLD

READ = (
    "segments/segments", "segments/segments_epci", "segments/segments_ailleurs", "segments/potentiel_facteurs",
    "segments/dimensionnement", "facilitators/annuaire", "facilitators/zones",
)  # fmt: skip
CONTRACTS = "buyer/marches"
PARTS = [
    "achat_id", "ordre", "niveau", "territoire", "nom", "segment", "edition", "renseignes", "avec_clause", "part",
    "part_bas", "part_haut", "methode",
]  # fmt: skip
METHODS = {
    "epci": "part lissée, intervalle à 80 %",
    "departement": "part observée, intervalle de Wilson à 95 %",
    "region": "part observée, intervalle de Wilson à 95 %",
    "pays": "part observée, intervalle de Wilson à 95 %",
}
NOBODY_SAYS = "aucun marché ne le dit"
COUNTRY = "pays"
BELOW = "dessous"
FRANCE = "FR"
OWN_TO_CONTRACTS = "propre_aux_marches"


@dataclass(frozen=True)
class Knowledge:
    """tables: by `livrable/table`, those of `READ` and `CONTRACTS`."""

    tables: dict[str, pd.DataFrame]
    dataset: Dataset
    params: Params

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]


def load(folder: Path, dataset: Dataset, params: Params, names: Iterable[str] = (*READ, CONTRACTS)) -> Knowledge:
    """The tables `names` of a folder of results, protected or not."""
    return Knowledge({name: read_table(folder / f"{name}.parquet") for name in names}, dataset, params)


def segments(purchases: list[Purchase], reader: Reader, settings: ClassifierParams) -> pd.DataFrame:
    """The segment of each purchase, as `reader` tells it: the columns of `TOLD` that say it, by achat_id."""
    index = pd.Index([purchase.achat_id for purchase in purchases], name="achat_id")
    objects = pd.Series([purchase.objet for purchase in purchases], index, dtype="str")
    cpv = segment_of_cpv(pd.Series([purchase.cpv for purchase in purchases], index, dtype="str"))
    return reader.told(objects, cpv, settings).assign(segment_cpv=cpv)[TOLD[1:]]


def by_purchase(told: pd.DataFrame) -> pd.DataFrame:
    """The rows of announced purchases in `classified/marches`, by achat_id."""
    own = told[told["uid"].str.startswith(PROJECT)]
    return own.set_index(own["uid"].str.removeprefix(PROJECT).rename("achat_id"))[TOLD[1:]]


def shares(purchases: list[Purchase], segment: pd.Series, knowledge: Knowledge) -> pd.DataFrame:
    """How many like contracts carry a clause, from the EPCI to the country: columns `PARTS`.

    Of the latest whole year whose contracts say. The country's is that of the segment's contracts executed in other
    regions, where at least `min_known_contracts` of them say; else the published one of all segments, without interval
    (`potentiel/constantes`, `part_clause`).
    """
    by_epci, larger = knowledge["segments/segments_epci"], knowledge["segments/segments"]
    years = latest_years(larger.loc[larger["renseignes"] > 0, "edition"], knowledge.dataset.date_observation)
    by_epci = by_epci[by_epci["edition"].isin(years)].rename(
        columns={"epci_siren": "territoire", "part_lissee": "part", "part_lissee_bas": "part_bas",
                 "part_lissee_haut": "part_haut"}
    )  # fmt: skip
    # Smoothed over no contract, a share is that of the other places.
    by_epci.loc[by_epci["renseignes"] == 0, ["part", "part_bas", "part_haut"]] = np.nan
    larger = larger[larger["edition"].isin(years)].rename(
        columns={"part_clause": "part", "part_clause_bas": "part_bas", "part_clause_haut": "part_haut"}
    )
    elsewhere = (
        _elsewhere(knowledge)
        .query("edition in @years")
        .rename(columns={"part_clause": "part", "part_clause_bas": "part_bas", "part_clause_haut": "part_haut"})
    )
    names = dict(zip(reference.epci()["epci_siren"], reference.epci()["nom"], strict=True))
    names |= reference.department_names().to_dict()
    names[knowledge.dataset.region] = knowledge.dataset.territory_name
    parts = []
    for purchase in purchases:
        places = {"epci": purchase.epci_siren, "departement": purchase.departement, "region": knowledge.dataset.region}
        for level, place in places.items():
            known = by_epci if level == "epci" else larger
            rows = known[(known["territoire"] == place) & (known["segment"] == segment[purchase.achat_id])]
            parts.append(rows.assign(achat_id=purchase.achat_id, niveau=level, nom=names.get(place or "")))
        rows = elsewhere[elsewhere["segment"] == segment[purchase.achat_id]]
        rows = rows.assign(nom="Autres régions") if len(rows) else _published()
        parts.append(rows.assign(achat_id=purchase.achat_id, niveau=COUNTRY, territoire=FRANCE))
    table = pd.concat(parts, ignore_index=True)
    order = {level: number for number, level in enumerate(METHODS, 1)}
    told = table["methode"].astype("str") if "methode" in table else pd.Series(None, index=table.index, dtype="str")
    told = told.fillna(table["niveau"].map(METHODS)).mask(table["renseignes"].eq(0).fillna(False), NOBODY_SAYS)
    table = table.assign(ordre=table["niveau"].map(order), methode=told)
    return table.sort_values(["achat_id", "ordre"], ignore_index=True).reindex(columns=PARTS)


def _elsewhere(knowledge: Knowledge) -> pd.DataFrame:
    """What the contracts executed in other regions say, by edition and segment: those of which enough say."""
    rows = knowledge["segments/segments_ailleurs"]
    return rows[rows["renseignes"] >= knowledge.params.segments.min_known_contracts]


def _published() -> pd.DataFrame:
    """The published share of all segments in the country, a row of `shares`."""
    row = reference.table("potentiel/constantes").set_index("nom").loc["part_clause"]
    source = str(row["source"]).split(" ; ")[0]
    return pd.DataFrame({"nom": ["France"], "segment": WHOLE, "part": float(row["valeur"]), "methode": source})


def within_reach(purchases: list[Purchase], segment: pd.Series, radius: float) -> pd.DataFrame:
    """Insertion companies at most `radius` km away by road, by kind: achat_id, genre, structures (all sectors),
    servent (of the sector of the purchase, or of all), dont_secteur, capacite (hours a year of those that serve),
    km_min (of the nearest)."""
    known = companies()
    kinds = reference.table("potentiel/capacites")["genre"]
    places = points(known["code_insee"])
    parts = []
    for purchase in purchases:
        km = kilometres(points(pd.Series([purchase.lieu])), places)[0]
        rows = known.assign(km=km, dont=known["secteur"].eq(segment[purchase.achat_id]))[km <= radius]
        parts.append(rows.assign(achat_id=purchase.achat_id))
    names = ["achat_id", "genre", "structures", "servent", "dont_secteur", "capacite", "km_min"]
    if not parts:
        return pd.DataFrame(columns=names)
    near = pd.concat(parts, ignore_index=True)
    serving = near["dont"] | near["secteur"].eq(EVERY)
    near = near.assign(servent=serving, capacite=near["capacite"].where(serving, 0.0))
    found = near.groupby(["achat_id", "genre"]).agg(
        structures=("siren", "size"), servent=("servent", "sum"), dont_secteur=("dont", "sum"),
        capacite=("capacite", "sum"), km_min=("km", "min"),
    )  # fmt: skip
    whole = pd.MultiIndex.from_product([[one.achat_id for one in purchases], kinds], names=["achat_id", "genre"])
    table = found.reindex(whole).reset_index()[names]
    counts = ["structures", "servent", "dont_secteur"]
    table[[*counts, "capacite"]] = table[[*counts, "capacite"]].fillna(0)
    return table.astype(dict.fromkeys(counts, "int64")).assign(km_min=table["km_min"].round(1))


def supply(reach: pd.DataFrame, dependency: float) -> pd.DataFrame:
    """By achat_id: structures that serve the segment, dont_secteur, dont_iae (those of the sector of the kinds that
    L5132-4 names), capacite (hours a year), heures_offre (the hours of clauses that it allows in a year)."""
    kinds = reference.table("potentiel/capacites")
    own = reach["dont_secteur"].where(reach["genre"].isin(kinds.loc[kinds["iae"].eq("oui"), "genre"]), 0)
    total = reach.assign(dont_iae=own).groupby("achat_id")[["servent", "dont_secteur", "dont_iae", "capacite"]].sum()
    total = total.rename(columns={"servent": "structures"})
    return total.assign(heures_offre=total["capacite"] * hours_of_capacity(dependency))


def people(purchases: list[Purchase], knowledge: Knowledge) -> pd.DataFrame:
    """By achat_id: deld, persons far from employment in the EPCI (all those of the department where the place is one),
    heures_public (hours a year that those whom clauses can reach allow), missing where not known."""
    zones, fixed = knowledge["facilitators/zones"], reference.constants("potentiel")
    by_epci = zones.set_index("epci_siren")["deld"].astype("float64")
    by_department = zones.groupby("departement")["deld"].sum(min_count=1).astype("float64")
    found = [
        by_epci.get(purchase.epci_siren, np.nan)
        if purchase.epci_siren
        else by_department.get(purchase.departement, np.nan)
        for purchase in purchases
    ]
    deld = pd.Series(found, index=pd.Index([p.achat_id for p in purchases], name="achat_id"), dtype="float64")
    return pd.DataFrame({"deld": deld, "heures_public": deld * fixed["part_publics"] * fixed["heures_par_personne"]})


def contacts(purchases: list[Purchase], knowledge: Knowledge, most: int) -> pd.DataFrame:
    """Whom to call: achat_id, rang, structure_id, nom, nature_porteuse, commune, contact (as its agreement allows),
    minutes (missing where the structure declares the place; else it is the nearest one).

    In a department, the structures that come first in most of its EPCI, `most` at most.
    """
    listed = knowledge["facilitators/annuaire"]
    names = ["structure_id", "nom", "nature_porteuse", "commune", "contact", "minutes"]
    parts = []
    for purchase in purchases:
        if purchase.epci_siren:
            rows = listed[listed["epci_siren"] == purchase.epci_siren].sort_values("rang")
        else:
            homes = reference.department_of_epci()
            rows = listed[listed["epci_siren"].map(homes).eq(purchase.departement) & listed["minutes"].isna()]
            rows = rows[rows["rang"] == 1]
            count = rows["structure_id"].map(rows["structure_id"].value_counts())
            rows = rows.assign(_n=-count).sort_values(["_n", "structure_id"]).drop_duplicates("structure_id")
        rows = rows.head(most)[names]
        parts.append(rows.assign(achat_id=purchase.achat_id, rang=np.arange(1, len(rows) + 1)))
    return pd.concat(parts, ignore_index=True)[["achat_id", "rang", *names]] if parts else pd.DataFrame()


def learnt(purchases: list[Purchase], segment: pd.Series, knowledge: Knowledge) -> pd.DataFrame:
    """By achat_id, what the hours of its segment were learnt from: appris, `BELOW` where its amount is lower than all
    that was seen there; montant_appris (euros), the lowest of them."""
    laws = knowledge["segments/dimensionnement"].drop_duplicates("segment").set_index("segment")
    rows = pd.DataFrame({name: segment.map(laws[name]) for name in ("appris", "montant_appris")})
    highest = pd.Series({purchase.achat_id: purchase.montant_max for purchase in purchases})
    return rows.assign(appris=rows["appris"].mask(highest.reindex(rows.index) < rows["montant_appris"], BELOW))


def drivers(segment: pd.Series, knowledge: Knowledge) -> pd.DataFrame:
    """By achat_id, the factor of the rule that makes the hours of its segment vary most, and its part of the variance:
    facteur, facteur_part; propre_part, what each contract has of its own. A sheet's hours are those of a clause that is
    asked: whether it can be is left out of the variance."""
    rows = knowledge["segments/potentiel_facteurs"]
    rows = rows[rows["facteur"] != ELIGIBLE]
    rows = rows.assign(part=rows["part"] / rows.groupby("segment")["part"].transform("sum"))
    own = rows[rows["facteur"] == OWN_TO_CONTRACTS].set_index("segment")["part"]
    ordered = rows[rows["facteur"] != OWN_TO_CONTRACTS].sort_values(["part", "facteur"], ascending=[False, True])
    first = ordered.drop_duplicates("segment").set_index("segment")
    return pd.DataFrame(
        {
            "facteur": segment.map(first["facteur"]),
            "facteur_part": segment.map(first["part"]),
            "propre_part": segment.map(own),
        }
    )
