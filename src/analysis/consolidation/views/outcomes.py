"""What becomes of people: outcomes by definition, stays one after another."""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.outcomes import computed_definitions
from analysis.consolidation.views.common import hides, same_perimeter, source_line
from analysis.core import reference
from analysis.core.numbers import french, french_date, percent
from analysis.core.params import load_params
from analysis.core.reference import WHOLE
from analysis.publishing.content import PERCENT, Column, Content, DataTable, Figure, Prose
from analysis.publishing.page import Page, on_region_page
from analysis.publishing.style import flow_chart, line_chart, stacked_chart

ISSUES = {
    "retour": "Retour en clause",
    "durable": "Emploi durable à six mois",
    "transition": "Emploi de transition",
    "positive": "Formation ou autre insertion",
    "aucune": "Recherche d'emploi ou inactivité",
    "inconnue": "Situation inconnue",
    "en_cours": "Sans fin connue, ou fini depuis moins de six mois",
}
SERIES = "IAE"  # the definitions that cut the same situations: no other is drawn or listed beside them
STAYS = {1: "1er passage", 2: "2e passage", 3: "3e et plus"}
FOLLOWED = {
    "contrats": "Contrats de travail",
    "employeurs": "Employeurs",
    "structures": "Structures facilitatrices",
    "annees": "Années",
}


def outcomes(page: Page) -> Content:
    """Durable jobs by year of exit at each horizon: rate, interval, response, and bounds that no silence can move."""
    if not page.regional:
        return on_region_page(page, "l'emploi durable après la clause")
    rows = page.read("sorties")
    rows = rows[rows["definition"].eq("DURABLE") & rows["modalite"].eq(WHOLE) & (rows["edition"] <= page.year)]
    rows = rows.sort_values(["edition", "horizon_m"])
    if rows.empty:
        return Prose("Aucune sortie n'est connue.")
    known = rows.dropna(subset="taux")
    if known.empty and hides(rows):
        return Prose("L'emploi durable après la clause relève du secret statistique.")
    if known.empty:
        return Prose("Aucune situation après la clause n'est connue.")
    half_year = known[known["horizon_m"] == 6]
    last = (known if half_year.empty else half_year).iloc[-1]
    said = (
        f"Des {french(last['dus'])} personnes sorties en {last['edition']} depuis au moins "
        f"{french(last['horizon_m'])} mois, {percent(last['taux_reponse'])} ont une situation connue, "
        f"dont {percent(last['taux'])} en emploi durable (de {french(100 * last['taux_bas'], 1)} à "
        f"{percent(last['taux_haut'])}). Selon ce que sont devenues les autres, la part vraie est entre "
        f"{french(100 * last['borne_basse'], 1)} et {percent(last['borne_haute'])}."
    )
    table = DataTable(
        rows.assign(sortie=_left(page, rows["edition"])).sort_values(["edition", "horizon_m"], ascending=[False, True]),
        columns={
            "sortie": Column("Année de sortie"),
            "horizon_m": Column("Échéance (mois)", 0),
            "dus": Column("Personnes dues", 0),
            "taux_reponse": Column("Réponse", **PERCENT),
            "taux": Column("Emploi durable", **PERCENT),
            "taux_bas": Column("de", **PERCENT),
            "taux_haut": Column("à", **PERCENT),
            "taux_pondere": Column("Pondéré", **PERCENT),
            "borne_basse": Column("Borne basse", **PERCENT),
            "borne_haute": Column("Borne haute", **PERCENT),
        },
        caption="Emploi durable à 3, 6 et 12 mois",
        scope=f"personnes sorties dans l'année, périmètre et mécanismes de chaque édition{_seen(page)}",
        csv=page.csv("sorties"),
        note="Personnes dues : celles dont l'échéance est passée ; réponse : part d'entre elles dont la situation est "
        "connue. Emploi durable : CDI, CDD ou intérim de plus de six mois, fonction publique, création d'entreprise. "
        "« de » et « à » : intervalle de Wilson à 95 % sur les répondants. Les bornes n'ont besoin d'aucune "
        "hypothèse sur ceux qui ne répondent pas. Une définition, une série : ne se compare ni aux sorties "
        "dynamiques ni à « en emploi à 12 mois ».",
    )
    drawn = same_perimeter(page, known)
    if drawn["edition"].nunique() < 2:
        table.takeaway = said
        return table
    lines, low, high = (
        drawn.pivot(index="edition", columns="horizon_m", values=name).add_prefix("à ").add_suffix(" mois")
        for name in ("taux", "taux_bas", "taux_haut")
    )
    return Figure(
        line_chart(lines, bands=(low, high), **PERCENT),
        title="Emploi durable après la clause, parmi les personnes dont la situation est connue",
        alt=f"{said} Les bandes sont les intervalles à 95 %.",
        table=table,
        source=_answered(page),
    )


