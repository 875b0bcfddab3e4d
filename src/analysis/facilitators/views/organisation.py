"""How the territory could be organised: decision support from published tables, which an analyst may run again."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.core import reference
from analysis.core.numbers import french, number_of, percent, plural
from analysis.core.params import load_params
from analysis.core.reference import WHOLE
from analysis.facilitators.organisation import scenario
from analysis.facilitators.organisation.scenario import Scenario
from analysis.facilitators.views.common import here, of_region, source
from analysis.publishing.content import PERCENT, Card, Column, Content, DataTable, Figure, Prose, Strip
from analysis.publishing.maps import class_map
from analysis.publishing.page import Page
from analysis.publishing.style import ACCENT, CONTRAST, figure, french_axis

NOTHING = Prose("Sans facilitateur dont le lieu soit connu, il n'y a pas d'organisation à comparer.")
DONE = "consolidation/indicateurs"
HALF, FULL = 0.5, 0.9  # parts of the need, between the classes of the map
CHANGE = 0.01  # of the part followed, from which an EPCI is listed
ALL_TAKEN = " : chaque poste serait plein, le total des heures suivies dépend peu du lieu, leur répartition en dépend"
BY_SERVICE = {"faible": "moins de la moitié du besoin", "moyen": "de la moitié à 90 %", "plein": "90 % et plus"}


@dataclass(frozen=True)
class Organisation:
    """A scenario and the tables that it gives, by name; those published when it is that of `params.yaml`, nothing
    without an inventory."""

    asked: Scenario
    tables: dict[str, pd.DataFrame]
    is_published: bool


def organisation(
    page: Page,
    posts_added: int | None = None,
    movable: bool = False,
    max_minutes: float | None = None,
    capacity_hours_per_etp: float | None = None,
) -> Organisation:
    """The scenario of `params.yaml` with what the notebook changes, carried out anew when it does."""
    settings = load_params().facilitators
    usual = _usual()
    asked = Scenario(
        posts_added=usual.posts_added if posts_added is None else posts_added,
        post_etp=usual.post_etp,
        max_minutes=usual.max_minutes if max_minutes is None else max_minutes,
        capacity_hours_per_etp=usual.capacity_hours_per_etp
        if capacity_hours_per_etp is None
        else capacity_hours_per_etp,
        movable=movable,
    )
    zones, sites = page.read("zones"), page.read("sites")
    if asked == usual or sites.empty:
        read = {name: page.read(f"organisation_{name}") for name in scenario.TABLES}
        return Organisation(asked, read, is_published=True)
    place = scenario.ground(zones, sites, page.read("temps_trajet"), settings.delta)
    return Organisation(asked, scenario.tables(scenario.planned(place, asked)), is_published=False)


def _usual() -> Scenario:
    return scenario.of_params(load_params().facilitators)


def _csv(page: Page, organised: Organisation, table: str) -> str | None:
    """The download of a table, which tells the scenario of `params.yaml` alone."""
    return page.csv(f"organisation_{table}") if organised.is_published else None


def _assumptions(page: Page, asked: Scenario, posts: bool = True) -> str:
    """What a scenario rests on, in one line; its `posts` too, unless the rows say how many."""
    delta = load_params().facilitators.delta
    moved = "sièges d'aujourd'hui déplacés" if asked.movable else "sièges d'aujourd'hui gardés, leur temps réaffecté"
    return (
        f"{page.dataset.territory_name} ; besoin à suivre : {percent(delta, 0)} du besoin médian ; "
        f"{french(asked.capacity_hours_per_etp)} heures suivies par ETP ; {french(asked.max_minutes)} minutes au "
        f"plus ; {_added(asked) + ' ; ' if posts else ''}{moved}"
    )


def _added(asked: Scenario) -> str:
    """The posts of a scenario, in words."""
    number = asked.posts_added
    each = f" de {french(asked.post_etp, 1)} ETP" if number else ""
    return f"{french(number) if number else 'aucun'} {plural('poste', number)}{each} {plural('ajouté', number)}"


def where(page: Page, organised: Organisation) -> Content:
    """Where the posts of a scenario would be, and what part of each need is followed today and would then be."""
    zones, rows = page.read("zones"), organised.tables["postes"]
    if rows.empty:
        return NOTHING
    whole, places = rows[rows["epci_siren"] == WHOLE].iloc[0], rows[rows["epci_siren"] != WHOLE]
    level = places.set_index("epci_siren")["part_apres"]
    classes = pd.Series("moyen", index=level.index).mask(level < HALF, "faible").mask(level >= FULL, "plein")
    seats = reference.seats()
    posts = seats[seats["epci_siren"].isin(places.loc[places["postes"] > 0, "epci_siren"])]
    named = rows.merge(zones[["epci_siren", "nom", "departement"]], how="left").fillna({"nom": "Région entière"})
    changed = (named["postes"] > 0) | (named["part_apres"] - named["part_avant"] > CHANGE)
    taken = whole["postes"] * organised.asked.step <= whole["suivi_apres"] - whole["suivi_avant"] + 1
    kept = named[changed & (named["epci_siren"] != WHOLE)].sort_values(["postes", "besoin"], ascending=False)
    kept = pd.concat([named[named["epci_siren"] == WHOLE], here(page, kept)])
    return Figure(
        class_map(
            classes,
            BY_SERVICE,
            legend_label="Part du besoin suivie",
            departments=page.departments,
            points=posts,
            points_label="postes ajoutés",
        ),
        title="Où les postes du scénario réduiraient le plus les écarts",
        alt=of_region(
            page,
            _followed(
                organised.asked.posts_added, *whole[["suivi_aujourdhui", "suivi_avant", "suivi_apres", "besoin"]]
            ),
        ),
        table=DataTable(
            kept,
            columns={
                "nom": Column("Intercommunalité"),
                "postes": Column("Postes ajoutés", 0),
                "etp": Column("ETP qui y siègent", 2),
                "besoin": Column("Besoin à suivre (h)", 0),
                "suivi_aujourdhui": Column("Suivi aujourd'hui (h)", 0),
                "suivi_avant": Column("Temps réaffecté (h)", 0),
                "suivi_apres": Column("Avec les postes (h)", 0),
                "part_aujourdhui": Column("Part suivie aujourd'hui", **PERCENT),
                "part_avant": Column("Temps réaffecté", **PERCENT),
                "part_apres": Column("Avec les postes", **PERCENT),
            },
            caption="Postes du scénario et ce qu'ils changent",
            scope=_assumptions(page, organised.asked),
            csv=_csv(page, organised, "postes"),
            note="Aujourd'hui : le temps que les structures déclarent pour chaque intercommunalité. Réaffecté : le "
            "même, donné depuis chaque siège là où il réduit le plus les écarts ; plusieurs sites peuvent alors servir "
            "une intercommunalité. Une heure y vaut plus là où peu est suivi (hypothèse, dans les données à "
            "télécharger)"
            f"{ALL_TAKEN if taken else ''}. Calculé sur les seules tables publiées ; écart prouvé à l'optimum : "
            f"{percent(whole['ecart'])}. Le temps d'une personne seule sans accord est remplacé par une moyenne.",
        ),
        source=source(page),
    )


def _followed(posts: int, today: float, before: float, after: float, need: float) -> str:
    """What part of the need is followed today, with today's time given where it serves most, and with the posts of a
    scenario, or its seats placed anew."""
    asked = f"{number_of(today, 'heure')} par an suivies aujourd'hui, sur {french(need)} à suivre"
    steps = {"le temps réaffecté au mieux": before, "des postes en plus" if posts else "les sièges déplacés": after}
    more = [f"{french(hours)} avec {how}" for how, hours in steps.items() if french(hours) != french(today)]
    if french(before) == french(after):
        more = more[:1]
    return f"{asked} ; {', '.join(more)}." if more else f"{asked} ; autant dans le scénario."


def assumed(page: Page, organised: Organisation) -> Content:
    """The hours that an ETP is assumed to follow beside those seen, and what the model places beside what is done."""
    rows = organised.tables["postes"]
    if rows.empty:
        return NOTHING
    placed = float(rows.loc[rows["epci_siren"] == WHOLE, "suivi_avant"].iloc[0])
    capacity = organised.asked.capacity_hours_per_etp
    seen = page.read("ratios", nature_porteuse=WHOLE, indicateur="heures_par_etp")["mediane"].dropna()
    # The scenario is of the whole region, whatever the page.
    region = {"territoire": page.dataset.region, "edition": page.year, "modalite": WHOLE}
    done = page.read(DONE, indicateur="heures_realisees", **region)["valeur"].dropna()
    cards = [
        Card(
            "Heures suivies par ETP, hypothèse",
            capacity,
            "h",
            note=_level(capacity, seen, placed, done),
            csv=page.csv("hypotheses") if organised.is_published else None,
        ),
        *(
            Card(
                "Heures réalisées par ETP, médiane",
                value,
                "h",
                note="d'une structure à l'autre",
                csv=page.csv("ratios"),
            )
            for value in seen
        ),
        Card(
            "Besoin suivi, temps d'aujourd'hui réaffecté",
            placed,
            "h",
            note="d'après le modèle, sans poste ajouté",
            csv=_csv(page, organised, "postes"),
        ),
        *(
            Card(
                "Heures d'insertion réalisées",
                value,
                "h",
                note=f"{page.dataset.territory_name}, {page.year}",
                csv=page.csv(DONE),
            )
            for value in done
        ),
    ]
    return Strip(cards)


def _level(capacity: float, seen: pd.Series, placed: float, done: pd.Series) -> str:
    """Whether the hours assumed are few beside those seen, and what of the scenario may be read."""
    few = [
        what
        for what, is_less in (
            ("moins que la médiane observée", (seen > capacity).any()),
            ("le modèle place moins d'heures que les structures n'en réalisent", (done > placed).any()),
        )
        if is_less
    ]
    low = f"hypothèse basse : {' et '.join(few)} ; " if few else ""
    return f"{low}lire les écarts entre les plans, non leurs niveaux"


def obstacles(page: Page, organised: Organisation) -> Content:
    """Why the scenario cannot follow the whole need, in sentences."""
    rows = organised.tables["obstacles"]
    if organised.tables["postes"].empty:
        return NOTHING
    if rows.empty:
        return Prose("Le scénario peut suivre tout le besoin, chaque intercommunalité ayant un seul site pilote.")
    return DataTable(
        rows,
        columns={"obstacle": Column("Obstacle")},
        caption="Ce qui empêche de suivre tout le besoin",
        scope=_assumptions(page, organised.asked),
        csv=_csv(page, organised, "obstacles"),
        note="Ici chaque intercommunalité a un seul site pilote, à portée, alors que plusieurs peuvent en servir une "
        f"dans la table des postes. {_overloaded(organised.tables['secteurs'])}",
    )


def _overloaded(sectors: pd.DataFrame) -> str:
    """How many of the lead sites would be asked more than their time."""
    sites = sectors.dropna(subset="pilote_siren").drop_duplicates("pilote_siren")
    above = int(sites["surcharge"].ge(1).sum())
    return f"Sites pilotes de la région qui auraient plus que leur temps : {above} sur {len(sites)}."


def frontier(page: Page) -> Content:
    """The need that nobody follows against the posts added, with today's organisation on it."""
    told = page.read("organisation_frontiere")
    if told.empty:
        return NOTHING
    declared = told["est_declaree"].astype("bool")
    today, rows = told[declared].iloc[0], told[~declared]
    first = rows.iloc[0]
    fig, ax = figure(height=3.8)
    ax.fill_between(rows["etp_ajoutes"], rows["non_servi_p10"], rows["non_servi_p90"], color=ACCENT, alpha=0.18, lw=0)
    ax.plot(rows["etp_ajoutes"], rows["non_servi"], color=ACCENT, marker="o", markersize=4)
    ax.plot([today["etp_ajoutes"]], [today["non_servi"]], color=CONTRAST, marker="s", markersize=8)
    ax.annotate("aujourd'hui", (today["etp_ajoutes"], today["non_servi"]), xytext=(10, 4), textcoords="offset points")
    ax.set_xlabel("ETP ajoutés")
    ax.set_ylim(bottom=0)
    ax.grid(axis="y")
    french_axis(ax.yaxis, "h")
    draws = load_params().facilitators.draws
    return Figure(
        fig,
        title="Besoin que personne ne suit, selon le temps ajouté",
        alt=of_region(
            page,
            f"{_left(today, first)} La bande va du premier au dernier décile de {draws} tirages du besoin.",
        ),
        table=DataTable(
            told.assign(temps=told["est_declaree"].map({True: "tel que déclaré", False: "réaffecté au mieux"})),
            columns={
                "temps": Column("Temps d'aujourd'hui"),
                "etp_ajoutes": Column("ETP ajoutés", 1),
                "non_servi": Column("Non suivi (h)", 0),
                "non_servi_p10": Column("décile bas", 0),
                "non_servi_p90": Column("décile haut", 0),
                "part_non_servie": Column("Part du besoin à suivre", **PERCENT),
                "epci_sans_suivi": Column("Intercommunalités sans suivi", 0),
                "epci_moins_servi": Column("Part suivie, intercommunalité la moins suivie", **PERCENT),
                "gini": Column("Inégalité des parts suivies (Gini)", 2),
                "ecart": Column("Écart à l'optimum", **PERCENT),
                "cout": Column("Coût annuel (M€)", 2, factor=1e-6),
            },
            caption="Ce que du temps ajouté laisserait non suivi",
            scope=_assumptions(page, _usual(), posts=False),
            csv=page.csv("organisation_frontiere"),
            note=f"{_least(page.read('organisation_seuil'), _usual().capacity_hours_per_etp)} "
            "Tel que déclaré : chaque structure donne à ses intercommunalités le temps qu'elle déclare, aucune ne "
            "reçoit celui d'une autre. Postes placés au mieux pour le besoin médian de chaque intercommunalité ; "
            "déciles : ce qu'ils laisseraient si le besoin était un autre de ses tirages. Inégalité : de la part du "
            "besoin suivie d'une intercommunalité à l'autre, 0 quand toutes ont la même. Coût : "
            f"{french(reference.constants('facilitateurs')['cout_etp'])} € par ETP et par an (hypothèse).",
        ),
        source=source(page),
    )


