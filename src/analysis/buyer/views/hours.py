"""How many hours a purchase can carry, and who is there to do them."""

from __future__ import annotations

import pandas as pd

from analysis.buyer.backtest import EVERY, KEPT, MANUAL, OURS
from analysis.buyer.commitment import none_proposed
from analysis.buyer.evidence import BELOW
from analysis.buyer.views.common import found, rows, scope, segment_of
from analysis.core import reference
from analysis.core.numbers import french, number_of, percent, plural, round_half_up
from analysis.core.params import load_params
from analysis.publishing.content import PERCENT, Column, Content, DataTable, Figure, Prose, Warning
from analysis.publishing.page import Page
from analysis.segments.views.common import KINDS
from analysis.segments.views.intervals import interval_chart

YEAR = 12  # months
# What a buyer may do where no commitment is proposed: the page opens other ways, and the facilitator knows the place.
INSTEAD = (
    "à voir avec le facilitateur : regrouper ce besoin avec d'autres achats, ou choisir une autre des voies ouvertes"
)
DOMINANT = 0.5  # part of the variance from which one factor matters more than all else
_NAMES = {
    "heures_p10": "Une chance sur dix d'avoir moins, d'après le modèle",
    "heures_p50": "Médiane",
    "heures_p90": "Une chance sur dix d'avoir plus, d'après le modèle",
    "engagement": "Engagement proposé, arrondi",
    "manuel": "Règle du manuel",
}


def hours(page: Page) -> Content:
    """The hours with their range, the commitment, and the textbook's rule beside them."""
    row = found(page)
    committed = float(row["engagement"])
    names = _NAMES if committed else {name: label for name, label in _NAMES.items() if name != "engagement"}
    told = prudent(tried(page)) if committed else f"engagement proposé : aucun, car {none_proposed()} ; {INSTEAD}"
    table = DataTable(
        pd.DataFrame({"quoi": names.values(), "heures": [float(row[name]) for name in names]}),
        columns={"quoi": Column("Heures d'insertion sur toute la durée"), "heures": Column("Heures", 0)},
        caption="Heures que l'achat peut porter",
        scope=f"{scope(page)}, {segment_of(row)}",
        csv=page.csv("achats"),
        note=f"{told.capitalize()}. {within(tried(page)).capitalize()}. {_below(row)}Règle du manuel : {_rule()}.",
    )
    chart = pd.DataFrame(
        {"milieu": [row["heures_p50"]], "bas": [row["heures_p10"]], "haut": [row["heures_p90"]]},
        index=["Heures possibles"],
    )
    if committed:
        chart.loc["Engagement proposé"] = committed
    said = french(committed) if committed else f"aucun, car {none_proposed()}"
    return Figure(
        interval_chart(chart, unit="heures"),
        title="Heures possibles et engagement proposé" if committed else "Heures possibles",
        alt=f"Fourchette : de {french(row['heures_p10'])} à {number_of(row['heures_p90'], 'heure')} ; "
        f"engagement proposé : {said}. Barre grise : la fourchette prévue à 80 %.",
        table=table,
        source="modèle d'heures de la région (méthode : Heures d'un marché).",
    )


def _below(row: pd.Series) -> str:
    """That the amount is lower than all those that taught the law; nothing where it is not."""
    if row["appris"] != BELOW:
        return ""
    return f"Au-dessous de ce qui a été observé dans ce segment (à partir de {french(row['montant_appris'], 0, '€')}). "


def tried(page: Page) -> pd.Series | None:
    """How commitments and ranges did on the closed operations of the class of amount of the purchase, of all where
    that class has too few; nothing where none was tried."""
    told = page.read("engagement_retro", periode="epreuve", methode=OURS).set_index("classe")
    rows = [told.loc[name] for name in (found(page)["classe_montant"], EVERY) if name in told.index]
    return rows[0] if rows and rows[0]["operations"] else None


def prudent(seen: pd.Series | None) -> str:
    """What the proposed commitment is, and how often such ones would have been kept (`tried`)."""
    least = percent(KEPT, 0)
    if seen is None or not seen["proposes"]:
        return "engagement prudent, arrondi en dessous ; aucune opération close ne l'a mis à l'épreuve"
    return (
        f"engagement prudent, arrondi en dessous : {percent(seen['faisables'])} des opérations closes "
        f"{_classes()[seen.name]} ont réalisé au moins {least} d'un tel engagement"
    )


def within(seen: pd.Series | None) -> str:
    """How often the hours of like operations were within their range."""
    if seen is None:
        return "fourchette prévue à 80 %, qu'aucune opération close n'a mise à l'épreuve"
    return (
        f"fourchette prévue à 80 % : à l'épreuve, elle a contenu les heures de {percent(seen['couverture'])} des "
        f"opérations closes {_classes()[seen.name]}"
    )


