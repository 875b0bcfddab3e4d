"""Who supports clauses on a day: how many, hosted by whom, where, paid by whom; what one ETP follows; who is silent."""

from __future__ import annotations

import pandas as pd

from analysis.core import reference
from analysis.core.numbers import about, french, french_date, number_of, percent
from analysis.core.params import load_params
from analysis.core.reference import WHOLE
from analysis.core.texts import becomes, inside, opening, together
from analysis.facilitators.views.common import (
    STAFF,
    counted,
    day_of,
    here,
    of_region,
    scope,
    source,
    taken,
    untold,
)
from analysis.publishing.content import PERCENT, Card, Column, Content, DataTable, Figure, Prose, Strip, Warning
from analysis.publishing.maps import choropleth
from analysis.publishing.page import Page, on_region_page
from analysis.publishing.style import bar_chart, line_chart

NOTHING = Prose("Aucun inventaire à cette date.")
# The heading of the first column of a table, and its caption.
STAFF_BY = {
    "porteurs": ("Structure porteuse", "Structures, personnes et ETP par nature de la structure porteuse"),
    "departements": ("Département", "Structures, personnes et ETP par département du siège"),
    "roles": ("Rôle", "Structures, personnes et ETP par rôle"),
    "financements": ("Financement", "Structures, personnes et ETP par financement"),
    "autres_acteurs": ("Acteur", "Autres acteurs, hors des structures facilitatrices"),
}
ROWS = 20  # contradictions listed
BASE = "Base : structures de l'inventaire, et celles dont un export est attendu."  # of the rate of answers


def headline(page: Page, day: str = "") -> Content:
    """Structures, persons, ETP and EPCI without any facilitator: four units that are never mixed."""
    # Who has no known seat is of the region all the same.
    table = "evolution" if page.regional else "departements"
    hosts = here(page, taken(page, table, day))
    cover = here(page, taken(page, "couverture", day))
    if taken(page, "evolution", day).empty:
        return Warning("Aucun inventaire de facilitateurs n'est connu à cette date.")
    reasons = [reason for reason in hosts["secret"].fillna("") if reason]
    secret = reasons[0] if reasons else ""
    csv = page.csv(table) if len(hosts) else None  # nobody has no row
    return Strip(
        [
            Card("Structures facilitatrices", float(hosts["structures"].sum()), csv=csv),
            Card("Facilitateurs, coordinateurs et appuis", float(hosts["personnes"].sum()),
                 note="de ces structures, sans les autres acteurs", csv=csv),
            Card("Temps consacré à la clause", float(hosts["etp"].sum()), "ETP", untold(page, day), 1, secret=secret,
                 rounded=hosts["etp_arrondi"].max(), csv=csv),
            Card("Intercommunalités sans facilitateur déclaré", float(cover["sans_facilitateur"].sum()),
                 note=f"sur {len(cover)}", csv=page.csv("couverture"), total=("sans_facilitateur",)),
        ]
    )  # fmt: skip


def by_host(page: Page, day: str = "") -> Content:
    """Structures, persons and ETP by kind of host, region as a whole."""
    rows = taken(page, "porteurs", day)
    if rows.empty:
        return NOTHING
    rows = rows.assign(libelle=rows["nature_porteuse"].map(reference.labels("porteurs")))
    rows = rows.sort_values(["personnes", "libelle"], ascending=[False, True])
    shown = rows.set_index("libelle")["personnes"].astype(float)
    region = scope(page, page.dataset.territory_name, day)
    return Figure(
        bar_chart(shown),
        title="Facilitateurs par nature de la structure porteuse (personnes)",
        alt=of_region(
            page,
            "Le plus de personnes : "
            + ", ".join(f"« {name} »" for name in shown.index[shown == shown.iloc[0]])
            + f", {number_of(shown.iloc[0], 'personne')}.",
        ),
        table=_staff_table(page, rows, "porteurs", region),
        source=source(page),
    )


