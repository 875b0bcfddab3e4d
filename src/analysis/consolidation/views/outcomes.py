"""What becomes of people: outcomes by definition, stays one after another."""

from __future__ import annotations

from analysis.consolidation.views.common import source_line
from analysis.core import reference
from analysis.core.params import load_params
from analysis.core.reference import WHOLE
from analysis.numbers import french
from analysis.publishing.content import PERCENT, Column, Content, DataTable, Figure, Prose
from analysis.publishing.page import Page
from analysis.publishing.style import line_chart, stacked_chart

ISSUES = {
    "retour": "Retour en clause",
    "durable": "Emploi durable à six mois",
    "transition": "Emploi de transition",
    "positive": "Formation ou autre insertion",
    "aucune": "Recherche d'emploi ou inactivité",
    "inconnue": "Situation inconnue",
    "en_cours": "Sans fin connue, ou fini depuis moins de six mois",
}


def outcomes(page: Page) -> Content:
    """Durable jobs by year of exit at each horizon: rate, interval, response, and bounds that no silence can move."""
    rows = page.read("sorties")
    rows = rows[rows["definition"].eq("DURABLE") & rows["modalite"].eq(WHOLE) & (rows["edition"] <= page.year)]
    rows = rows.sort_values(["edition", "horizon_m"])
    if not page.regional or rows.empty:
        return Prose("Le devenir des personnes n'est calculé que pour la région entière.")
    known = rows.dropna(subset="taux")
    if known.empty:
        return Prose("Aucune situation après la clause n'est connue.")
    last = known[known["horizon_m"] == 6].iloc[-1]
    lines = known.pivot(index="edition", columns="horizon_m", values="taux").add_prefix("à ").add_suffix(" mois")
    return Figure(
        line_chart(lines, **PERCENT),
        title="Emploi durable après la clause, parmi les personnes dont la situation est connue",
        alt=f"Des {french(last['dus'])} personnes sorties en {last['edition']} depuis plus de six mois, "
        f"{french(100 * last['taux_reponse'], 1, '%')} ont une situation connue, dont "
        f"{french(100 * last['taux'], 1, '%')} en emploi durable (de {french(100 * last['taux_bas'], 1)} à "
        f"{french(100 * last['taux_haut'], 1, '%')}). Selon ce que sont devenues les autres, la part vraie est entre "
        f"{french(100 * last['borne_basse'], 1)} et {french(100 * last['borne_haute'], 1, '%')}.",
        table=DataTable(
            rows.sort_values(["edition", "horizon_m"], ascending=[False, True]),
            columns={
                "edition": Column("Année de sortie"),
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
            scope=f"{page.dataset.region_nom}, personnes sorties dans l'année, mécanismes de chaque édition",
            csv=page.csv("sorties"),
            note="Emploi durable : CDI, CDD ou intérim de plus de six mois, fonction publique, création d'entreprise. "
            "« de » et « à » : intervalle de Wilson à 95 % sur les répondants. Les bornes n'ont besoin d'aucune "
            "hypothèse sur ceux qui ne répondent pas. Une définition, une série : ne se compare ni aux sorties "
            "dynamiques ni à « en emploi à 12 mois ».",
        ),
        source=source_line(page),
    )


def outcomes_by_definition(page: Page) -> Content:
    """The same leavers under each definition, at six months, women and men apart."""
    rows = page.read("sorties")
    rows = rows[(rows["edition"] == page.year) & (rows["horizon_m"] == 6)]
    if not page.regional or rows.empty:
        return Prose("Aucune sortie à six mois n'est connue pour cette édition.")
    labels, people = reference.labels("definitions_sortie"), {WHOLE: "Ensemble", **reference.labels("sexes")}
    order = {code: n for n, code in enumerate(labels)}
    rows = rows.assign(
        libelle=rows["definition"].map(labels), qui=rows["modalite"].map(people), ordre=rows["definition"].map(order)
    )
    return DataTable(
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
        scope=f"{page.dataset.region_nom}, personnes sorties dans l'année, situation connue",
        csv=page.csv("sorties"),
    )


def trajectories(page: Page) -> Content:
    """What follows the first, second, third stay in clause contracts."""
    rows = page.read("parcours").sort_values(["rang", "issue"])
    if rows.empty or not page.regional:
        return Prose("Les parcours ne sont calculés que pour la région entière.")
    ranks = {1: "premier passage", 2: "deuxième", 3: "troisième et plus"}
    wide = rows.pivot(index="issue", columns="rang", values="part").reindex(list(ISSUES))
    wide = wide.rename(index=ISSUES, columns=ranks).fillna(0)
    first = rows[rows["rang"] == 1].set_index("issue")
    back = first.loc["retour"] if "retour" in first.index else None
    return Figure(
        stacked_chart(wide, **PERCENT),
        title="Après un passage en clause : retour, emploi, ou situation inconnue",
        alt="Rien n'est connu des retours."
        if back is None
        else f"Après un premier passage, {french(100 * back['part'], 1, '%')} des personnes reviennent en clause, au "
        f"bout de {french(back['delai_median_m'], 1)} mois pour la moitié d'entre elles.",
        table=DataTable(
            rows.assign(libelle=rows["issue"].map(ISSUES), nom=rows["rang"].map(ranks)),
            columns={
                "nom": Column("Passage"),
                "libelle": Column("Ce qui suit"),
                "personnes": Column("Personnes", 0),
                "part": Column("Part des passages", **PERCENT),
                "contrats_moyens": Column("Contrats par passage", 2),
                "employeurs_moyens": Column("Employeurs par passage", 2),
                "delai_median_m": Column("Délai médian (mois)", 1),
            },
            caption="Ce qui suit chaque passage en clause",
            scope=f"{page.dataset.region_nom}, toutes les années et tous les mécanismes, personnes suivies d'un "
            "employeur, d'une structure et d'une année à l'autre",
            csv=page.csv("parcours"),
            note=f"Un passage réunit les contrats séparés de moins de {load_params().consolidation.stay_gap_months} "
            "mois. Un retour l'emporte sur la situation à six mois.",
        ),
        source=source_line(page),
    )