def outcomes_elsewhere(page: Page) -> Content:
    """What others call success, each definition by itself, and those that what is collected does not allow."""
    if not page.regional:
        return on_region_page(page, "les définitions d'autres observatoires")
    known = reference.table("nomenclatures/definitions_sortie").set_index("code")
    known = known[known["serie"] != SERIES]
    reasons = known["non_calcule"].dropna()
    absent = " ".join(f"« {known.loc[code, 'libelle']} » n'est pas calculé : {said}." for code, said in reasons.items())
    rows = page.read("sorties")
    rows = rows[rows["definition"].isin(known.index) & rows["modalite"].eq(WHOLE) & rows["edition"].le(page.year)]
    told = rows.dropna(subset="taux").sort_values("edition")
    if told.empty:
        return Prose(f"Aucune situation n'est publiée selon les définitions d'autres observatoires. {absent}".strip())
    last = told.iloc[-1]
    return DataTable(
        rows.assign(libelle=rows["definition"].map(known["libelle"]), sortie=_left(page, rows["edition"])).sort_values(
            ["libelle", "edition"], ascending=[True, False]
        ),
        columns={
            "libelle": Column("Définition"),
            "sortie": Column("Année de sortie"),
            "repondants": Column("Répondants", 0),
            "taux": Column("Part", **PERCENT),
            "taux_bas": Column("de", **PERCENT),
            "taux_haut": Column("à", **PERCENT),
            "borne_basse": Column("Borne basse", **PERCENT),
            "borne_haute": Column("Borne haute", **PERCENT),
        },
        caption="Selon les définitions d'autres observatoires",
        scope=f"personnes sorties dans l'année, périmètre et mécanismes de chaque édition{_seen(page)}",
        csv=page.csv("sorties"),
        takeaway=f"« {known.loc[last['definition'], 'libelle']} » : {percent(last['taux'])} des "
        f"{french(last['repondants'])} personnes sorties en {last['edition']} dont la situation est connue.",
        note=f"Ne se compare à aucune autre définition de cette page. {absent}".strip(),
    )


