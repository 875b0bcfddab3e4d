"""Tables of the link between operations and contracts: the link itself stays inside, what it tells is published."""

from __future__ import annotations

import pandera.pandas as pa

from analysis.schemas.build import DAY, FLAG, NUMBER, SECRET, TEXT, WHOLE, column, published_table, table

_EDITION = column("int64", "Année de notification des marchés, ou de début des opérations")
_PLACE = column(TEXT, "Code de région ou de département")
_AXIS = {
    "axe": column(TEXT, "ensemble, segment ou categorie (d'acheteur)"),
    "modalite": column(TEXT, "ensemble, code du segment ou de la catégorie d'acheteur ; INCONNUE sans catégorie"),
}
_RATIO = ["mediane", "mediane_bas", "mediane_haut", "lissee", "lissee_bas", "lissee_haut", "ecart"]


def _count(description: str, unit: str) -> pa.Column:
    return column("int64", description, unit=unit, ge=0)


def _number(description: str, unit: str | None = None) -> pa.Column:
    return column(NUMBER, description, unit=unit, nullable=True)


def _with_interval(name: str, description: str, unit: str, level: int = 80) -> dict[str, pa.Column]:
    return {
        name: column(NUMBER, description, unit=unit, nullable=True),
        f"{name}_bas": column(NUMBER, f"Borne basse, intervalle à {level} %", unit=unit, nullable=True),
        f"{name}_haut": column(NUMBER, f"Borne haute, intervalle à {level} %", unit=unit, nullable=True),
    }


_UNBELIEVED = _count("dont montant invraisemblable pour leur segment, non compté", "marché")

# Which structure follows which contract: a result that is not published.
LINKS = table(
    "liens",
    "Un marché public rattaché à une opération suivie",
    ["uid"],
    {
        "operation": column(TEXT, "Opération, une fois les doublons retirés"),
        "structure_id": column(TEXT, "Structure qui la suit"),
        "uid": column(TEXT, "Marché des données essentielles"),
        "probabilite": column(NUMBER, "Probabilité du rattachement", unit="part", ge=0, le=1),
    },
)

# What an operation did: a result that is not published, from which a sheet takes what may be told of one contract.
OPERATIONS = table(
    "operations_liees",
    "Une opération close dont les heures et les marchés sont connus, et ce que le secret demande d'elle",
    ["operation"],
    {
        "operation": column(TEXT, "Opération, une fois les doublons retirés"),
        "segment": column(TEXT, "Segment de l'opération", codelist="segments"),
        "heures": column(NUMBER, "Heures réalisées depuis l'origine", unit="heure", ge=0),
        "prevues": column(NUMBER, "Heures prévues, avenants compris", unit="heure", nullable=True, ge=0),
        "fin": column(DAY, "Fin de l'opération"),
        "montant": column(NUMBER, "Montant de ses marchés, si tous sont connus", unit="euro", nullable=True, ge=0),
        "segment_marche": column(TEXT, "Segment du plus gros d'entre eux", codelist="segments", nullable=True),
        "marches": column(WHOLE, "Marchés", unit="marché", nullable=True, ge=1),
        "_personnes": column("int64", "Personnes", ge=0),
        "_employeurs": column("int64", "Employeurs", ge=0),
        "_entreprises": column("int64", "Entreprises titulaires", ge=0),
        "_part_max_personne": column(
            NUMBER, "Part des heures de la personne qui en fait le plus", unit="part", nullable=True
        ),
        "_part_max_employeur": column(NUMBER, "Part des heures du plus grand employeur", unit="part", nullable=True),
        "_part_max_entreprise": column(
            NUMBER, "Part des heures de la plus grande entreprise", unit="part", nullable=True
        ),
        "_sensible": column(FLAG, "Croisement sensible"),
    },
)