def by_department(page: Page, day: str = "") -> Content:
    """Structures, persons and ETP by department of the seat: persons are drawn, which no secret hides."""
    rows = here(page, taken(page, "departements", day))
    if taken(page, "evolution", day).empty:
        return NOTHING
    if rows.empty:
        return Prose("Aucune structure facilitatrice n'a son siège ici à cette date.")
    if not page.regional:  # its own figures are its headline
        return on_region_page(page, "les facilitateurs de chaque département")
    names = reference.department_names()
    rows = rows.assign(libelle=rows["departement"].map(names).fillna("Siège inconnu"))
    rows = rows.sort_values(["personnes", "libelle"], ascending=[False, True])
    return Figure(
        bar_chart(rows.set_index("libelle")["personnes"].astype(float)),
        title="Facilitateurs par département du siège (personnes)",
        alt=_most_and_least(rows[rows["departement"].isin(names.index)], len(page.dataset.departements)),
        table=_staff_table(page, rows, "departements", scope(page, page.territory_name, day)),
        source=source(page),
    )


def _most_and_least(rows: pd.DataFrame, departments: int) -> str:
    """The departments with most and with fewest persons; among these where others of the region's have nobody."""
    if rows.empty:
        return "Aucun département n'a de facilitateur dont le siège soit connu."
    shown = rows.set_index("libelle")["personnes"]
    # Names without their articles, which differ: « le Nord », « l'Oise ».
    most, fewest = shown.max(), shown.min()
    if most == fewest:
        each = " chacun" if len(shown) > 1 else ""
        return f"{together(list(shown.index))} : {number_of(most, 'personne')}{each}."
    first, last = (_alike(list(shown.index[shown == count]), count) for count in (most, fewest))
    among = ", parmi les départements qui ont une structure" if len(rows) < departments else ""
    return f"Le plus de facilitateurs : {first} ; le moins : {last}{among}."


def _alike(names: list[str], count: int) -> str:
    """Departments that have as many, and how many that is."""
    return f"{together(names)}, {french(count)}{' chacun' if len(names) > 1 else ''}"


def by_role(page: Page, day: str = "") -> Content:
    """Persons and ETP by role, region as a whole."""
    rows = taken(page, "roles", day)
    rows = rows.assign(libelle=rows["role"].map(reference.labels("roles"))).sort_values("role")
    region = scope(page, page.dataset.territory_name, day)
    note = "Une structure compte dans chaque rôle qu'elle a : les structures ne s'ajoutent pas d'une ligne à l'autre."
    return _staff_table(page, rows, "roles", region, note) if len(rows) else NOTHING


def by_funding(page: Page, day: str = "") -> Content:
    """Persons and ETP by source of funding, region as a whole: they do not add up."""
    rows = taken(page, "financements", day)
    rows = rows.assign(libelle=rows["financement"].map(reference.labels("financements")))
    rows = rows.sort_values(["personnes", "libelle"], ascending=[False, True])
    note = "Une personne que plusieurs financent compte dans chaque ligne : les lignes ne s'ajoutent pas."
    if rows.empty:
        return Prose("Aucun financement n'est dit à cette date.")
    region = scope(page, page.dataset.territory_name, day)
    return _staff_table(page, rows, "financements", region, note)


def others(page: Page, day: str = "") -> Content:
    """Other actors who give time to clauses, never added to facilitators."""
    rows = taken(page, "autres_acteurs", day)
    if rows.empty:
        return Prose("Aucun autre acteur n'a répondu.")
    rows = rows.assign(libelle=rows["nature_porteuse"].map(reference.labels("porteurs"))).sort_values("libelle")
    region = f"{page.dataset.territory_name}, inventaire au {french_date(day_of(page, day))}, sans les facilitateurs"
    return _staff_table(page, rows, "autres_acteurs", region)