def _left(today: pd.Series, best: pd.Series) -> str:
    """What nobody follows today, and with today's time given where it serves most."""
    if best["non_servi"] < 1:
        return "Le temps d'aujourd'hui, réaffecté au mieux, suivrait tout le besoin médian."
    alone = int(today["epci_sans_suivi"])
    where = f", dont tout le besoin de {number_of(alone, 'intercommunalité')}" if alone else ""
    return (
        f"Aujourd'hui, {number_of(today['non_servi'], 'heure')} du besoin médian de chaque intercommunalité sans suivi"
        f"{where} ; {french(best['non_servi'])} si le temps d'aujourd'hui était réaffecté au mieux."
    )


def _least(rows: pd.DataFrame, usual: float) -> str:
    """The least time that would leave none of the median need, and its range over the hours that one ETP follows."""
    etp = rows.sort_values("heures_par_etp").set_index("heures_par_etp")["etp_ajoutes"]
    told = f"Pour n'en laisser aucune là où un site est à portée, il faudrait {french(etp[usual], 1)} ETP de plus"
    if len(etp) == 1:
        return f"{told}."
    low, high = etp.index[-1], etp.index[0]
    return (
        f"{told}, de {french(etp[low], 1)} si un ETP suit {french(low)} heures par an à {french(etp[high], 1)} s'il en "
        f"suit {french(high)}."
    )