SCHEMAS = {
    schema.name: schema
    for schema in (
        published_table(
            "heures_par_euro",
            "Heures réalisées depuis l'origine par millier d'euros des marchés rattachés, opérations closes, par "
            "segment et pour l'ensemble ; ne s'additionne pas",
            ["segment"],
            {
                "segment": column(TEXT, "Segment de l'opération, ou ensemble"),
                "operations": column(
                    WHOLE, "Opérations closes, rattachées, envoyées chaque année", unit="opération", nullable=True
                ),
                "montant": _number("Somme des montants rattachés, s'ils sont vraisemblables, hors taxes", "euro"),
                "heures": _number("Heures réalisées depuis l'origine", "heure"),
                **_with_interval("mediane", "Médiane des rapports des opérations", "heure par millier d'euros"),
                **_with_interval("lissee", "Rapport typique, rapproché des autres", "heure par millier d'euros"),
                "ecart": _number("Écart type du logarithme du rapport entre opérations"),
                "secret": SECRET,
            },
            controle="heures",
            values=["heures", *_RATIO],
        ),
        published_table(
            "clauses_sans_operation",
            "Marchés qui déclarent une clause ou une réservation, et ceux qu'aucune opération suivie ne concerne ; "
            "hors marchés subséquents",
            ["edition", "territoire", "axe", "modalite"],
            {
                "edition": _EDITION,
                "territoire": _PLACE,
                **_AXIS,
                "renseignes": _count("Marchés dont le champ social est clair", "marché"),
                "declarent": _count("dont avec clause ou réservés", "marché"),
                "sans_operation": _count("dont sans opération rattachée", "marché"),
                "reserves_sans_operation": _count("dont réservés, exécutables sans facilitateur", "marché"),
                "montant_sans_operation": _number("Montants connus et vraisemblables de ceux-ci, hors taxes", "euro"),
                "montant_reserves_sans_operation": _number("dont ceux des marchés réservés", "euro"),
                "montant_le_plus_grand": _number("dont celui du plus gros marché", "euro"),
                "montants_invraisemblables": _UNBELIEVED,
            },
        ),
        published_table(
            "operations_sans_clause",
            "Opérations suivies et ce que leurs marchés déclarent ; une opération sur deux départements compte dans "
            "les deux et une fois dans la région",
            ["edition", "territoire", "axe", "modalite"],
            {
                "edition": _EDITION,
                "territoire": _PLACE,
                **_AXIS,
                "operations": _count("Opérations commencées dans l'année", "opération"),
                "liees": _count("dont rattachées à un marché au moins", "opération"),
                "renseignees": _count("dont un marché au moins a un champ social clair", "opération"),
                "sans_clause_declaree": _count("dont aucun ne déclare de clause ni de réservation", "opération"),
                "marches": _count("Marchés rattachés", "marché"),
            },
        ),
        published_table(
            "capture",
            "Marchés avec clause estimés d'après deux listes, et ceux que personne ne suit, par strate",
            ["edition", "famille", "acheteur", "tranche", "rapport_cotes", "part_vraie"],
            {
                "edition": _EDITION,
                "famille": column(TEXT, "Famille du segment ; ensemble : toutes ; reste : strates trop petites"),
                "acheteur": column(TEXT, "Catégorie d'acheteur ; ensemble : celles qui restent de la famille"),
                "tranche": column(TEXT, "Tranche de montant ; ensemble : celles qui restent de l'acheteur"),
                "rapport_cotes": column(NUMBER, "Dépendance supposée des deux listes ; 1 : aucune"),
                "part_vraie": column(
                    NUMBER, "Part supposée des clauses déclarées qui sont des clauses d'insertion", unit="part"
                ),
                "suivis": column(NUMBER, "Marchés rattachés à une opération suivie", unit="marché"),
                "declares": column(NUMBER, "Marchés qui déclarent une clause, pour leur part vraie", unit="marché"),
                "communs": column(NUMBER, "Marchés dans les deux listes", unit="marché"),
                "vus": column(NUMBER, "Marchés dans une liste au moins", unit="marché"),
                **_with_interval("estimation", "Marchés avec clause, estimation de Chapman", "marché", 90),
                **_with_interval("sans_suivi", "dont sans opération suivie", "marché", 90),
            },
        ),
    )
}