def outcomes_by_definition(page: Page) -> Content:
    """The same leavers under each definition, at six months, women and men apart; only what excludes is stacked."""
    if not page.regional:
        return on_region_page(page, "la situation six mois après la clause")
    rows = page.read("sorties")
    definitions = computed_definitions()
    definitions = definitions[definitions["serie"] == SERIES]
    rows = rows[rows["edition"].eq(page.year) & rows["horizon_m"].eq(6) & rows["definition"].isin(definitions.index)]
    if rows.empty:
        return Prose("Aucune sortie à six mois n'est connue pour cette édition.")
    labels, people = definitions["libelle"], {WHOLE: "Ensemble", **reference.labels("sexes")}
    own = {code: set(str(row["statuts"]).split("|")) for code, row in definitions.iterrows()}
    # What excludes is stacked: no status of theirs is in a narrower definition's.
    exclusive = [code for code in own if not any(other < own[code] for other in own.values())]
    wide = rows.pivot(index="definition", columns="modalite", values="taux")
    drawn = wide.reindex(index=exclusive, columns=[code for code in people if code in wide]).dropna(axis=1)
    if drawn.empty:
        return Prose("Les situations à six mois de cette édition relèvent du secret statistique.")
    order = {code: n for n, code in enumerate(labels.index)}
    rows = rows.assign(
        libelle=rows["definition"].map(labels), qui=rows["modalite"].map(people), ordre=rows["definition"].map(order)
    )
    return Figure(
        stacked_chart(drawn.rename(index=labels, columns=people), **PERCENT),
        title="Situation six mois après la clause, parmi les personnes dont la situation est connue",
        alt=" ; ".join(
            f"{people[code]} : " + ", ".join(f"{labels[d].lower()} {percent(drawn.loc[d, code])}" for d in drawn.index)
            for code in drawn
        )
        + ". Ce qui reste de chaque barre n'est dans aucune de ces situations.",
        table=DataTable(
            rows.sort_values(["ordre", "modalite"], ascending=[True, False]),
            columns={
                "libelle": Column("Définition"),
                "qui": Column("Personnes"),
                "repondants": Column("Répondants", 0),
                "reussites": Column("dans cette situation", 0),
                "taux": Column("Part", **PERCENT),
                "taux_bas": Column("de", **PERCENT),
                "taux_haut": Column("à", **PERCENT),
            },
            caption=f"Situation à six mois des personnes sorties en {page.year}, selon la définition",
            scope=f"{page.dataset.territory_name}, personnes sorties dans l'année{_seen(page)}",
            csv=page.csv("sorties"),
            note="Les définitions qui en réunissent d'autres ne sont pas dessinées : elles se recoupent.",
        ),
        source=_answered(page),
    )


def _back_told(rows: pd.DataFrame) -> list[str]:
    """The sentence on those who return after a first stay, beside those whose first stay has ended, where it may be
    said. `rows` are persons by issue of the first stay."""
    row = rows.loc["retour"]
    ended = rows["personnes"].drop("en_cours", errors="ignore")
    if row[["personnes", "delai_median_m"]].isna().any() or ended.isna().any():
        return []
    return [
        f"Après un premier passage, {french(row['personnes'])} personnes reviennent en clause, "
        f"{percent(row['personnes'] / ended.sum(), 0)} de celles dont ce passage est fini depuis six mois ou qui sont "
        f"revenues avant, au bout de {french(row['delai_median_m'], 1)} mois pour la moitié d'entre elles."
    ]


def _durable_told(rows: pd.DataFrame) -> list[str]:
    """The sentence on those in lasting employment at the end, with the bounds that those of unknown situation leave,
    where it may be said. `rows` are persons by issue of their last stay."""
    row = rows.loc["durable"]
    due = rows["personnes"].drop("en_cours", errors="ignore")
    if row[["personnes", "depuis_median_m"]].isna().any() or due.isna().any():
        return []
    silent = due.get("inconnue", 0)
    low, high = row["personnes"] / due.sum(), (row["personnes"] + silent) / due.sum()
    bounds = (
        f" (entre {french(100 * low)} et {percent(high, 0)} selon ce que sont devenues les {french(silent)} autres)"
        if silent
        else ""
    )
    return [
        f"{french(row['personnes'])} personnes sont en emploi durable six mois après leur dernier passage, "
        f"{percent(row['personnes'] / (due.sum() - silent), 0)} de celles dont la situation est connue{bounds} ; ce "
        f"passage finit {french(row['depuis_median_m'], 1)} mois après le début du premier pour la moitié d'entre "
        "elles."
    ]


