"""What the facilitators notebook shows: each function takes the page and returns one figure, table or sentence."""

from __future__ import annotations

import pandas as pd

from analysis.core import reference
from analysis.core.params import load_params
from analysis.numbers import french
from analysis.publishing.content import Card, Column, Content, DataTable, Figure, Prose, Strip, Warning
from analysis.publishing.maps import choropleth
from analysis.publishing.page import Page
from analysis.publishing.style import bar_chart, line_chart

STAFF = {
    "structures": Column("Structures", 0),
    "personnes": Column("Personnes", 0),
    "etp": Column("ETP", 2),
}


def headline(page: Page) -> Content:
    """Structures, persons, ETP and EPCI without any facilitator: four units that are never mixed."""
    hosts, cover = _departments(page), _coverage(page)
    if hosts.empty:
        return Warning("Aucun inventaire de facilitateurs n'est connu à cette date.")
    return Strip(
        [
            Card("Structures facilitatrices", float(hosts["structures"].sum())),
            Card("Personnes", _total(hosts, "personnes"), secret=_hidden(hosts)),
            Card("ETP consacrés à la clause", _total(hosts, "etp"), digits=1, secret=_hidden(hosts)),
            Card("Intercommunalités sans facilitateur déclaré", float(cover["sans_facilitateur"].sum()),
                 note=f"sur {len(cover)}"),
        ]
    )  # fmt: skip


def by_host(page: Page) -> Content:
    """Structures, persons and ETP by kind of host, region as a whole."""
    rows = page.read("porteurs")
    rows = rows[rows["edition"] == page.year]
    if rows.empty:
        return Prose("Aucun inventaire à cette date.")
    labels = reference.labels("porteurs")
    rows = rows.assign(libelle=rows["nature_porteuse"].map(labels))
    rows = rows.sort_values(["personnes", "libelle"], ascending=[False, True])
    shown = rows.dropna(subset="personnes").set_index("libelle")["personnes"].astype(float)
    return Figure(
        bar_chart(shown),
        title="Facilitateurs par nature de la structure porteuse (personnes)",
        alt=f"« {shown.index[0]} » porte le plus de facilitateurs : {french(shown.iloc[0])} personnes.",
        table=DataTable(
            rows,
            columns={"libelle": Column("Structure porteuse"), **STAFF},
            caption="Structures, personnes et ETP par nature de la structure porteuse",
            scope=_scope(page, page.dataset.region_nom),
            csv=page.csv("porteurs"),
        ),
        source=_source(page),
    )


def by_department(page: Page) -> Content:
    """Structures, persons and ETP by department of the seat."""
    rows = _departments(page)
    if rows.empty:
        return Prose("Aucun inventaire à cette date.")
    names = reference.departments().set_index("code_departement")["nom"]
    rows = rows.assign(libelle=rows["departement"].map(names)).sort_values(["etp", "libelle"], ascending=[False, True])
    shown = rows.dropna(subset="etp").set_index("libelle")["etp"]
    if shown.empty:
        return Prose("Les effectifs de ce territoire relèvent du secret statistique.")
    return Figure(
        bar_chart(shown, digits=1, unit="ETP"),
        title="ETP consacrés à la clause, par département du siège",
        alt=f"{shown.index[0]} compte {french(shown.iloc[0], 1)} ETP de facilitateurs"
        + (f", {shown.index[-1]} {french(shown.iloc[-1], 1)}." if len(shown) > 1 else "."),
        table=DataTable(
            rows,
            columns={"libelle": Column("Département"), **STAFF},
            caption="Structures, personnes et ETP par département du siège",
            scope=_scope(page, page.territory_name),
            csv=page.csv("departements"),
        ),
        source=_source(page),
    )


def coverage(page: Page) -> Content:
    """Map of the EPCI by number of structures that declare to work there, and the list of those without any."""
    rows = _coverage(page)
    if rows.empty:
        return Prose("Aucun inventaire à cette date : les territoires sans facilitateur ne peuvent pas être dits.")
    without = rows[rows["sans_facilitateur"]]
    most = without.sort_values("population_region").iloc[-1] if len(without) else without
    declared = rows[~rows["sans_facilitateur"]].set_index("epci_siren")["structures"].astype(float)
    return Figure(
        choropleth(
            declared,
            legend_label="Structures déclarées",
            bins=load_params().facilitators.coverage_classes,
            counts=True,
            missing="aucune",
            department=page.department,
        ),
        title="Structures facilitatrices qui déclarent intervenir dans l'intercommunalité",
        alt=f"{len(without)} intercommunalités sur {len(rows)} n'ont aucun facilitateur déclaré"
        + (
            f" ; la plus peuplée est « {most['nom']} », {french(most['population_region'])} habitants."
            if len(without)
            else "."
        ),
        table=DataTable(
            without.sort_values("population_region", ascending=False),
            columns={
                "nom": Column("Intercommunalité"),
                "departement": Column("Département"),
                "population_region": Column("Habitants (région)", 0),
            },
            caption="Intercommunalités sans facilitateur déclaré (zones blanches au sens strict)",
            scope=_scope(page, page.territory_name),
            csv=page.csv("couverture"),
            note="Au sens strict : aucune structure ne déclare y intervenir. Une intercommunalité déclarée peut "
            "rester mal servie.",
        ),
        source=_source(page),
    )