def advice(page: Page) -> Content:
    """Where posts are placed in most draws of the need and of the hours per ETP, and where only in some."""
    rows = page.read("organisation_stabilite")
    if rows.empty:
        return NOTHING
    settings = load_params().facilitators
    low, high = settings.hours_per_etp
    names = page.read("zones").set_index("epci_siren")["nom"]
    shown = rows[rows["tirages"] > 0].assign(nom=lambda found: found["epci_siren"].map(names))
    shown = shown.assign(
        avis=pd.Series("incertain", index=shown.index)
        .mask(shown["part_tirages"] >= settings.surely, "conseillé")
        .mask(shown["part_tirages"] < 0.5, "peu probable")
    ).sort_values(["tirages", "nom"], ascending=[False, True])
    sure = shown[shown["part_tirages"] >= settings.surely]
    said = (
        f"Lieux choisis dans {percent(settings.surely, 0)} au moins des tirages : " + ", ".join(sure["nom"]) + "."
        if len(sure)
        else f"Aucun lieu n'est choisi dans {percent(settings.surely, 0)} des tirages : où placer les postes "
        "dépend d'un besoin et d'une charge par ETP trop incertains pour le dire."
    )
    return DataTable(
        shown,
        columns={
            "nom": Column("Intercommunalité"),
            "avis": Column("Avis"),
            "postes": Column("Postes, besoin médian", 0),
            "tirages": Column(f"Tirages sur {settings.draws}", 0),
            "postes_moyens": Column("Postes en moyenne", 1),
        },
        caption="Où placer les postes, selon les tirages du besoin et des heures par ETP",
        scope=_assumptions(page, _usual()),
        csv=page.csv("organisation_stabilite"),
        takeaway=of_region(page, said),
        note=f"Besoin et heures que suit un ETP (de {french(low)} à {french(high)}) sont tirés ensemble ; les trajets "
        "restent ceux du scénario.",
    )