def _staff_table(page: Page, rows: pd.DataFrame, table: str, scope: str, note: str | None = None) -> DataTable:
    heading, caption = STAFF_BY[table]
    return DataTable(
        counted(rows),
        columns={"libelle": Column(heading), **STAFF},
        caption=caption,
        scope=scope,
        csv=page.csv(table),
        note=note,
    )


def coverage(page: Page, day: str = "") -> Content:
    """Map of the EPCI by number of structures that declare to work there, and the list of those without any."""
    rows = here(page, taken(page, "couverture", day))
    if rows.empty:
        return Prose("Aucun inventaire à cette date : les territoires sans facilitateur ne peuvent pas être dits.")
    without = rows[rows["sans_facilitateur"]]
    most = without.sort_values("population_region", kind="stable").iloc[-1] if len(without) else without
    declared = rows[~rows["sans_facilitateur"]].set_index("epci_siren")["structures"].astype(float)
    return Figure(
        choropleth(
            declared,
            legend_label="Structures déclarées",
            bins=load_params().facilitators.coverage_classes,
            counts=True,
            missing="aucune",
            departments=page.departments,
        ),
        title="Structures facilitatrices qui déclarent intervenir dans l'intercommunalité",
        alt=f"Intercommunalités sans facilitateur déclaré : {len(without)} sur {len(rows)} ; "
        f"la plus peuplée est « {most['nom']} », {french(most['population_region'])} habitants."
        if len(without)
        else "Chaque intercommunalité est déclarée par une structure au moins : aucune n'est sans facilitateur.",
        table=DataTable(
            rows.sort_values(["structures", "population_region"], ascending=[True, False], kind="stable"),
            columns={
                "nom": Column("Intercommunalité"),
                "departement": Column("Département"),
                "structures": Column("Structures déclarées", 0),
                "population_region": Column("Population municipale (région)", 0),
            },
            caption="Structures facilitatrices déclarées par intercommunalité, par nombre croissant",
            scope=scope(page, page.territory_name, day),
            csv=page.csv("couverture"),
            note="Aucune : zone blanche au sens strict. Une intercommunalité déclarée peut rester mal servie. "
            f"{page.across}",
        ),
        source=source(page),
    )


def evolution(page: Page) -> Content:
    """Persons and ETP of the region at the end of each year since 2015."""
    rows = page.read("evolution")
    rows = rows[(rows["jour"].dt.month == 12) & (rows["jour"].dt.day == 31)]
    rows = rows.assign(edition=rows["jour"].dt.year)
    years = rows.set_index("edition")[["structures", "personnes", "etp", "etp_arrondi"]].astype("float64")
    if len(years) < 2:
        return Prose("Moins de deux dates d'inventaire : pas d'évolution à montrer.")
    known = years.dropna(subset="etp")
    times = [about(year.etp, year.etp_arrondi, 1) for year in known.itertuples()]
    told = (
        f"De {known.index[0]} à {known.index[-1]}, le temps consacré à la clause {becomes(times[0], times[-1])} ETP."
        if len(known) > 1
        else "Le temps consacré à la clause n'est pas publié pour deux années : son évolution ne se dit pas."
    )
    unknown = {"sans_etp": Column("dont ETP inconnu, compté 0", 0)} if rows["sans_etp"].any() else {}
    return Figure(
        line_chart(
            years.drop(columns="etp_arrondi").rename(columns={"etp": "ETP"}),
            rounded=years[["etp_arrondi"]].set_axis(["ETP"], axis=1),
        ),
        title="Structures, personnes et ETP au 31 décembre de chaque année",
        alt=of_region(page, told),
        table=DataTable(
            counted(rows),
            columns={"edition": Column("Année"), **STAFF, **unknown},
            caption="Évolution de l'inventaire",
            scope=f"{page.dataset.territory_name}, au 31 décembre de chaque année, structures facilitatrices seules",
            csv=page.csv("evolution"),
            note="Tirée des dates d'emploi des réponses reçues : qui a fermé avant l'enquête n'y est pas.",
        ),
        source=source(page),
    )


