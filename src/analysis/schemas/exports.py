"""Clean tables of the facilitators' exports (grain and columns of the field's data model)."""

from __future__ import annotations

import pandera.pandas as pa

from analysis.schemas.build import DAY, FLAG, NUMBER, TEXT, WHOLE, column, table
from analysis.schemas.canonical import EXPORTS, NUMBERS

_KINDS = {
    **dict.fromkeys(NUMBERS, NUMBER), "texte": TEXT, "date": DAY, "mois": TEXT, "booleen": FLAG, "oui_non": FLAG,
    "code": TEXT, "siret": TEXT, "epci": TEXT, "commune": TEXT,
}  # fmt: skip
_UNITS = {"duree": "heure", "part": "part"}

_SEND = {
    "annee": column("int64", "Année de l'édition"),
    "structure_id": column(TEXT, "Structure qui a envoyé la ligne"),
}
_TRACE = {
    "fichier": column(TEXT, "Fichier reçu"),
    "ligne": column("int64", "Ligne dans le fichier reçu"),
}
_METHOD = column(TEXT, "declaree, deduite (la seule qui manquait), defaut (à parts égales) ou ramenee à une somme de 1")
_PERSON = column(TEXT, "Pseudonyme de la personne (HMAC-SHA-256)")


def _canonical(name: str, *, without: tuple[str, ...] = ()) -> dict[str, pa.Column]:
    """The columns of a canonical table that may leave ingestion."""
    return {
        c.name: column(
            _KINDS[c.kind],
            c.description,
            nullable=not (c.required and c.name in EXPORTS[name].key),
            unit=_UNITS.get(c.kind),
            codelist=c.codelist,
        )
        for c in EXPORTS[name].columns
        if not c.personal and c.name not in without
    }


SCHEMAS = {
    schema.name: schema
    for schema in (
        table(
            "operations",
            "Une opération telle que déclarée par une structure pour une édition",
            ["annee", "op_id"],
            {**_SEND, **_canonical("operations"), **_TRACE},
        ),
        table(
            "territoires",
            "Part d'une intercommunalité dans une opération déclarée",
            ["annee", "op_id", "epci_siren"],
            {
                **_SEND,
                **_canonical("territoires"),
                "part_methode": _METHOD,
                **_TRACE,
            },
        ),
        table(
            "accompagnements",
            "Part d'une structure dans une opération déclarée que plusieurs accompagnent ; la sienne comprise",
            ["annee", "op_id", "partenaire_id"],
            {**_SEND, **_canonical("accompagnements"), "part_methode": _METHOD, **_TRACE},
        ),
        table(
            "engagements",
            "Un engagement d'heures d'une entreprise sur une opération déclarée",
            ["annee", "eng_id"],
            {**_SEND, **_canonical("engagements"), **_TRACE},
        ),
        table(
            "beneficiaires",
            "Une personne dans une édition, sous pseudonyme",
            ["annee", "ben_id"],
            {
                **_SEND,
                "ben_id": _PERSON,
                "sexe": column(TEXT, "Sexe", nullable=True, codelist="sexes"),
                "annee_naissance": column(WHOLE, "Année de naissance", nullable=True),
                "niveau": column(TEXT, "Niveau de formation (0 à 8)", nullable=True),
                "epci_siren": column(TEXT, "Intercommunalité de résidence", nullable=True),
                **_TRACE,
            },
        ),
        table(
            "contrats",
            "Un contrat de travail d'une édition, avec la situation de la personne à l'embauche",
            ["annee", "ctr_id"],
            {
                **_SEND,
                "ben_id": _PERSON,
                **_canonical("contrats", without=("ben_ref",)),
                "jeune": column(FLAG, "Moins de 26 ans à l'embauche", nullable=True),
                "senior": column(FLAG, "50 ans ou plus à l'embauche", nullable=True),
                **_TRACE,
            },
        ),
        table(
            "heures",
            "Les heures d'un contrat dans un mois : le seul fait qui s'additionne",
            ["annee", "ctr_id", "mois", "nature_heures"],
            {**_SEND, **_canonical("heures"), **_TRACE},
        ),
        table(
            "sorties",
            "La situation d'une personne après un contrat, à une échéance",
            ["annee", "ctr_id", "horizon_m"],
            {**_SEND, **_canonical("sorties"), **_TRACE},
        ),
        table(
            "personnes_proches",
            "Deux pseudonymes qui sont peut-être une seule personne, saisie de deux façons",
            ["ben_id_a", "ben_id_b"],
            {
                "ben_id_a": _PERSON,
                "ben_id_b": column(TEXT, "Autre pseudonyme, après le premier dans l'ordre alphabétique"),
                "probabilite": column(
                    NUMBER, "Probabilité que les deux ne soient qu'une personne", unit="part", ge=0, le=1
                ),
                "motif": column(TEXT, "En quoi les deux diffèrent, sans nom ni date"),
                **{
                    f"{name}_{side}": column(TEXT, f"{words} {which}, séparées par « | »")
                    for side, which in (("a", "du premier"), ("b", "du second"))
                    for name, words in (("annees", "Éditions"), ("structures", "Structures"))
                },
            },
        ),
        table(
            "agregats",
            "Un total d'une structure qui n'envoie pas de lignes ; `cumul`, dans la liste, dit ce qui s'additionne",
            ["structure_id", "annee", "territoire", "indicateur", "modalite"],
            {**_SEND, **_canonical("agregats"), **_TRACE},
        ),
    )
}
