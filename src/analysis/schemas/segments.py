"""Published tables of the segments: public data, no disclosure control needed."""

from __future__ import annotations

from analysis.core import reference
from analysis.schemas.build import NUMBER, TEXT, column, published_table

_EDITION = column("int64", "Année de notification des marchés")
_SEGMENT = column(TEXT, "Segment de marché", codelist="segments")
_EPCI = column(TEXT, "SIREN de l'intercommunalité d'exécution")

_STATES = {
    "marches": column("int64", "Marchés", unit="marché"),
    "montant": column(NUMBER, "Somme des montants connus, hors taxes", unit="euro"),
    "montants_connus": column("int64", "Marchés dont le montant est connu", unit="marché"),
    "renseignes": column("int64", "Marchés dont le champ social dit quelque chose de clair", unit="marché"),
    "avec_clause": column("int64", "Marchés avec clause d'exécution ou réservés", unit="marché"),
    **{
        f"statut_{code}": column("int64", f"Marchés au statut : {label}", unit="marché")
        for code, label in reference.labels("statuts_sociaux").items()
    },
}
_SHARE = {
    "part_clause": column(NUMBER, "avec_clause / renseignes", unit="part de 1", nullable=True),
    "part_clause_bas": column(NUMBER, "Borne basse, intervalle de Wilson à 95 %", unit="part de 1", nullable=True),
    "part_clause_haut": column(NUMBER, "Borne haute, intervalle de Wilson à 95 %", unit="part de 1", nullable=True),
}

SCHEMAS = {
    schema.name: schema
    for schema in (
        published_table(
            "segments",
            "Marchés d'un segment, d'un territoire (région ou département) et d'une année",
            ["edition", "territoire", "segment"],
            {
                "edition": _EDITION,
                "territoire": column(TEXT, "Code de région ou de département d'exécution"),
                "segment": _SEGMENT,
                **_STATES,
                **_SHARE,
            },
        ),
        published_table(
            "epci",
            "Marchés d'une intercommunalité et d'une année",
            ["edition", "epci_siren"],
            {
                "edition": _EDITION,
                "epci_siren": _EPCI,
                "nom": column(TEXT, "Nom de l'intercommunalité"),
                "departement": column(TEXT, "Département où vit la plus grande part de ses habitants"),
                **_STATES,
                **_SHARE,
            },
        ),
        published_table(
            "segments_epci",
            "Marchés d'un segment, d'une intercommunalité et d'une année",
            ["edition", "segment", "epci_siren"],
            {"edition": _EDITION, "segment": _SEGMENT, "epci_siren": _EPCI, **_STATES},
        ),
        published_table(
            "lieux",
            "Comment l'intercommunalité d'exécution a été trouvée",
            ["edition", "epci_methode"],
            {
                "edition": _EDITION,
                "epci_methode": column(TEXT, "Méthode", codelist="epci_methodes"),
                "marches": column("int64", "Marchés", unit="marché"),
                "part": column(NUMBER, "Part des marchés de l'année", unit="part", ge=0, le=1),
            },
        ),
        published_table(
            "sources",
            "Ce qu'un fichier reçu apporte et ce qu'il ne dit pas",
            ["source_fichier"],
            {
                "source_fichier": column(TEXT, "Fichier reçu"),
                "format": column(TEXT, "Format DECP reconnu"),
                "marches": column("int64", "Marchés retenus", unit="marché"),
                "sans_annee": column("int64", "dont sans aucune date", unit="marché"),
                "marches_region": column("int64", "Marchés exécutés dans la région", unit="marché"),
                "sans_epci": column("int64", "dont sans intercommunalité connue", unit="marché"),
                "sans_objet": column("int64", "dont sans objet", unit="marché"),
                "sans_montant": column("int64", "dont sans montant exploitable", unit="marché"),
                "sans_champ_social": column("int64", "dont champ social non renseigné", unit="marché"),
            },
        ),
    )
}