def ratios(page: Page) -> Content:
    """What one ETP follows: quartiles between structures, by kind of host, beside the field's orders of magnitude."""
    rows = page.read("ratios")
    whole = rows[rows["nature_porteuse"] == WHOLE]
    if whole.empty:
        return Prose("Aucune structure n'a à la fois du personnel et un export : pas de rapport par ETP.")
    known = reference.table("facilitateurs/reperes").set_index("indicateur")
    order = {name: rank for rank, name in enumerate(known.index)}
    labels = {WHOLE: "Ensemble"} | reference.labels("porteurs")
    ranked = rows.assign(
        libelle=rows["indicateur"].map(known["libelle"]),
        porteur=rows["nature_porteuse"].map(labels),
        rank=rows["indicateur"].map(order),
        first=rows["nature_porteuse"].ne(WHOLE),
    ).sort_values(["rank", "first", "porteur"])
    secret = ranked["secret"].fillna("").ne("")
    if secret.all():
        return Prose(f"Ce que suit un ETP n'est pas publié : secret statistique ({ranked['secret'].iloc[0]}).")
    reasons = ranked[secret].groupby("secret")
    few = "".join(f" Secret statistique ({why}) : {_whose(rows, len(order))}." for why, rows in reasons)
    band = known.loc["heures_par_etp"]
    hours = whole.set_index("indicateur").loc["heures_par_etp"]
    said = (
        of_region(
            page,
            f"Un ETP suit {french(hours['mediane'])} heures réalisées dans l'année, tous mécanismes réunis, en médiane "
            f"de {int(hours['structures'])} structures ; {percent(hours['part_plausible'], 0)} d'entre elles sont "
            f"entre {french(band['bas'])} et {french(band['haut'])}, l'ordre de grandeur connu ; "
            f"{int(hours['au_dessous'])} au-dessous, {int(hours['au_dessus'])} au-dessus.",
        )
        if pd.notna(hours["mediane"])
        else None
    )
    return DataTable(
        counted(ranked[~secret]),
        columns={
            "libelle": Column("Rapport"),
            "porteur": Column("Structure porteuse"),
            "structures": Column("Structures", 0),
            "q1": Column("Premier quartile", 0),
            "mediane": Column("Médiane", 0),
            "q3": Column("Troisième quartile", 0),
            "part_plausible": Column("Dans l'ordre de grandeur", **PERCENT),
            "au_dessous": Column("au-dessous", 0),
            "au_dessus": Column("au-dessus", 0),
        },
        caption="Ce que suit un ETP, d'une structure à l'autre",
        scope=f"{page.dataset.territory_name}, tous mécanismes, structures facilitatrices en place au 31 décembre "
        f"{page.latest}",
        csv=page.csv("ratios"),
        takeaway=said,
        note="Tous mécanismes : qui accompagne la clause les suit tous. Heures, opérations et acheteurs de l'année : "
        "par ETP moyen de l'année ; intercommunalités et habitants : par ETP au 31 décembre. "
        "Opérations et acheteurs : ceux de l'export, sinon ceux que la structure déclare. Aucune norme de charge "
        "n'a été trouvée : l'ordre de grandeur vient de chiffres nationaux (28 000 heures par personne en 2014, "
        "63 000 par ETP en 2021-2022)." + few,
    )


def _whose(hidden: pd.DataFrame, ratios: int) -> str:
    """Of which hosts a ratio is hidden, and which ones where not all `ratios` are: `A, B, C (heures par ETP)`."""
    of = hidden.groupby("porteur")["libelle"].agg(lambda names: together([inside(name) for name in names]))
    all_of = hidden.groupby("porteur").size() == ratios
    return ", ".join([*of.index[all_of], *(f"{host} ({of[host]})" for host in of.index[~all_of])])


