"""How many hours a purchase can carry, and who is there to do them."""

from __future__ import annotations

import pandas as pd

from analysis.buyer.commitment import least_useful
from analysis.buyer.views.common import found, rows, scope, segment_of
from analysis.core import reference
from analysis.core.numbers import french, number_of, percent, plural, round_half_up
from analysis.core.params import load_params
from analysis.publishing.content import PERCENT, Column, Content, DataTable, Figure, Prose, Warning
from analysis.publishing.page import Page
from analysis.segments.views.common import KINDS
from analysis.segments.views.intervals import BAR, interval_chart

YEAR = 12  # months
IN_TEN = ("aucun", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix")
_NAMES = {
    "heures_p10": "Une chance sur dix d'avoir moins",
    "heures_p50": "Médiane",
    "heures_p90": "Une chance sur dix d'avoir plus",
    "engagement": "Engagement proposé, arrondi",
    "manuel": "Règle du manuel",
}


def hours(page: Page) -> Content:
    """The hours with their range, the commitment, and the textbook's rule beside them."""
    row = found(page)
    committed = float(row["engagement"])
    names = _NAMES if committed else {name: label for name, label in _NAMES.items() if name != "engagement"}
    told = prudent() if committed else f"engagement proposé : aucun, {none_proposed()}"
    table = DataTable(
        pd.DataFrame({"quoi": names.values(), "heures": [float(row[name]) for name in names]}),
        columns={"quoi": Column("Heures d'insertion sur toute la durée"), "heures": Column("Heures", 0)},
        caption="Heures que l'achat peut porter",
        scope=f"{scope(page)}, {segment_of(row)}",
        csv=page.csv("achats"),
        note=f"{told.capitalize()}. Règle du manuel : {_rule()}.",
    )
    chart = pd.DataFrame(
        {"milieu": [row["heures_p50"]], "bas": [row["heures_p10"]], "haut": [row["heures_p90"]]},
        index=["Heures possibles"],
    )
    if committed:
        chart.loc["Engagement proposé"] = committed
    said = f"{french(committed)}. {prudent().capitalize()}" if committed else f"aucun, {none_proposed()}"
    return Figure(
        interval_chart(chart, unit="heures"),
        title="Heures possibles et engagement proposé" if committed else "Heures possibles",
        alt=f"Huit fois sur dix, de {french(row['heures_p10'])} à {number_of(row['heures_p90'], 'heure')} ; "
        f"engagement proposé : {said}. {BAR}",
        table=table,
        source="modèle d'heures de la région (méthode : Heures d'un marché).",
    )


def none_proposed() -> str:
    """Why no commitment is proposed."""
    few = french(least_useful()[0])
    return f"car moins de {few} heures sont possibles (médiane), environ un mois d'une personne"


def prudent() -> str:
    """What the proposed commitment is, which may lie below the range of the hours."""
    kept = load_params().buyer.commitment_kept
    tenths = round(10 * kept, 9)  # 0.9 is nine of ten, 0.95 has no such word
    among = f"{IN_TEN[int(tenths)]} marchés semblables sur dix" if tenths == int(tenths) else None
    among = among or f"{percent(kept, 0)} des marchés semblables"
    return f"engagement prudent : {among} peuvent le porter (arrondi en dessous)"


def _rule() -> str:
    fixed = reference.constants("potentiel")
    labour, rate = (percent(fixed[f"manuel_{name}"], 0) for name in ("main_oeuvre", "insertion"))
    cost = french(fixed["manuel_cout"], 0, "€")
    return f"montant × {labour} de main-d'œuvre × {rate} d'insertion ÷ {cost} de l'heure"


def kept(page: Page) -> Content:
    """How often such commitments would have been kept in the last years, beside the textbook's rule."""
    told = page.read("engagement_retro", periode="epreuve")
    if told.empty or not told["operations"].any():
        return Prose("Aucune opération close n'est reliée à ses marchés : l'engagement n'a pas pu être éprouvé.")
    names = {"modele": "Engagement proposé", "manuel": "Règle du manuel"}
    return DataTable(
        told.assign(nom=told["methode"].map(names)).sort_values("methode", ascending=False),
        columns={
            "nom": Column("Méthode"),
            "operations": Column("Opérations", 0),
            "faisables": Column("Engagement tenu à 90 % au moins", **PERCENT),
            "faisables_bas": Column("tenu : de", **PERCENT),
            "faisables_haut": Column("tenu : à", **PERCENT),
            "part_engagee": Column("Engagé / réalisé, en tout", **PERCENT),
            "couverture": Column("Dans la fourchette", **PERCENT),
            "couverture_bas": Column("fourchette : de", **PERCENT),
            "couverture_haut": Column("fourchette : à", **PERCENT),
        },
        caption="L'engagement à l'épreuve des opérations closes",
        scope=f"{page.dataset.region_nom}, opérations closes des dernières années, prévues d'après les précédentes",
        csv=page.csv("engagement_retro"),
        takeaway=_beside_the_rule(told.set_index("methode")),
        note="Un engagement est tenu quand les heures réalisées en font au moins 90 %. Seules les opérations closes "
        "sont comptées : les marchés longs, encore en cours, y sont rares. Les engagements trop petits pour être "
        "proposés sont de l'épreuve.",
    )


def _beside_the_rule(told: pd.DataFrame) -> str:
    """How often each was kept, and whether that tells them apart."""
    ours, rule = told.loc["modele"], told.loc["manuel"]
    said = (
        f"Tenus : {percent(ours['faisables'])} des engagements proposés, "
        f"{percent(rule['faisables'])} de ceux de la règle du manuel."
    )
    if ours["faisables_bas"] > rule["faisables_haut"] or rule["faisables_bas"] > ours["faisables_haut"]:
        return said
    return f"{said} Leurs marges d'erreur se recouvrent : ce que le modèle ajoute à la règle est une fourchette."


def drivers(page: Page) -> Content:
    """What the hours are in persons."""
    row = found(page)
    when = f"Sur ses {french(row['duree_mois'])} mois" if row["duree_mois"] < YEAR else "En un an"
    hours_of_year = f"à {number_of(row['heures_etp'], 'heure')} l'un"
    full_time, persons = plural("équivalent temps plein", row["etp"]), plural("personne", row["personnes"])
    return Prose(
        f"{when}, la médiane est de {number_of(row['heures_an'], 'heure')} : {_at_least(row['etp'], 2)} {full_time} "
        f"({hours_of_year}), ou {_at_least(row['personnes'], 1)} {persons} aux heures habituelles de la région."
    )


def _at_least(value: float, digits: int) -> str:
    """`value` with `digits` decimals; of what is not nothing and would be printed as nothing, that it is less."""
    if value and not round_half_up(value, digits):
        return f"moins de {french(10**-digits, digits)}"
    return french(value, digits)


def within_reach(page: Page) -> Content:
    """Insertion companies within reach, beside the hours asked; beyond them, it says so."""
    told = rows(page, "offre")
    radius = french(load_params().segments.potential.radius_km)
    return DataTable(
        told.assign(pres=[_nearest(km) for km in told["km_min"]]),
        columns={
            "genre": Column("Type"),
            "structures": Column("Structures d'insertion", 0),
            "servent": Column("qui servent le segment", 0),
            "dont_secteur": Column("dont du secteur", 0),
            "capacite": Column("Capacité de celles-ci", 0, "h/an"),
            "pres": Column("La plus proche (km)"),
        },
        caption=f"Structures d'insertion à moins de {radius} km par la route",
        scope=f"{scope(page)} ; structures de 2019-2020, capacités et distances supposées",
        csv=page.csv("offre"),
        note="Servent le segment : celles du secteur, et celles qui mettent des personnes à disposition de tous ; une "
        "réservation ne s'adresse qu'à celles du secteur, hors groupements d'employeurs. Le secteur de beaucoup n'est "
        f"pas connu. {KINDS}",
    )


def _asked(row: pd.Series) -> str:
    """The median hours of a purchase: in a year, or over its life where it is shorter."""
    if row["duree_mois"] < YEAR:
        return f"{number_of(row['heures_p50'], 'heure')} sur ses {french(row['duree_mois'])} mois"
    return f"{number_of(row['heures_an'], 'heure')} par an"


def _nearest(km: float) -> str:
    """A distance that is assumed, to a kilometre."""
    return "–" if pd.isna(km) else french(km) if round_half_up(km) >= 1 else "moins de 1"


def enough(page: Page) -> Content:
    """Whether supply and public carry the hours."""
    row = found(page)
    said = reference.table("acheteur/portees").set_index("code")["libelle"][row["portee"]]
    dependency = percent(load_params().segments.potential.dependency, 0)
    through = percent(reference.constants("potentiel")["part_iae"], 0)
    supply = (
        f"{said} L'achat demande {_asked(row)} en médiane. La capacité supposée des "
        f"structures d'insertion à portée, {number_of(row['capacite'], 'heure')} par an, permet "
        f"{number_of(row['heures_offre'], 'heure')} de clause : {dependency} au plus de ce qu'elles font vient d'un "
        f"même donneur d'ordre, et {through} des heures de clause passent par elles."
    )
    public = (
        f" Les publics du territoire ({number_of(row['deld'], 'demandeur')} d'emploi de plus d'un an) en permettent "
        f"{french(row['heures_public'])}, celles des clauses d'aujourd'hui comprises."
        if pd.notna(row["deld"])
        else ""
    )
    return (Prose if row["portee"] == "SUFFIT" else Warning)(supply + public)