def evolution(page: Page) -> Content:
    """Persons and ETP of the region at the end of each year."""
    rows = page.read("evolution")
    years = rows.set_index("edition")[["structures", "personnes", "etp"]].astype("float64")
    if len(years) < 2:
        return Prose("Moins de deux dates d'inventaire : pas d'évolution à montrer.")
    first, last = years.iloc[0], years.iloc[-1]
    return Figure(
        line_chart(years.rename(columns={"structures": "structures", "personnes": "personnes", "etp": "ETP"})),
        title="Structures, personnes et ETP au 31 décembre de chaque année",
        alt=f"De {years.index[0]} à {years.index[-1]}, le temps consacré à la clause passe de "
        f"{french(first['etp'], 1)} à {french(last['etp'], 1)} ETP.",
        table=DataTable(
            rows,
            columns={"edition": Column("Année"), **STAFF},
            caption="Évolution de l'inventaire",
            scope=f"{page.dataset.region_nom}, au 31 décembre de chaque année, structures facilitatrices seules",
            csv=page.csv("evolution"),
        ),
        source=_source(page),
    )


def needs(page: Page) -> Content:
    """Needs of the State's buyers in the year, by kind and by what became of them."""
    rows = page.read("besoins")
    rows = rows[rows["edition"] == page.year]
    if rows.empty:
        return Prose(f"Aucun besoin d'acheteur de l'État n'a été recueilli pour {page.year}.")
    answers = reference.labels("reponses_besoin")
    wide = rows.pivot_table(index="type", columns="reponse", values="besoins", aggfunc="sum", fill_value=0)
    wide = wide.reindex(columns=list(answers), fill_value=0)
    frame = wide.assign(total=wide.sum(axis=1)).reset_index()
    frame["libelle"] = frame["type"].map(reference.labels("besoins"))
    asked, met = int(frame["total"].sum()), int(frame["SATISFAIT"].sum())
    unmet = asked - met
    by_kind = frame.assign(non=frame["total"] - frame["SATISFAIT"]).sort_values(
        ["non", "libelle"], ascending=[False, True]
    )
    values = by_kind.set_index("libelle")["non"].astype(float)
    return Figure(
        bar_chart(values),
        title="Besoins non satisfaits des acheteurs de l'État, par type",
        alt=f"{unmet} besoins sur {asked} n'ont pas été satisfaits ; le plus souvent : « {values.index[0]} ».",
        table=DataTable(
            frame,
            columns={
                "libelle": Column("Besoin"),
                **{code: Column(label, 0) for code, label in answers.items()},
            },
            caption="Besoins d'appui des acheteurs de l'État, par type et suite donnée",
            scope=f"{page.dataset.region_nom}, enquête auprès des acheteurs de l'État, {page.year}",
            csv=page.csv("besoins"),
        ),
        source=_source(page),
    )


def _departments(page: Page) -> pd.DataFrame:
    rows = page.read("departements")
    rows = rows[rows["edition"] == page.year]
    return rows if page.regional else rows[rows["departement"] == page.territory]


def _coverage(page: Page) -> pd.DataFrame:
    rows = page.read("couverture")
    rows = rows[rows["edition"] == page.year]
    return rows if page.regional else rows[rows["departement"] == page.territory]


def _total(rows: pd.DataFrame, column: str) -> float:
    return float(rows[column].sum())


def _hidden(rows: pd.DataFrame) -> str:
    """Why the total cannot be printed: one of its parts is hidden."""
    reasons = [reason for reason in rows["secret"].fillna("") if reason]
    return reasons[0] if reasons else ""


def _scope(page: Page, place: str) -> str:
    return f"{place}, inventaire au 31 décembre {page.year}, structures facilitatrices seules"


def _source(page: Page) -> str:
    return "inventaire synthétique." if page.dataset.synthetique else "inventaire des facilitateurs."