def _classes() -> pd.Series:
    """Of which amounts operations are, in words, by class."""
    return reference.table("acheteur/classes_montant").set_index("code")["libelle"]


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
    names = {OURS: "Engagement proposé", MANUAL: "Règle du manuel"}
    own = tried(page)
    whole = told["classe"].eq(EVERY)
    return DataTable(
        told[whole | (told["classe"].eq(None if own is None else own.name) & told["methode"].eq(OURS))]
        .assign(nom=told["methode"].map(names), montants=told["classe"].map(_classes()))
        .sort_values(["classe", "methode"], key=lambda names: names.isin([EVERY, MANUAL]).astype(int)),
        columns={
            "montants": Column("Opérations closes"),
            "nom": Column("Méthode"),
            "operations": Column("Nombre", 0),
            "proposes": Column("dont engagement proposé", 0),
            "faisables": Column("Réalisé : au moins 90 % de l'engagement", **PERCENT),
            "faisables_bas": Column("réalisé : de", **PERCENT),
            "faisables_haut": Column("réalisé : à", **PERCENT),
            "couverture": Column("Dans la fourchette", **PERCENT),
            "couverture_bas": Column("fourchette : de", **PERCENT),
            "couverture_haut": Column("fourchette : à", **PERCENT),
        },
        caption="L'engagement à l'épreuve des opérations closes",
        scope=f"{page.dataset.territory_name}, opérations closes des dernières années, prévues d'après les précédentes",
        csv=page.csv("engagement_retro"),
        takeaway=_beside_the_rule(told[whole].set_index("methode")),
        note="Engagements calculés après coup : personne ne les a pris. Seules les opérations closes "
        "sont comptées : les marchés longs, encore en cours, y sont rares. Le fichier CSV a toutes les classes de "
        "montant, et les années sur lesquelles le quantile a été choisi ; la règle de ce choix a été changée après "
        "avoir vu les dernières années.",
    )


def _beside_the_rule(told: pd.DataFrame) -> str:
    """How often each was kept, and whether that tells them apart."""
    ours, rule = told.loc["modele"], told.loc["manuel"]
    said = (
        f"Auraient été tenus : {percent(ours['faisables'])} des engagements qui auraient été proposés, "
        f"{percent(rule['faisables'])} de ceux de la règle du manuel."
    )
    if ours["faisables_bas"] > rule["faisables_haut"] or rule["faisables_bas"] > ours["faisables_haut"]:
        return said
    return f"{said} Leurs marges d'erreur se recouvrent : ce que le modèle ajoute à la règle est une fourchette."


def drivers(page: Page) -> Content:
    """What the hours are in persons, and what makes them vary."""
    row = found(page)
    when = f"Sur ses {french(row['duree_mois'])} mois" if row["duree_mois"] < YEAR else "En un an"
    hours_of_year = f"à {number_of(row['heures_etp'], 'heure')} l'un par an"
    full_time, persons = plural("équivalent temps plein", row["etp"]), plural("personne", row["personnes"])
    return Prose(
        f"{when}, la médiane est de {number_of(row['heures_an'], 'heure')} : {_at_least(row['etp'], 2)} {full_time} "
        f"({hours_of_year}), ou {_at_least(row['personnes'], 1)} {persons} aux heures habituelles de la région. "
        f"{varying(row)}".strip()
    )


def varying(row: pd.Series) -> str:
    """Which factor of the rule makes the hours of the segment vary most, and what is each contract's own; nothing where
    no factor is known."""
    if pd.isna(row["facteur"]):
        return ""
    name = reference.table("acheteur/facteurs").set_index("code")["libelle"][row["facteur"]]
    part, own = percent(row["facteur_part"], 0), percent(row["propre_part"], 0)
    said = f"{name} ({part} de la variance)"
    first = (
        f"Le facteur du calcul qui compte le plus est {said}"
        if row["facteur_part"] >= DOMINANT
        else f"Aucun facteur du calcul ne domine : le premier est {said}"
    )
    return f"{first} ; {own} sont propres à chaque marché."


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
    months = row["duree_mois"]
    share = f", dont {number_of(months, 'douzième')} pendant le marché" if months < YEAR else ""
    supply = (
        f"{said} L'achat demande {_asked(row)} en médiane. La capacité supposée des "
        f"structures d'insertion à portée, {number_of(row['capacite'], 'heure')} par an, permet "
        f"{number_of(row['heures_offre'], 'heure')} de clause par an{share} : {dependency} au plus de ce "
        f"qu'elles font vient d'un même donneur d'ordre, et {through} des heures de clause passent par elles."
    )
    public = (
        f" Les publics du territoire ({number_of(row['deld'], 'demandeur')} d'emploi de plus d'un an) en permettent "
        f"{french(row['heures_public'])} par an, celles des clauses d'aujourd'hui comprises."
        if pd.notna(row["deld"])
        else ""
    )
    return (Prose if row["portee"] == "SUFFIT" else Warning)(supply + public)