def options(page: Page, organised: Organisation) -> Content:
    """Seats by what is sought: least travel, most need in reach, everything in reach."""
    rows = organised.tables["options"]
    if rows.empty:
        return NOTHING
    names = reference.labels("options_sites")
    order = {name: rank for rank, name in enumerate(names)}
    frame = rows.assign(libelle=rows["option"].map(names), rank=rows["option"].map(order)).sort_values("rank")
    return DataTable(
        frame,
        columns={
            "libelle": Column("Ce qu'on cherche"),
            "sites": Column("Sites", 0),
            "minutes": Column("Trajet moyen (minutes)", 1),
            "part_atteinte": Column("Besoin à portée", **PERCENT),
            "ecart": Column("Écart à l'optimum", **PERCENT),
        },
        caption="Sièges possibles, sans compter le temps de chacun",
        scope=_assumptions(page, organised.asked),
        csv=_csv(page, organised, "options"),
        note="Les sites de chaque option sont dans les données à télécharger. Trajets estimés d'après la distance et "
        "la densité, là où aucun temps mesuré n'a été fourni.",
    )


def sectors(page: Page, organised: Organisation) -> Content:
    """Which site would lead each EPCI, one each, and the structures that are there."""
    rows = organised.tables["secteurs"]
    if rows.empty:
        return NOTHING
    zones, sites = page.read("zones").set_index("epci_siren"), page.read("sites").set_index("epci_siren")
    rows = here(page, rows.assign(departement=rows["epci_siren"].map(zones["departement"])))
    led = rows["pilote_siren"].notna()
    frame = rows.assign(
        nom=rows["epci_siren"].map(zones["nom"]),
        pilote=rows["pilote_siren"].map(zones["nom"]).fillna("aucun à portée"),
        structures=rows["pilote_siren"].map(sites["noms"]).fillna("poste ajouté").where(led, ""),
        tenant=rows["est_detachee"].map({True: "détachée", False: "oui"}).where(led),
    ).sort_values(["pilote", "nom"])
    moved = int((led & rows["pilote_siren"].ne(rows["epci_siren"])).sum())
    none = f" ; sans pilote à portée : {french(int((~led).sum()))}" if not led.all() else ""
    return DataTable(
        frame,
        columns={
            "nom": Column("Intercommunalité"),
            "pilote": Column("Site pilote"),
            "structures": Column("Structures du site"),
            "minutes": Column("Minutes", 0),
            "charge": Column("Charge du site (h)", 0),
            "capacite": Column("Capacité du site (h)", 0),
            "tenant": Column("D'un seul tenant"),
        },
        caption="Un site pilote par intercommunalité",
        scope=_assumptions(page, organised.asked),
        csv=_csv(page, organised, "secteurs"),
        takeaway=f"Intercommunalités dont le site pilote serait dans une autre : {moved} sur {len(rows)}{none}.",
        note="Un site, non une personne : plusieurs structures peuvent y être. Choix : d'un seul tenant d'abord, puis "
        "la moindre surcharge en tout, puis le moindre trajet ; plusieurs sites ne se partagent pas une "
        f"intercommunalité, comme ils le peuvent dans la table des postes. {_overloaded(organised.tables['secteurs'])} "
        f"Écart prouvé à l'optimum : {percent(rows['ecart'].max())}.",
    )