def trajectories(page: Page) -> Content:
    """Where people go from one stay in clause contracts to the next, and where they end."""
    if not page.regional or page.year != page.latest:
        return on_region_page(page, "les parcours, toutes années", page.latest)
    rows = page.read("parcours")
    if rows.empty:
        return Prose("Aucun parcours n'est connu : aucune personne ne se suit d'un contrat à l'autre.")
    order = {code: n for n, code in enumerate(ISSUES)}
    rows = rows.assign(ordre=rows["issue"].map(order)).sort_values(["rang", "ordre"])
    ends = [code for code in ISSUES if code != "retour"]
    drawn = rows[rows["rang"].isin(STAYS)].pivot(index="rang", columns="issue", values="personnes")
    drawn = drawn.reindex(columns=ends).rename(index=STAYS, columns=ISSUES)
    first, ended = (rows[rows["rang"] == rang].set_index("issue") for rang in (1, 0))
    if "retour" not in first.index or "durable" not in ended.index or drawn.isna().to_numpy().all():
        return Prose("Les parcours ne peuvent pas être montrés : trop peu de passages ont une fin connue.")
    return Figure(
        flow_chart(drawn),
        title="D'un passage en clause au suivant, et où les parcours s'arrêtent",
        alt=" ".join([*_back_told(first), *_durable_told(ended)])
        or "Les retours en clause et l'emploi durable de la fin relèvent du secret statistique.",
        table=DataTable(
            rows.assign(libelle=rows["issue"].map(ISSUES), nom=rows["rang"].map({0: "Toutes, à la fin"} | STAYS)),
            columns={
                "nom": Column("Passage"),
                "libelle": Column("Ce qui suit"),
                "personnes": Column("Personnes", 0),
                "sejours": Column("Passages", 0),
                "part": Column("Part des passages", **PERCENT),
                "contrats_moyens": Column("Contrats par passage", 2),
                "employeurs_moyens": Column("Employeurs par passage", 2),
                "delai_median_m": Column("Délai médian avant le retour (mois)", 1),
                "depuis_median_m": Column("Depuis le premier contrat, médiane (mois)", 1),
            },
            caption="Ce qui suit chaque passage en clause",
            scope=_everywhere(page),
            csv=page.csv("parcours"),
            note=f"Un passage réunit les contrats séparés d'au plus {load_params().consolidation.stay_gap_months} "
            "mois. Un retour l'emporte sur la situation à six mois. Qui a plus de trois passages en a plusieurs dits "
            "« 3e et plus » : la part est celle des passages. « Toutes, à la fin » : le dernier passage de chacun.",
        ),
        source=source_line(page),
    )


def followed(page: Page) -> Content:
    """In how many contracts, employers, structures and years the same person is found."""
    if not page.regional or page.year != page.latest:
        return on_region_page(page, "le suivi des personnes, toutes années", page.latest)
    rows = page.read("suivi")
    if rows.empty:
        return Prose("Aucune personne ne se suit d'un contrat à l'autre.")
    wide = rows.pivot(index="nombre", columns="unite", values="part").reindex(columns=list(FOLLOWED))
    reasons = rows.pivot(index="nombre", columns="unite", values="secret").add_suffix("__secret")
    most = int(rows["nombre"].max())
    names = {number: f"{number} et plus" if number == most else str(number) for number in wide.index}
    return DataTable(
        wide.join(reasons).reset_index().assign(nombre=lambda t: t["nombre"].map(names)),
        columns={"nombre": Column("Nombre")} | {name: Column(label, **PERCENT) for name, label in FOLLOWED.items()},
        caption="Dans combien de contrats, d'employeurs, de structures et d'années la même personne est retrouvée",
        scope=_everywhere(page),
        csv=page.csv("suivi"),
        note="Part des personnes. Une structure ne voit que ses propres contrats : ce qui est au-delà de 1 ne se voit "
        "qu'en réunissant les exports.",
    )


def _left(page: Page, editions: pd.Series) -> pd.Series:
    """Years of exit, each with its perimeter where that is not the page's."""
    known = page.read("editions").set_index("edition")
    other = editions.map(known["territoire"]).ne(known["territoire"][page.year])
    return editions.astype(str).where(~other, editions.astype(str) + " (" + editions.map(known["territoire_nom"]) + ")")


def _seen(page: Page) -> str:
    """When situations were last told: an early edition's page tells what became known years after it."""
    return f", situations connues au {french_date(page.dataset.date_observation)}"


def _answered(page: Page) -> str:
    return f"{source_line(page).rstrip('.')}{_seen(page)}."


def _everywhere(page: Page) -> str:
    return (
        f"{page.dataset.territory_name}, toutes les années et tous les mécanismes, personnes suivies d'un employeur, "
        "d'une structure et d'une année à l'autre"
    )