def answers(page: Page) -> Content:
    """How many structures answered, of all that are known, and who is silent."""
    known = page.read("reponses")
    rows = here(page, known)
    if rows.empty:
        return Prose("Aucune structure n'est inventoriée.")
    fresh = rows["reponse"].eq("a_jour")
    hosts = rows["type_acteur"].eq("FACILITATEUR")
    absent = rows["reponse"].eq("absente")
    silent = rows[~fresh | (hosts & ~rows["dernier_export"].eq(page.latest))]
    frame = silent.assign(etat=silent["reponse"].map(reference.labels("reponses_inventaire")))
    share = percent(float(fresh.mean()), 0)
    latest = page.dataset.edition(page.latest)
    said = (
        f"Structures qui ont répondu depuis moins d'un an : {int(fresh.sum())} sur {len(rows)} ({share}) ; structures "
        f"facilitatrices qui ont envoyé leur export ou leurs totaux de {page.latest} : "
        f"{int((hosts & rows['dernier_export'].eq(page.latest)).sum())} sur {int(hosts.sum())}."
        f"{_absent(int(absent.sum()), int(rows.loc[absent, 'dernier_export'].notna().sum()))}"
    )
    away = 0 if page.regional else int(known["reponse"].eq("absente").sum())
    elsewhere = f" Absentes de l'inventaire, donc sans siège connu : {away}, sur la page de la région." if away else ""
    if silent.empty:
        return Prose(said + elsewhere)
    return DataTable(
        frame.sort_values(["dernier_export", "nom"], na_position="first"),
        columns={
            "nom": Column("Structure"),
            "etat": Column("Questionnaire"),
            "date_reponse": Column("Dernière réponse"),
            "dernier_export": Column("Dernier envoi"),
        },
        caption="Structures à relancer",
        scope=f"{page.territory_name}, réponses reçues au {french_date(latest.date_observation)}",
        csv=page.csv("reponses"),
        takeaway=said,
        note=f"{BASE}{elsewhere}",
    )


def _absent(structures: int, senders: int) -> str:
    """How many of the structures the inventory does not have, and how many of these send all the same."""
    if not structures:
        return ""
    return f" Absentes de l'inventaire : {structures}, dont {senders} qui envoient des exports ou des totaux."


def contradictions(page: Page) -> Content:
    """Areas declared where nothing is followed, and operations followed outside of what is declared."""
    rows = page.read("contradictions")
    places = page.read("zones").set_index("epci_siren")
    rows = here(page, rows.assign(departement=rows["epci_siren"].map(places["departement"])))
    if places.empty:
        return Prose("Sans inventaire, rien n'est déclaré.")
    if rows.empty:
        return Prose("Les zones déclarées et les opérations suivies concordent.")
    names = page.read("reponses").set_index("structure_id")["nom"]
    kinds = reference.labels("constats_zone")
    counts = rows["constat"].value_counts()
    told = " ; ".join(f"{kinds[str(code)].lower()} : {number}" for code, number in counts.items()) + "."
    frame = rows.assign(
        structure=rows["structure_id"].map(names),
        epci=rows["epci_siren"].map(places["nom"]),
        libelle=rows["constat"].map(kinds),
    ).sort_values(["constat", "operations", "structure", "epci"], ascending=[False, False, True, True])
    return DataTable(
        frame.head(ROWS),
        columns={
            "structure": Column("Structure"),
            "epci": Column("Intercommunalité"),
            "libelle": Column("Constat"),
            "operations": Column("Opérations", 0),
        },
        caption="Zones déclarées et opérations suivies : ce qui ne concorde pas",
        scope=f"{page.territory_name}, {load_params().facilitators.silent_months} mois avant le 31 décembre "
        f"{page.latest}, structures qui ont envoyé un export",
        csv=page.csv("contradictions"),
        takeaway=opening(told),
        note=f"Les {ROWS} premières ; le fichier CSV les a toutes." if len(frame) > ROWS else None,
    )
